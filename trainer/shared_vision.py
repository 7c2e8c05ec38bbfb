"""Look at each distinct video of a batch once, however many of its rows show it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch


def share_vision(model: Any) -> None:
    """Let a loaded Qwen2.5-VL encode equal videos of one batch once, and use the result for all.

    The rows of a group show one video. Gradients of the rows add up in it, as they do where it is
    encoded for each of them.

    Args:
        model: A `Qwen2_5_VLForConditionalGeneration`.
    """
    own = model.model.get_video_features
    if not isinstance(own, functools.partial):
        model.model.get_video_features = functools.partial(_encode_distinct, own)


def _encode_distinct(
    encode: Callable[..., Any],
    pixel_values_videos: torch.Tensor,
    video_grid_thw: torch.Tensor | None = None,
    **settings: Any,
) -> Any:
    if video_grid_thw is None or len(video_grid_thw) < 2:
        return encode(pixel_values_videos, video_grid_thw, **settings)
    parts = torch.split(pixel_values_videos, video_grid_thw.prod(dim=1).tolist())
    first, same_as = distinct(parts)
    if len(first) == len(parts):
        return encode(pixel_values_videos, video_grid_thw, **settings)
    encoded = encode(torch.cat([parts[one] for one in first]), video_grid_thw[first], **settings)
    encoded.pooler_output = tuple(encoded.pooler_output[one] for one in same_as)
    return encoded


def distinct(parts: Sequence[torch.Tensor]) -> tuple[list[int], list[int]]:
    """Return the positions of the distinct tensors, and for each tensor which of them it is.

    Example:
        >>> one, two = torch.zeros(2, 3), torch.ones(2, 3)
        >>> distinct([one, two, one.clone()])
        ([0, 1], [0, 1, 0])
    """
    first: list[int] = []
    same_as: list[int] = []
    for position, part in enumerate(parts):
        for number, one in enumerate(first):
            if parts[one].shape == part.shape and torch.equal(parts[one], part):
                same_as.append(number)
                break
        else:
            same_as.append(len(first))
            first.append(position)
    return first, same_as
