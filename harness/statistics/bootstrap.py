"""Expanded percentile intervals from a bootstrap that resamples videos.

Queries about one video share its difficulty, so the video is the unit. A resample draws as many
videos as there are, with replacement; its figures are those of the weighted sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rarft.harness.metrics.metric_table import evaluate, outcome_sums
from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.metrics.query_table import FloatArray
from rarft.harness.metrics.sums import VideoSums
from rarft.harness.statistics.expanded import expanded_tail

N_SELECTIVE: Final = 1000
"""How many resamples the figures of selective prediction get: each has to sum over all queries."""

# Bounds the memory of one block of resamples: 8 bytes a draw.
_DRAWS_PER_BLOCK = 2**21
# Sums of multiples of this are exact in any order, so intervals do not depend on BLAS threads.
_GRAIN = 2.0**-24


@dataclass(frozen=True, slots=True)
class Interval:
    """The bounds of an interval, on the scale of its figure."""

    low: float
    high: float


def cluster_bootstrap(
    outcomes: Sequence[QueryOutcome],
    *,
    n_resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Interval | None]:
    """Return an interval for every key of `figures(outcomes)`.

    The result depends on the seed and not on the order of the outcomes. A resample in which a
    figure is not applicable leaves that figure's quantiles. Videos without a scored query are not
    drawn.

    Returns:
        An interval per key; None where the figure is not applicable, and for every key when fewer
        than two videos have a scored query.

    Raises:
        ValueError: n_resamples is below 1, or confidence is not between 0 and 1.

    Example:
        >>> def told(video, kind):
        ...     return QueryOutcome(query_id=video, video=video, record=video, relevant=False,
        ...                         predicted=kind, counts_as=kind)
        >>> cluster_bootstrap([told("a", "refused"), told("b", "grounded")])["ra_miou"]
        Interval(low=0.0, high=1.0)
    """
    if n_resamples < 1 or not 0.0 < confidence < 1.0:
        raise ValueError(
            f"got {n_resamples = } and {confidence = }, expected at least 1 and a share in (0, 1)"
        )
    sums = outcome_sums(outcomes)
    points = evaluate(sums.total())
    scored = sums.of_scored_videos()
    if len(scored.matrix) < 2:
        return dict.fromkeys(points)
    resampled = evaluate(resampled_sums(scored, n_resamples=n_resamples, seed=seed))
    tail = expanded_tail(len(scored.matrix), confidence=confidence)
    return {
        key: None if np.isnan(point) else _interval(resampled[key], tail)
        for key, point in points.items()
    }


def resampled_sums(sums: VideoSums, *, n_resamples: int, seed: int) -> dict[str, FloatArray]:
    """Return the sums over each resample of the videos, and its figures of selective prediction.

    Every video must have a scored query. The figures of selective prediction are NaN from the
    resample N_SELECTIVE on. Shape: every array is (n_resamples,).
    """
    exact = np.rint(sums.matrix / _GRAIN) * _GRAIN
    # A run without judges has many columns of nothing.
    used = exact.any(axis=0)
    matrix = np.zeros((n_resamples, exact.shape[1]))
    selective: list[dict[str, FloatArray]] = []
    start = 0
    for weights in resample_weights(len(exact), n_resamples, seed):
        matrix[start : start + len(weights), used] = weights @ exact[:, used]
        if start < N_SELECTIVE:
            selective.append(sums.selective(weights[: N_SELECTIVE - start]))
        start += len(weights)
    named = sums.named(matrix)
    for key in selective[0]:
        values = np.concatenate([block[key] for block in selective])
        named[key] = np.pad(values, (0, n_resamples - len(values)), constant_values=np.nan)
    return named


def resample_weights(n_videos: int, n_resamples: int, seed: int) -> Iterator[FloatArray]:
    """Yield how often each video is drawn. Shape: (n_resamples of the block, n_videos)."""
    generator = np.random.default_rng(seed)
    # Short integers halve the time of drawing, which is most of the bootstrap.
    dtype = np.uint16 if n_videos <= 2**16 else np.uint32
    block = max(1, _DRAWS_PER_BLOCK // n_videos)
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        drawn = generator.integers(0, n_videos, size=(size, n_videos), dtype=dtype)
        weights = np.empty((size, n_videos))
        for row, videos in zip(weights, drawn, strict=True):
            row[:] = np.bincount(videos, minlength=n_videos)
        yield weights


def _interval(values: FloatArray, tail: float) -> Interval | None:
    """Return the interval of the resamples in which the figure is applicable, without its tails."""
    applicable = values[~np.isnan(values)]
    if applicable.size == 0:
        return None
    low, high = np.quantile(applicable, [tail, 1.0 - tail])
    return Interval(float(low), float(high))
