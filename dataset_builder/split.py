"""Which split a video's rows are in: by the seed and the video alone, so that a build may grow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from rarft.dataset_builder.types import Row


def split_of(video: str, shares: Mapping[str, float], *, seed: int) -> str:
    """Return the split of a video; shares hold in the long run, not in a small set.

    Example:
        >>> shares = {"train": 0.5, "test": 0.5}
        >>> [split_of(video, shares, seed=0) for video in ("a.mp4", "b.mp4", "c.mp4")]
        ['test', 'test', 'train']
    """
    digest = hashlib.sha256(f"{seed}\0{video}".encode(errors="replace")).digest()
    left = int.from_bytes(digest[:8], "big") / 2**64
    for name, share in shares.items():
        left -= share
        if left < 0:
            return name
    return list(shares)[-1]


def split_rows(rows: Iterable[Row], shares: Mapping[str, float], *, seed: int) -> Iterator[Row]:
    """Put every row in its split; without shares, rows stay in the split of their source."""
    for row in rows:
        if not shares:
            yield row
            continue
        name = split_of(row.query.video, shares, seed=seed)
        yield replace(row, origin=replace(row.origin, split=name))
