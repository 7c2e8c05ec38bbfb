"""Which rows of a batch ask the same of the same video, and batches that keep them together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch

from rarft.trainer.video_rows import VideoRow

Batch = Mapping[str, Any]


def prompt_groups(
    prompt_ids: torch.Tensor, prompt_mask: torch.Tensor, videos: Sequence[Hashable]
) -> list[list[int]]:
    """Return the positions of the rows with equal prompts and videos, by first appearance.

    Args:
        prompt_ids: Shape: (batch, tokens), padded.
        prompt_mask: 0 at padding. Shape: (batch, tokens).
        videos: What equal videos have equal.

    Example:
        >>> ids = torch.tensor([[0, 5, 6], [4, 5, 6], [9, 5, 6]])
        >>> mask = torch.tensor([[0, 1, 1], [1, 1, 1], [0, 1, 1]])
        >>> prompt_groups(ids, mask, [None, None, None])
        [[0, 2], [1]]
    """
    groups: dict[tuple[bytes, Hashable], list[int]] = {}
    kept = zip(prompt_ids.cpu(), prompt_mask.bool().cpu(), strict=True)
    for position, ((ids, mask), video) in enumerate(zip(kept, videos, strict=True)):
        key = (ids[mask].numpy().tobytes(), video)
        groups.setdefault(key, []).append(position)
    return list(groups.values())


def video_keys(rows: Sequence[VideoRow | None]) -> list[str | None]:
    """Return the names of videos: equal where their frames are."""
    return [None if row is None else row.key for row in rows]


def grouped(batches: Sequence[Batch]) -> list[dict[str, Any]]:
    """Return shuffled micro-batches with the rows of each group side by side.

    Groups come in the order in which the shuffle first shows one of their rows: what draws the
    order of rows draws that of groups. The loss of a step is a sum over its rows, each weighed by
    what no micro-batch decides (the rows or the tokens of the whole step), and advantages are fixed
    before: it does not matter in which of the step's micro-batches a row lies. Only what TRL counts
    within a micro-batch sees other rows: `loss_type: bnpo`, `top_entropy_quantile`. Where one
    generation lasts several steps, a step learns from whole groups, as it does where it lasts one.

    Args:
        batches: Equally many rows each: tensors and lists by row, or tensors without shape.
    """
    n_rows = len(batches[0]["video_rows"])
    whole = {name: _joined([batch[name] for batch in batches]) for name in batches[0]}
    groups = prompt_groups(
        whole["prompt_ids"], whole["prompt_mask"], video_keys(whole["video_rows"])
    )
    order = [position for group in groups for position in group]
    chunks = [order[start : start + n_rows] for start in range(0, len(order), n_rows)]
    return [{name: _rows_of(value, chunk) for name, value in whole.items()} for chunk in chunks]


def _joined(parts: Sequence[Any]) -> Any:
    first = parts[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(list(parts)) if first.ndim else first
    return None if first is None else [one for part in parts for one in part]


def _rows_of(value: Any, chunk: Sequence[int]) -> Any:
    if isinstance(value, torch.Tensor):
        return value[list(chunk)] if value.ndim else value
    return None if value is None else [value[position] for position in chunk]
