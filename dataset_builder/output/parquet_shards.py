"""The Parquet files of a split, written by `datasets` from rows that pass by one at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from rarft.dataset_builder.output.features import columns_of, features
from rarft.dataset_builder.output.row_index import Offsets, rows_at

DATA: Final = "data"
MAX_ROWS_A_SHARD: Final = 100_000


def write_parquet(
    path: Path,
    offsets: Offsets,
    folder: Path,
    *,
    split: str,
    max_rows: int = MAX_ROWS_A_SHARD,
    n_processes: int = 1,
) -> list[Path]:
    """Write rows into `data/<split>-00000-of-00001.parquet` and so on, and return the files.

    Memory does not grow with the rows: these go through a file of Arrow batches in `folder`, which
    is gone afterwards.

    Args:
        path: the file of rows.
        offsets: where the rows of the split begin. Shape: (n_rows,).
        folder: where `data` lies.
        split: the split's name.
        max_rows: the most rows of one file.
        n_processes: how many processes read the rows.
    """
    from datasets import Dataset

    (folder / DATA).mkdir(parents=True, exist_ok=True)
    n_shards = -(-len(offsets) // max_rows)
    files = []
    parts = [part for part in np.array_split(offsets, n_processes) if len(part)]
    with tempfile.TemporaryDirectory(dir=folder, prefix=".arrow-") as cache, _no_progress():
        rows = Dataset.from_generator(
            _columns,
            features=features(),
            cache_dir=cache,
            gen_kwargs={"path": str(path), "parts": parts},
            num_proc=len(parts) if len(parts) > 1 else None,
            split=split,
            fingerprint=f"rows-{split}",
        )
        for number in range(n_shards):
            file = folder / DATA / f"{split}-{number:05d}-of-{n_shards:05d}.parquet"
            rows.shard(n_shards, number, contiguous=True).to_parquet(file)
            files.append(file)
    return files


def _columns(path: str, parts: Sequence[Offsets]) -> Iterator[dict[str, Any]]:
    for offsets in parts:
        for row in rows_at(Path(path), offsets):
            yield columns_of(row)


@contextmanager
def _no_progress() -> Iterator[None]:
    """Leave standard error to the command."""
    from datasets import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    was_disabled = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not was_disabled:
            enable_progress_bars()
