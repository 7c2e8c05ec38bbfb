"""The temporal positions Qwen2.5-VL was trained with.

A video patch lies at floor(index * seconds per patch * positions per second), and text goes on
after the largest position of the video. transformers 5 rounds the seconds down first, so that all
frames of a video sampled just above 2 fps share one time, and lets text go on after the height and
width alone, so that it overlaps every video of more than some seconds.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal

import torch

POSITIONS_VERSION: Final = "1"
"""Raised when the same input would get other positions: part of every request's identity."""

TEXT, IMAGE, VIDEO = 0, 1, 2


def rope_index(
    input_ids: torch.Tensor,
    mm_token_type_ids: torch.Tensor,
    image_grid_thw: torch.Tensor | None = None,
    video_grid_thw: torch.Tensor | None = None,
    second_per_grid_ts: torch.Tensor | Sequence[float] | None = None,
    attention_mask: torch.Tensor | None = None,
    *,
    merge_size: int,
    positions_per_second: int,
    **_: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return M-RoPE positions, and how far they run ahead of the token count.

    Args:
        input_ids: Shape: (batch, tokens).
        mm_token_type_ids: 0 text, 1 image, 2 video. Shape: (batch, tokens).
        image_grid_thw: Patches in time, height and width. Shape: (images, 3).
        video_grid_thw: As for images. Shape: (videos, 3).
        second_per_grid_ts: Seconds that one patch of each video covers; 1 where None.
        attention_mask: 0 at padding, which gets position 0. Shape: (batch, tokens).
        merge_size: Patches per token along height, and along width.
        positions_per_second: `tokens_per_second` of the vision configuration.

    Returns:
        Positions of Shape: (3, batch, tokens) and differences of Shape: (batch, 1).
    """
    mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
    grids = {
        IMAGE: iter(() if image_grid_thw is None else image_grid_thw.tolist()),
        VIDEO: iter(() if video_grid_thw is None else video_grid_thw.tolist()),
    }
    given = itertools.repeat(1.0) if second_per_grid_ts is None else second_per_grid_ts
    seconds = (float(value) for value in given)
    positions = torch.zeros(3, *input_ids.shape, dtype=torch.long)
    ahead = []
    for row, kinds in enumerate(mm_token_type_ids.cpu()):
        seen = mask[row].bool().cpu()
        runs = [(kind, len(list(run))) for kind, run in itertools.groupby(kinds[seen].tolist())]
        own = _row_positions(
            runs, grids, seconds, merge_size=merge_size, positions_per_second=positions_per_second
        )
        positions[:, row, seen] = own
        ahead.append(int(own.max()) + 1 - own.shape[1] if own.numel() else 0)
    device = input_ids.device
    return positions.to(device), torch.tensor(ahead, device=device).unsqueeze(1)


def _row_positions(
    runs: Sequence[tuple[int, int]],
    grids: dict[int, Iterator[list[int]]],
    seconds: Iterator[float],
    *,
    merge_size: int,
    positions_per_second: int,
) -> torch.Tensor:
    """Return one row's positions from its runs of (kind, tokens). Shape: (3, tokens)."""
    parts: list[torch.Tensor] = []
    start = 0
    for kind, n_tokens in runs:
        if kind == TEXT:
            part = torch.arange(n_tokens).expand(3, -1)
        else:
            n_times, height, width = next(grids[kind])
            times = torch.arange(n_times)
            if kind == VIDEO:
                # In this order and in single precision, as when the models were trained.
                times = (times * next(seconds) * positions_per_second).long()
            rows, columns = torch.arange(height // merge_size), torch.arange(width // merge_size)
            part = torch.stack(torch.meshgrid(times, rows, columns, indexing="ij")).reshape(3, -1)
        parts.append(part + start)
        start = int(parts[-1].max()) + 1
    return torch.cat(parts, dim=1) if parts else torch.zeros(3, 0, dtype=torch.long)


def mend_positions(model: Any) -> Literal["stock", "mended"]:
    """Give a loaded Qwen2.5-VL the positions above, unless its own already are these.

    Args:
        model: A `Qwen2_5_VLForConditionalGeneration`.
    """
    vision = model.config.vision_config
    ours = functools.partial(
        rope_index,
        merge_size=vision.spatial_merge_size,
        positions_per_second=vision.tokens_per_second,
    )
    if _agree(model.model.get_rope_index, ours, merge_size=vision.spatial_merge_size):
        return "stock"
    model.model.get_rope_index = ours
    return "mended"


def _agree(stock: Callable[..., Any], ours: Callable[..., Any], *, merge_size: int) -> bool:
    """Compare on one long video at 2.05 fps between two texts."""
    n_times = 40
    kinds = torch.tensor([[TEXT] * 2 + [VIDEO] * n_times + [TEXT] * 3])
    example = {
        "input_ids": torch.zeros_like(kinds),
        "mm_token_type_ids": kinds,
        "video_grid_thw": torch.tensor([[n_times, merge_size, merge_size]]),
        "second_per_grid_ts": torch.tensor([2 / 2.05]),
        "attention_mask": torch.ones_like(kinds),
    }
    pairs = zip(stock(**example), ours(**example), strict=True)
    return all(torch.equal(theirs.cpu(), own.cpu()) for theirs, own in pairs)
