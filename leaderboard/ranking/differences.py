"""The differences of many rows in one figure, subtracted from draws that are there already.

The numbers are those of `rarft.harness.statistics.paired_bootstrap`; a test compares them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from rarft.harness.metrics.query_table import FloatArray
from rarft.harness.statistics import Difference
from rarft.harness.statistics.expanded import expanded_tail, tail_beyond, two_sided_p
from rarft.leaderboard.ranking.drawn import DrawnFigure, same_base

Pair = tuple[str, str]


def differences(
    drawn: Mapping[str, DrawnFigure], *, bounded: Collection[Pair] = ()
) -> tuple[dict[Pair, Difference], list[Pair]]:
    """Return the difference of each pair of rows in one figure, and the pairs that have none yet.

    The names of a pair are in alphabetical order. Rows without the figure are in no pair. The
    second list holds the pairs that are measured on different queries, whose draws must not be
    subtracted.

    Args:
        drawn: the figure of each row.
        bounded: the pairs that also need the bounds of an interval, which take most of the time.

    Example:
        >>> one = DrawnFigure(point=0.5, draws=np.array([0.4, 0.6]), n_videos=2)
        >>> two = DrawnFigure(point=0.3, draws=np.array([0.3, 0.3]), n_videos=2)
        >>> found, _ = differences({"a": one, "b": two})
        >>> round(found["a", "b"].difference, 6)
        0.2
    """
    names = sorted(name for name, one in drawn.items() if one.point is not None)
    found: dict[Pair, Difference] = {}
    apart: list[Pair] = []
    for place, first in enumerate(names):
        alike = []
        for second in names[place + 1 :]:
            if _subtractable(drawn[first], drawn[second]):
                alike.append(second)
            else:
                apart.append((first, second))
        own = _from_one(drawn[first], [drawn[name] for name in alike])
        for second, (one, subtracted) in zip(alike, own, strict=True):
            pair = (first, second)
            found[pair] = _bounded(one, subtracted, drawn[first]) if pair in bounded else one
    return found, apart


def _subtractable(a: DrawnFigure, b: DrawnFigure) -> bool:
    return a.n_videos == b.n_videos and same_base(a.base, b.base)


def _from_one(
    first: DrawnFigure, others: Sequence[DrawnFigure]
) -> list[tuple[Difference, FloatArray]]:
    """Return the difference to each of the others, with its draws where it is applicable."""
    if not others or not first.draws.size:
        return [(_point(first, other), np.empty(0)) for other in others]
    drawn = first.draws - np.stack([other.draws for other in others])
    if np.isnan(drawn).any():
        rows = [row[~np.isnan(row)] for row in drawn]
        return [
            (_tested(first, other, row[None, :])[0], row)
            for other, row in zip(others, rows, strict=True)
        ]
    return list(zip(_tested_all(first, others, drawn), drawn, strict=True))


def _tested(first: DrawnFigure, other: DrawnFigure, drawn: FloatArray) -> list[Difference]:
    return _tested_all(first, [other], drawn) if drawn.size > 1 else [_point(first, other)]


def _tested_all(
    first: DrawnFigure, others: Sequence[DrawnFigure], drawn: FloatArray
) -> list[Difference]:
    """Test rows of resampled differences. Shape: drawn (n_others, n_resamples)."""
    n_videos = first.n_videos
    # The variance of a resample's mean is short by this factor.
    errors = drawn.std(axis=1, ddof=1) * (n_videos / (n_videos - 1)) ** 0.5
    crossing = np.minimum((drawn <= 0.0).sum(axis=1), (drawn >= 0.0).sum(axis=1))
    found = []
    for other, se, n_crossing in zip(others, errors.tolist(), crossing.tolist(), strict=True):
        one = _point(first, other)
        p = _p(n_crossing, drawn.shape[1], n_videos)
        resolved = p
        if n_crossing == 0 and se > 0.0:
            resolved = min(p, tail_beyond(abs(one.difference or 0.0) / se, n_videos=n_videos))
        found.append(
            Difference(a=one.a, b=one.b, difference=one.difference, se=se, p=p, p_resolved=resolved)
        )
    return found


def _point(first: DrawnFigure, other: DrawnFigure) -> Difference:
    a, b = first.point, other.point
    return Difference(a=a, b=b, difference=None if a is None or b is None else a - b)


def _bounded(one: Difference, drawn: FloatArray, first: DrawnFigure) -> Difference:
    if one.p is None:
        return one
    tail = expanded_tail(first.n_videos)
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return replace(one, low=float(low), high=float(high))


@lru_cache(maxsize=4096)
def _p(n_crossing: int, n_resamples: int, n_videos: int) -> float:
    return two_sided_p(n_crossing, n_resamples=n_resamples, n_videos=n_videos)
