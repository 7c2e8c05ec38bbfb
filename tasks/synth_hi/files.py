"""A set on disk: videos/, annotations.json in the official schema, worlds.jsonl and set.json.

A set only grows: a larger one serves every request for a smaller one, and what an interrupted or
damaged one lacks is made by the next call. One process writes at a time, and every file appears
complete.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import NotFoundError, UserError
from rarft.tasks.synth_hi.dataset import (
    GENERATOR_VERSION,
    SCHEMA_VERSION,
    check_request,
    docs_of,
    make_records,
    to_official,
    video_name,
    world_rows,
)
from rarft.tasks.synth_hi.vocabulary import Split
from rarft.tasks.synth_hi.worker import render_missing

VIDEOS: Final = "videos"
_FEW_VIDEOS: Final = 16
"""So few are rendered faster here than by processes that must start first."""
_POLL_S: Final = 0.1

OnProgress = Callable[[int, int], None]
"""Called with the number of videos made and wanted."""


def make_dataset(
    directory: str | Path,
    *,
    n_queries: int = 2000,
    seed: int = 0,
    split: Split = "test",
    workers: int | None = None,
    on_progress: OnProgress | None = None,
) -> Path:
    """Make a set in a directory, or extend the smaller one it holds, and return the directory.

    A larger set is left as it is, but for videos of the request that are gone or empty: they are
    made again. `workers` is the number of processes; all cores by default.

    Raises:
        UserError: a request that names no set, a directory that holds something else, or a disk
            that cannot be written.
    """
    check_request(n_queries=n_queries, seed=seed, split=split)
    folder = Path(directory).absolute()
    identity = {
        "schema_version": SCHEMA_VERSION,
        "generator_version": GENERATOR_VERSION,
        "split": split,
        "seed": seed,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_writer(folder):
            is_larger = _n_queries_of(folder, identity) < n_queries
            if is_larger:
                _write_text(folder / "set.json", json.dumps({**identity, "n_queries": 0}))
            (folder / VIDEOS).mkdir(exist_ok=True)
            _render(
                folder / VIDEOS,
                split=split,
                seed=seed,
                n_records=n_queries // 2,
                workers=workers or _n_cores(),
                report=on_progress or (lambda made, total: None),
            )
            if is_larger:
                _write_records(folder, n_queries=n_queries, seed=seed, split=split)
                _write_text(folder / "set.json", json.dumps({**identity, "n_queries": n_queries}))
    except OSError as error:
        raise UserError(
            f"cannot write the synthetic set into {folder}: {error}; "
            "free some space or choose another directory"
        ) from error
    return folder


def to_dataset(directory: str | Path) -> Any:
    """Return a made set as a `datasets.Dataset`, one row a query, with the path of its video.

    Raises:
        NotFoundError: the directory holds no finished set.
        UserError: its `set.json` is damaged.
    """
    from datasets import Dataset

    folder = Path(directory).absolute()
    row = _read_set(folder) if (folder / "set.json").is_file() else {}
    if not row.get("n_queries"):
        raise NotFoundError(
            f"got {folder}, which holds no finished set, expected one; make it with make_dataset"
        )
    examples = make_records(n_queries=row["n_queries"], seed=row["seed"], split=row["split"])
    docs = docs_of(examples)
    return Dataset.from_list(
        [{**doc, "video_path": str(folder / VIDEOS / doc["video"])} for doc in docs]
    )


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Wait until no other process writes this set; a killed process holds nothing."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _n_queries_of(folder: Path, identity: dict[str, Any]) -> int:
    """Return how many queries of this very set the folder was finished with."""
    if not (folder / "set.json").exists():
        strangers = sorted({entry.name for entry in folder.iterdir()} - {".lock"})
        if strangers:
            raise UserError(
                f"got {folder}, which holds {strangers[0]} and no set, expected an empty "
                "directory; choose another one"
            )
        return 0
    row = _read_set(folder)
    n_queries: int = row.pop("n_queries")
    if row != identity:
        raise UserError(
            f"got {folder}, which holds the set {row}, expected {identity}; choose another one"
        )
    return n_queries


def _read_set(folder: Path) -> dict[str, Any]:
    """Return what `set.json` says.

    Raises:
        UserError: it is damaged.
    """
    path = folder / "set.json"
    try:
        row = dict(json.loads(path.read_text(encoding="utf-8")))
        row["n_queries"] = int(row["n_queries"])
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{path}: got a damaged file, expected the set's name; delete {folder} and run again"
        ) from error
    return row


def _write_records(folder: Path, *, n_queries: int, seed: int, split: Split) -> None:
    examples = make_records(n_queries=n_queries, seed=seed, split=split)
    _write_text(folder / "annotations.json", json.dumps(to_official(examples), indent=1))
    _write_text(folder / "worlds.jsonl", "\n".join(world_rows(examples)) + "\n")


def _render(
    folder: Path, *, split: Split, seed: int, n_records: int, workers: int, report: OnProgress
) -> None:
    """Make the videos that the folder lacks; one listing tells, whatever `set.json` says."""

    def n_made() -> int:
        with os.scandir(folder) as files:
            return sum(
                file.name in wanted and file.is_file() and file.stat().st_size > 0 for file in files
            )

    wanted = {video_name(index, seed=seed, split=split) for index in range(n_records)}
    n_missing = len(wanted) - n_made()
    if n_missing == 0:
        return
    if workers == 1 or n_missing <= _FEW_VIDEOS:
        render_missing(folder, split=split, seed=seed, first=0, n_records=n_records, step=1)
    else:
        processes = [
            _start_worker(folder, split, seed, index, n_records, workers)
            for index in range(workers)
        ]
        try:
            while any(process.poll() is None for process in processes):
                report(n_made(), len(wanted))
                time.sleep(_POLL_S)
        finally:
            _finish(processes)
    report(n_made(), len(wanted))


def _start_worker(folder: Path, split: Split, *numbers: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rarft.tasks.synth_hi.worker", str(folder), split]
    return subprocess.Popen(
        [*command, *map(str, numbers)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def _finish(processes: list[subprocess.Popen[str]]) -> None:
    """Stop what still runs, and raise the first complaint.

    Raises:
        OSError: a worker failed.
    """
    interrupted = [process for process in processes if process.poll() is None]
    for process in interrupted:
        process.terminate()
    complaints = [process.communicate()[1] for process in processes]
    failed = [
        complaint
        for process, complaint in zip(processes, complaints, strict=True)
        if process.returncode and process not in interrupted
    ]
    if failed:
        raise OSError((failed[0].strip().splitlines() or ["a rendering process died"])[-1])


def _write_text(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _n_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
