"""Muon for the matrices inside the layers, AdamW for all other parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import torch

BETAS: Final = (0.9, 0.98)
MUON_RATIO: Final = 2.0
"""Muon's learning rate over AdamW's, both measured as the size of an update."""
_LARGEST_SIDE: Final = 512
"""Orthogonalising the merger's square of 1,024 would cost as much as a step."""


class Optimizers:
    """Two optimizers that step together."""

    def __init__(
        self, parameters: Iterable[tuple[str, torch.nn.Parameter]], *, weight_decay: float
    ) -> None:
        hidden: list[torch.nn.Parameter] = []
        matrices: list[torch.nn.Parameter] = []
        vectors: list[torch.nn.Parameter] = []
        for name, parameter in parameters:
            if _is_hidden(name, parameter):
                hidden.append(parameter)
            else:
                (matrices if parameter.ndim > 1 else vectors).append(parameter)
        groups = [
            {"params": matrices, "weight_decay": weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self._muon = torch.optim.Muon(
            hidden, lr=0.0, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
        )
        self._adam = torch.optim.AdamW(groups, lr=0.0, betas=BETAS)

    def step(self, learning_rate: float) -> None:
        """Apply the gradients and drop them."""
        both: list[tuple[Any, float]] = [(self._muon, MUON_RATIO), (self._adam, 1.0)]
        for optimizer, ratio in both:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * ratio
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of both."""
        return {"muon": self._muon.state_dict(), "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the state of both."""
        self._muon.load_state_dict(state["muon"])
        self._adam.load_state_dict(state["adam"])


def _is_hidden(name: str, parameter: torch.nn.Parameter) -> bool:
    is_layer = ".layers." in name or ".blocks." in name
    return is_layer and parameter.ndim == 2 and max(parameter.shape) <= _LARGEST_SIDE
