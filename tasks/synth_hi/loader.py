"""The task's way in: rows for lm-eval, and the file of each row's video.

Rows name videos by base name and set, so that they are the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from rarft.harness.cache_directory import cache_directory
from rarft.harness.docs import Docs
from rarft.harness.errors import NotFoundError
from rarft.tasks.synth_hi.dataset import check_request, docs_of, make_records, provenance_of
from rarft.tasks.synth_hi.files import VIDEOS, make_dataset
from rarft.tasks.synth_hi.vocabulary import Split

_cache_of_set: dict[str, Path] = {}
"""Where this process was told to keep a set, when not in the cache directory."""


def load(
    *,
    size: int | None = None,
    n_queries: int = 2000,
    seed: int = 0,
    split: Split = "test",
    cache_dir: str | Path | None = None,
    render: bool = True,
    **metadata: Any,
) -> dict[str, Docs]:
    """Return the rows of a set, whose videos are made on first use and kept in the cache.

    `size` is another name of `n_queries`. `render=False` makes no video, for models that read the
    text only. `metadata` is what else lm-eval hands to a loader; nothing of it is used.

    Raises:
        UserError: a request that names no set, or a cache that cannot be written.
    """
    n_queries = n_queries if size is None else size
    check_request(n_queries=n_queries, seed=seed, split=split)
    provenance = provenance_of(split, seed)
    _cache_of_set.pop(provenance, None)
    if cache_dir is not None:
        _cache_of_set[provenance] = Path(cache_dir).absolute()
    if render:
        with _progress_bar() as progress:
            bar = progress.add_task(f"rendering {provenance}", total=n_queries // 2)
            make_dataset(
                _folder(provenance),
                n_queries=n_queries,
                seed=seed,
                split=split,
                on_progress=lambda made, total: progress.update(bar, completed=made, total=total),
            )
    return {"test": docs_of(make_records(n_queries=n_queries, seed=seed, split=split))}


def visual(doc: Mapping[str, Any]) -> list[str]:
    """Return the absolute path of a row's video, in a list as lm-eval wants it.

    Raises:
        NotFoundError: the video has not been made on this machine, or was deleted.
    """
    path = _folder(doc["provenance"]) / VIDEOS / doc["video"]
    if not path.is_file():
        raise NotFoundError(
            f"got {path}, which is not there, expected a rendered video; run again to have it made"
        )
    return [str(path)]


def _folder(provenance: str) -> Path:
    return (_cache_of_set.get(provenance) or cache_directory().absolute()) / provenance


def _progress_bar() -> Progress:
    return Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
