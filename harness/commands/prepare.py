"""`rarft-eval prepare`: decode the videos of a run ahead, so that a GPU never waits for them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from rarft.harness.cache_directory import cache_directory
from rarft.harness.commands.run_options import (
    DryRun,
    IncludePath,
    Limit,
    Metadata,
    ModelName,
    Seed,
    TaskNames,
    VideoInputOption,
)
from rarft.harness.errors import UserError
from rarft.harness.flags import parse_limit, parse_object
from rarft.harness.run_config import RunConfig
from rarft.harness.video.policy import FramesPolicy

UNREADABLE: Final = "unreadable_videos.jsonl"
_SCHEMA_VERSION: Final = 1
# So many cores decode one video; further processes take the others.
_CPUS_PER_WORKER: Final = 4
_N_SHOWN: Final = 5

Workers = Annotated[
    int | None,
    typer.Option("--workers", help="Processes that decode [one for every four cores]."),
]


def prepare_command(
    model: ModelName = None,
    tasks: TaskNames = None,
    workers: Workers = None,
    limit: Limit = None,
    metadata: Metadata = "{}",
    include_path: IncludePath = None,
    video_input: VideoInputOption = "shown",
    seed: Seed = 0,
    dry_run: DryRun = False,
) -> None:
    """Fill the cache with the frames that a run will ask for; what is there is left as it is."""
    from rarft.harness.progress import track
    from rarft.harness.stages.fill_frames import fill_frames
    from rarft.harness.stages.loaded_task import load_tasks
    from rarft.harness.stages.shown_videos import check_others, check_roots
    from rarft.harness.stages.wanted_frames import check_room, wanted_frames, workload_line
    from rarft.harness.video.cache import FramesCache

    config = RunConfig(
        model=_given(model, "model"),
        tasks=tuple(_given(tasks, "tasks").split(",")),
        metadata=parse_object(metadata, flag="--metadata"),
        include_path=tuple(include_path or ()),
        limit=parse_limit(limit),
        video_input=video_input,
        seed=seed,
    )
    n_workers = _n_workers(workers)
    policy = _policy(config)
    loaded = load_tasks(config)
    check_others(config, loaded)
    check_roots(loaded)
    cache = FramesCache(cache_directory() / "frames")
    n_queries = sum(task.n_asked for task in loaded)
    with track("queries looked at", n_queries) as advance:
        wanted = wanted_frames(loaded, config, policy, cache, on_query=advance)
    print(workload_line(wanted, cache))
    check_room(wanted, cache)
    if dry_run:
        return
    with track("videos decoded", len(wanted.missing)) as advance:
        failures = fill_frames(wanted.missing, policy, cache, n_workers=n_workers, advance=advance)
    reasons = {failure.video.name: failure.reason for failure in failures}
    _record({**wanted.unusable, **reasons})
    print(f"{len(wanted.missing) - len(failures)} sets of frames decoded, {len(failures)} not")


def _given(value: str | None, name: str) -> str:
    if not value:
        raise UserError(
            f"got no --{name}, expected one; see `rarft-eval {name.removesuffix('s')}s`"
        )
    return value


def _n_workers(asked: int | None) -> int:
    if asked is None:
        return max((os.cpu_count() or 1) // _CPUS_PER_WORKER, 1)
    if asked < 1:
        raise UserError(f"got --workers {asked}, expected a number above 0")
    return asked


def _policy(config: RunConfig) -> FramesPolicy:
    from rarft.harness.models import find_card
    from rarft.harness.task_index import check_folders

    check_folders(config.include_folders)
    card, _ = find_card(config.model, config.include_folders)
    if card.frames is None:
        raise UserError(
            f"got model '{card.name}', for which no frames are decoded here, expected one that is "
            "shown frames; run it without preparing"
        )
    return card.frames


def _record(reasons: dict[str, str]) -> None:
    """Write which videos have no frames, in place of what an earlier command wrote."""
    from rarft.harness.atomic_file import write_atomic

    path = cache_directory() / UNREADABLE
    rows = [
        {"schema_version": _SCHEMA_VERSION, "video": video, "reason": reason}
        for video, reason in sorted(reasons.items())
    ]
    write_atomic(path, "".join(json.dumps(row) + "\n" for row in rows).encode())
    for line in _summary(list(reasons.values()), path):
        print(line, file=sys.stderr)


def _summary(reasons: Sequence[str], path: Path) -> list[str]:
    if not reasons:
        return []
    lines = [*reasons[:_N_SHOWN], f"{len(reasons)} videos cannot be used; {path} says why of each"]
    if len(reasons) > _N_SHOWN:
        lines.insert(_N_SHOWN, "...")
    return lines
