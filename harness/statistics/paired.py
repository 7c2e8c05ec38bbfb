"""Paired differences of two runs on the same queries, from a bootstrap over videos.

Both runs are evaluated on the same draws of videos, so what makes a video easy or hard for both
cancels. Queries that one of them did not score are left out of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.metrics.query_table import FloatArray
from rarft.harness.statistics.expanded import expanded_tail, tail_beyond, two_sided_p
from rarft.harness.statistics.pairing import Pairing, pair_outcomes
from rarft.harness.statistics.resampled import resampled_figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of two runs on the queries that both scored, on the figure's own scale.

    `difference` is a - b. `low` and `high` bound its interval, `se` is its bootstrap standard
    error, `p` the two-sided p-value of no difference. `p_resolved` is what corrections for many
    tests need: where `p` has its smallest value, since no resample crosses zero, it is the tail of
    Student's distribution instead. All but a and b are None where the figure is not applicable to
    one of the runs, all but the first three where it cannot be resampled.
    """

    a: float | None
    b: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    se: float | None = None
    p: float | None = None
    p_resolved: float | None = None


NOT_COMPARED = Difference(a=None, b=None)


def paired_bootstrap(
    a: Sequence[QueryOutcome],
    b: Sequence[QueryOutcome],
    *,
    n_resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Difference]:
    """Return the difference a - b of every figure, with its interval and p-value.

    A resample draws as many videos as there are, with replacement, and evaluates both runs on it.
    The interval is the expanded percentile interval of the resampled differences, and p inverts
    it: with k the smaller of the numbers of resamples at or below zero and at or above it, and
    n videos,

        p = min(1, 2 T(z sqrt((n - 1) / n))),  z the normal quantile of (k + 1) / (n_resamples + 1),

    T being Student's distribution with n - 1 degrees of freedom. With many videos this is
    2 (k + 1) / (n_resamples + 1). Adding one keeps p above 0 and the test valid (Davison and
    Hinkley, Bootstrap Methods and their Application, 1997, Section 4.2). Resamples in which the
    figure is not applicable to one of the runs leave it.

    Args:
        a: the outcomes of one run on one task.
        b: the outcomes of another run on the same task; the order does not matter.
        n_resamples: how many times the videos are drawn.
        seed: seed of the draws; both runs see the same.
        confidence: share of the intervals that hold the true difference.

    Raises:
        ValueError: n_resamples is below 1, confidence is not between 0 and 1, or a query has
            another reference in the other run.

    Example:
        >>> def told(video, kind):
        ...     return QueryOutcome(query_id=video, video=video, record=video, relevant=False,
        ...                         predicted=kind, counts_as=kind)
        >>> a = [told("1", "refused"), told("2", "refused")]
        >>> b = [told("1", "grounded"), told("2", "refused")]
        >>> paired_bootstrap(a, b)["ra_miou"].difference
        0.5
    """
    return paired_differences(
        pair_outcomes(a, b), n_resamples=n_resamples, seed=seed, confidence=confidence
    )


def paired_differences(
    paired: Pairing, *, n_resamples: int = 10_000, seed: int = 0, confidence: float = 0.95
) -> dict[str, Difference]:
    """Return the differences of runs that are paired already; see `paired_bootstrap`."""
    if n_resamples < 1 or not 0.0 < confidence < 1.0:
        raise ValueError(
            f"got {n_resamples = } and {confidence = }, expected at least 1 and a share in (0, 1)"
        )
    first = resampled_figures(paired.a, n_resamples=n_resamples, seed=seed)
    second = resampled_figures(paired.b, n_resamples=n_resamples, seed=seed)
    # A slice of explanations may have values in one run alone.
    keys = dict.fromkeys((*first.points, *second.points))
    return {
        key: _difference(
            first.points.get(key),
            second.points.get(key),
            _drawn_difference(first.draws, second.draws, key),
            n_videos=first.n_videos,
            confidence=confidence,
        )
        for key in keys
    }


def _drawn_difference(
    first: Mapping[str, FloatArray], second: Mapping[str, FloatArray], key: str
) -> FloatArray:
    if key not in first or key not in second:
        return np.empty(0)
    drawn = first[key] - second[key]
    applicable: FloatArray = drawn[~np.isnan(drawn)]
    return applicable


def _difference(
    a: float | None, b: float | None, drawn: FloatArray, *, n_videos: int, confidence: float
) -> Difference:
    if a is None or b is None:
        return Difference(a=a, b=b)
    if drawn.size < 2:
        return Difference(a=a, b=b, difference=a - b)
    tail = expanded_tail(n_videos, confidence=confidence)
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    # The variance of a resample's mean is short by this factor.
    se = float(drawn.std(ddof=1)) * (n_videos / (n_videos - 1)) ** 0.5
    n_crossing = min(np.count_nonzero(drawn <= 0.0), np.count_nonzero(drawn >= 0.0))
    p = two_sided_p(int(n_crossing), n_resamples=drawn.size, n_videos=n_videos)
    p_resolved = p
    if n_crossing == 0 and se > 0.0:
        p_resolved = min(p, tail_beyond(abs(a - b) / se, n_videos=n_videos))
    return Difference(
        a=a,
        b=b,
        difference=a - b,
        low=float(low),
        high=float(high),
        se=se,
        p=p,
        p_resolved=p_resolved,
    )
