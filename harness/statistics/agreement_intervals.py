"""Agreement of two judges with expanded percentile intervals from a bootstrap over videos.

Where no video is known, each item counts as a video of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rarft.harness.metrics.query_table import FloatArray
from rarft.harness.statistics.agreement import (
    LIMITS_FACTOR,
    category_kappas,
    jaccards,
    label_numbers,
    names_category,
    on_scale,
    weighted_cohen_kappa,
    weighted_mean,
    weighted_quadratic_kappa,
    weighted_spearman,
)
from rarft.harness.statistics.bootstrap import Interval, resample_weights
from rarft.harness.statistics.expanded import expanded_tail

_VALUES_PER_BLOCK: Final = 2**20
Places = NDArray[np.intp]
Resampled = Callable[[FloatArray], FloatArray]
"""A measure on resamples. Shape: weights (n_resamples, n_items) to (n_resamples,)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure of agreement with its interval; None where it is not applicable."""

    value: float | None
    interval: Interval | None = None


def score_agreement(
    a: ArrayLike,
    b: ArrayLike,
    *,
    videos: Sequence[str] | None = None,
    n_resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Estimate]:
    """Return `spearman`, `weighted_kappa`, `bias`, `limit_low` and `limit_high` of two scorers.

    Args:
        a: the scores of one.
        b: the scores of the other, of the same items in the same order.
        videos: the video of each item.
        n_resamples: how many times the videos are drawn.
        seed: seed of the draws.
        confidence: share of the intervals that hold the true value.

    Example:
        >>> score_agreement([1, 2, 3], [2, 3, 4])["bias"]
        Estimate(value=-1.0, interval=Interval(low=-1.0, high=-1.0))
    """
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    difference = first - second
    measures: dict[str, Resampled] = {
        "spearman": partial(weighted_spearman, first, second),
        "weighted_kappa": partial(weighted_quadratic_kappa, on_scale(first), on_scale(second)),
        "bias": partial(weighted_mean, difference),
        "limit_low": partial(_limit, difference, -LIMITS_FACTOR),
        "limit_high": partial(_limit, difference, LIMITS_FACTOR),
    }
    return _estimates(
        measures, _clusters(len(first), videos), n_resamples, seed=seed, confidence=confidence
    )


def label_agreement(
    a: Sequence[str],
    b: Sequence[str],
    *,
    videos: Sequence[str] | None = None,
    n_resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Estimate]:
    """Return `kappa` and `share_equal` of two who put each item into one class.

    Example:
        >>> label_agreement(["yes", "no"], ["yes", "no"])["share_equal"].value
        1.0
    """
    first, second = label_numbers(a, b)
    measures: dict[str, Resampled] = {
        "kappa": partial(weighted_cohen_kappa, first, second),
        "share_equal": partial(weighted_mean, (first == second).astype(float)),
    }
    return _estimates(
        measures, _clusters(len(first), videos), n_resamples, seed=seed, confidence=confidence
    )


def category_agreement(
    a: Sequence[Sequence[str]],
    b: Sequence[Sequence[str]],
    *,
    videos: Sequence[str] | None = None,
    n_resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Estimate]:
    """Return `mean_jaccard`, and `kappa/<category>` of each category that one of them names.

    Example:
        >>> sets = [["Attribute/Counting"], ["Scene/SceneExistence"]]
        >>> list(category_agreement(sets, sets))
        ['mean_jaccard', 'kappa/Scene/SceneExistence', 'kappa/Attribute/Counting']
    """
    measures: dict[str, Resampled] = {"mean_jaccard": partial(weighted_mean, jaccards(a, b))}
    for category in category_kappas(a, b):
        first, second = names_category(a, category), names_category(b, category)
        if first.any() or second.any():
            measures[f"kappa/{category}"] = partial(weighted_cohen_kappa, first, second)
    return _estimates(
        measures, _clusters(len(a), videos), n_resamples, seed=seed, confidence=confidence
    )


def _limit(differences: FloatArray, factor: float, weights: FloatArray) -> FloatArray:
    """Return a limit of agreement on each resample. Shape: weights (n_resamples, n_items)."""
    n = weights.sum(axis=1)
    mean = weighted_mean(differences, weights)
    squares = weighted_mean(differences**2, weights) - mean**2
    deviation = np.sqrt(np.maximum(squares, 0.0) * n / (n - 1))
    limit: FloatArray = np.where(n > 1, mean + factor * deviation, np.nan)
    return limit


def _clusters(n_items: int, videos: Sequence[str] | None) -> Places:
    """Return the number of each item's video. Shape: (n_items,)."""
    if videos is None:
        return np.arange(n_items)
    if len(videos) != n_items:
        raise ValueError(f"got {len(videos)} videos of {n_items} items, expected one each")
    order = {video: index for index, video in enumerate(sorted(set(videos)))}
    return np.array([order[video] for video in videos], dtype=np.intp)


def _estimates(
    measures: Mapping[str, Resampled],
    video_of: Places,
    n_resamples: int,
    *,
    seed: int,
    confidence: float,
) -> dict[str, Estimate]:
    n_items = len(video_of)
    if n_items == 0:
        return dict.fromkeys(measures, Estimate(None))
    drawn: dict[str, list[FloatArray]] = {name: [] for name in measures}
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = {name: float(f(np.ones((1, n_items)))[0]) for name, f in measures.items()}
        for weights in _item_weights(video_of, n_resamples, seed):
            for name, function in measures.items():
                drawn[name].append(function(weights))
    n_videos = int(video_of.max()) + 1
    tail = expanded_tail(n_videos, confidence=confidence) if n_videos > 1 else 0.0
    return {name: _estimate(value, drawn[name], tail=tail) for name, value in whole.items()}


def _item_weights(video_of: Places, n_resamples: int, seed: int) -> Iterator[FloatArray]:
    """Yield how often each item is drawn, nothing where all are about one video.

    Shape: (n_resamples of the block, n_items).
    """
    n_videos = int(video_of.max()) + 1
    if n_videos < 2:
        return
    rows = max(1, _VALUES_PER_BLOCK // len(video_of))
    for weights in resample_weights(n_videos, n_resamples, seed):
        for start in range(0, len(weights), rows):
            yield weights[start : start + rows, video_of]


def _estimate(value: float, drawn: Sequence[FloatArray], *, tail: float) -> Estimate:
    if np.isnan(value):
        return Estimate(None)
    values = np.concatenate(drawn) if drawn else np.empty(0)
    values = values[~np.isnan(values)]
    if values.size == 0:
        return Estimate(value)
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Estimate(value, Interval(float(low), float(high)))
