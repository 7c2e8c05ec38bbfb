"""What a loaded network needs before it is trained: true positions, less work, frozen parts."""

from __future__ import annotations

from typing import Any

from rarft.harness.models.rope_time import mend_positions
from rarft.trainer.growing_cache import grow_cache
from rarft.trainer.shared_vision import share_vision


def mend_network(network: Any) -> None:
    """Give a loaded model, adapters or not, the positions it was trained with, and spare it work.

    Args:
        network: A `Qwen2_5_VLForConditionalGeneration`, bare or wrapped by peft.
    """
    base = network.get_base_model() if hasattr(network, "get_base_model") else network
    mend_positions(base)
    share_vision(base)
    grow_cache(base)


def freeze_vision(network: Any, *, trains_merger: bool = True) -> None:
    """Leave the vision tower as it is; its merger is trained, as the authors' code does.

    Args:
        network: A `Qwen2_5_VLForConditionalGeneration`, before it is handed to a trainer.
        trains_merger: Whether the layers that turn patches into tokens are trained.
    """
    network.model.visual.requires_grad_(False)
    network.model.visual.merger.requires_grad_(trains_merger)
