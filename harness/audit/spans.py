"""Checks of reference spans, and how far a span that is the same share of every video gets.

A reversed span never gets here: loaders swap it or stop at it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rarft.harness.types import Query, Span

WHOLE_VIDEO_SHARE: Final = 0.95
FAR_PAST_END_S: Final = 1.0
_STEPS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanChecks:
    """Ids of the relevant queries whose reference span is odd, in the task's order.

    `shared_timestamp` holds queries of records that give several queries one span; `duplicate`
    those that share video and span with a query of another record.
    """

    n_with_span: int
    n_with_duration: int
    without_span: tuple[str, ...]
    past_end: tuple[str, ...]
    far_past_end: tuple[str, ...]
    zero_length: tuple[str, ...]
    whole_video: tuple[str, ...]
    shared_timestamp: tuple[str, ...]
    duplicate: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantSpan:
    """The span, as shares of the duration, with the best mean IoU of all on a grid of 5%.

    `whole_video_miou` is what grounding the whole video gets, which is the always-ground floor.
    """

    n_queries: int
    start_share: float
    end_share: float
    miou: float
    whole_video_miou: float


def span_checks(queries: Sequence[Query]) -> SpanChecks:
    """Read every reference span of a task."""
    relevant = [query for query in queries if query.relevant]
    spanned = [query for query in relevant if query.spans]
    timed = [(query, query.duration_s) for query in spanned if query.duration_s is not None]
    return SpanChecks(
        n_with_span=len(spanned),
        n_with_duration=len(timed),
        without_span=tuple(query.id for query in relevant if not query.spans),
        past_end=tuple(query.id for query, end_s in timed if _last_s(query) > end_s),
        far_past_end=tuple(
            query.id for query, end_s in timed if _last_s(query) > end_s + FAR_PAST_END_S
        ),
        zero_length=tuple(q.id for q in spanned if any(not span.duration_s for span in q.spans)),
        whole_video=tuple(
            query.id
            for query, end_s in timed
            if end_s > 0 and query.spans[0].duration_s >= WHOLE_VIDEO_SHARE * end_s
        ),
        shared_timestamp=_sharing(spanned, within_record=True),
        duplicate=_sharing(spanned, within_record=False),
    )


def constant_span(queries: Sequence[Query]) -> ConstantSpan | None:
    """Return the best span that needs no video, None where no query has a span and a duration.

    Example:
        >>> query = Query(id="1", task="t", video="v", text="", record="1", relevant=True,
        ...               spans=(Span(0.0, 5.0),), duration_s=10.0)
        >>> best = constant_span([query])
        >>> best.start_share, best.end_share, best.miou, best.whole_video_miou
        (0.0, 0.5, 1.0, 0.5)
    """
    bounds = np.array(
        [
            [query.spans[0].start_s / query.duration_s, query.spans[0].end_s / query.duration_s]
            for query in queries
            if query.relevant and query.spans and query.duration_s
        ]
    )
    if not len(bounds):
        return None
    grid = [
        (start / _STEPS, end / _STEPS)
        for start in range(_STEPS)
        for end in range(start + 1, _STEPS + 1)
    ]
    means = [_mean_iou(bounds, *shares) for shares in grid]
    best = int(np.argmax(means))
    return ConstantSpan(
        n_queries=len(bounds),
        start_share=grid[best][0],
        end_share=grid[best][1],
        miou=means[best],
        whole_video_miou=means[grid.index((0.0, 1.0))],
    )


def _mean_iou(bounds: np.ndarray, start: float, end: float) -> float:
    """Return the mean IoU with one span. Shape: bounds (n, 2), as shares of the duration."""
    shared = np.minimum(bounds[:, 1], end) - np.maximum(bounds[:, 0], start)
    shared = np.maximum(shared, 0.0)
    union = (bounds[:, 1] - bounds[:, 0]) + (end - start) - shared
    return float(np.mean(shared / union))


def _last_s(query: Query) -> float:
    return max(span.end_s for span in query.spans)


def _sharing(queries: Sequence[Query], *, within_record: bool) -> tuple[str, ...]:
    """Return the queries with the video and spans of another one, of its record or of others."""
    places: dict[tuple[str, tuple[Span, ...]], list[Query]] = defaultdict(list)
    for query in queries:
        places[query.video, query.spans].append(query)
    return tuple(
        query.id
        for query in queries
        if any(
            other is not query and (other.record == query.record) is within_record
            for other in places[query.video, query.spans]
        )
    )
