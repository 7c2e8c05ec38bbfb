"""The weights of an untrained tiny model: drawn from a fixed seed, scaled so that it can learn.

With the library's own initial weights (all of standard deviation 0.02) a model of this size never
looks at the frames. Here a matrix has 1/sqrt(fan in), halved where it adds to the residual stream.
"""

from __future__ import annotations

import math
from typing import Final

import torch

SEED: Final = 20
WEIGHTS_VERSION: Final = 1
"""Raised whenever the same seed would give other weights; stored replies are then asked anew."""
EMBEDDING_STD: Final = 0.3
_RESIDUAL_OUTPUTS: Final = ("o_proj.weight", "down_proj.weight", "attn.proj.weight")


def draw_weights(model: torch.nn.Module, *, seed: int = SEED) -> None:
    """Fill every parameter in place: norms with ones, biases with zeros, matrices at random."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.fill_(0.0 if name.endswith("bias") else 1.0)
                continue
            drawn = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(drawn * _standard_deviation(name, parameter))


def _standard_deviation(name: str, parameter: torch.Tensor) -> float:
    if name.endswith("embed_tokens.weight"):
        return EMBEDDING_STD
    scale = 0.5 if name.endswith(_RESIDUAL_OUTPUTS) else 1.0
    return scale / math.sqrt(parameter[0].numel())
