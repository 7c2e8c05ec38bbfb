"""Requests cut into chunks, the pieces that workers take one at a time.

The cut follows from the plan alone, not from who works or what is stored, so every worker and
every later run cuts the same chunks and batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rarft.harness.models import Request

MIN_CHUNKS: Final = 64
"""Batches are put together in chunks only as long as there are about so many chunks."""
MAX_BATCHES: Final = 16
"""A chunk has about so many batches at most."""
_STRETCH: Final = 3.0
"""How many times its size a chunk may grow to end together with a video."""

CostOf = Callable[[Request], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Batches that one worker does; `number` names its lock, `cost` is in decoded pixels."""

    number: int
    cost: float
    batches: tuple[tuple[Request, ...], ...]

    @property
    def requests(self) -> tuple[Request, ...]:
        """Return the requests of all batches."""
        return tuple(request for batch in self.batches for request in batch)


def cut_chunks(
    requests: Sequence[Request], *, batch_size: int, cost_of: CostOf = lambda request: 1.0
) -> tuple[Chunk, ...]:
    """Cut distinct requests into chunks of about equal cost, the costliest first.

    All requests of one video follow each other, and stay in one chunk unless they are far too many
    for it. The costliest come first so that no worker starts a long one when the others are done.
    """
    ordered = by_video(requests)
    batches = [
        tuple(ordered[start : start + batch_size]) for start in range(0, len(ordered), batch_size)
    ]
    if not batches:
        return ()
    costs = [sum(map(cost_of, batch)) for batch in batches]
    n_together = min(max(len(batches) // MIN_CHUNKS, 1), MAX_BATCHES)
    pieces = _pieces(batches, costs, target=sum(costs) / len(batches) * n_together)
    pieces.sort(key=lambda piece: -piece[1])
    return tuple(
        Chunk(number=number, cost=cost, batches=tuple(members))
        for number, (members, cost) in enumerate(pieces)
    )


def by_video(requests: Sequence[Request]) -> list[Request]:
    """Return the requests with those of one video side by side, videos in order of appearance."""
    groups: dict[str | None, list[Request]] = {}
    for request in requests:
        groups.setdefault(_video_of(request), []).append(request)
    return [request for group in groups.values() for request in group]


def _video_of(request: Request) -> str | None:
    return request.video.sha256 if request.video else None


def _pieces(
    batches: Sequence[tuple[Request, ...]], costs: Sequence[float], *, target: float
) -> list[tuple[list[tuple[Request, ...]], float]]:
    """Put batches together until `target` is nearly met, ending with a video where one ends."""
    pieces = []
    members: list[tuple[Request, ...]] = []
    cost = 0.0
    for position, batch in enumerate(batches):
        members.append(batch)
        cost += costs[position]
        is_last = position + 1 == len(batches)
        if is_last or (
            cost + costs[position + 1] / 2 > target
            and (_ends_a_video(batch, batches[position + 1]) or cost >= _STRETCH * target)
        ):
            pieces.append((members, cost))
            members, cost = [], 0.0
    return pieces


def _ends_a_video(batch: Sequence[Request], following: Sequence[Request]) -> bool:
    video = _video_of(batch[-1])
    return video is None or video != _video_of(following[0])
