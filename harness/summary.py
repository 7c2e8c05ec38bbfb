"""What a run will do, said before it does it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from rarft.harness.prepared_run import Prepared

_HIDDEN: Final = {
    "black": "every frame is black",
    "other": "every query is asked about another video of its task",
}


def workload_lines(prepared: Prepared, directory: Path) -> Iterator[str]:
    """Yield what `--dry_run` prints: queries, videos, what is stored, what would be sent."""
    card, work = prepared.card, prepared.workload
    name = f"{card.name} ({card.status})" if card.status else card.name
    checkpoint = prepared.identity["checkpoint"] or "none"
    yield f"model {name}, backend {card.backend}, checkpoint {checkpoint}"
    for task in prepared.tasks:
        yield f"task {task.name}: {task.n_asked} of {len(task.queries)} queries"
    if prepared.config.video_input != "shown":
        yield f"video_input {prepared.config.video_input}: {_HIDDEN[prepared.config.video_input]}"
    videos = {r.video.sha256 for r in prepared.plan.requests if r.video is not None}
    times = f", each asked {prepared.config.repeats} times," if prepared.config.repeats > 1 else ""
    yield (
        f"{work.n_queries} queries{times} are {work.n_distinct} distinct requests on "
        f"{len(videos)} videos; {work.n_stored} are stored in {directory}"
    )
    if prepared.plan.failures:
        first = next(iter(prepared.plan.failures.values()))
        yield f"{len(prepared.plan.failures)} requests have no usable video, the first: {first}"
    yield (
        f"{work.n_to_send} would be sent in {len(work.batches)} batches, which workers share in "
        f"{len(work.chunks)} chunks{_cost(prepared)}"
    )


def _cost(prepared: Prepared) -> str:
    """Return the time the rest takes, from the seconds of what is stored."""
    seconds = [row["seconds"] for row in prepared.responses.answered.values() if "seconds" in row]
    if not seconds or not prepared.workload.n_to_send:
        return ""
    minutes = median(seconds) * prepared.workload.n_to_send / 60
    return f", about {minutes:.0f} minutes at the pace so far"
