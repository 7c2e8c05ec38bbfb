"""What P(relevant) of a set of queries is worth: AUC and F1 with intervals, ROC, histogram.

Queries about one video are alike, so intervals resample videos, as those of a run's figures do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.audit.blind import BoolArray, FloatArray
from rarft.harness.statistics.bootstrap import resample_weights
from rarft.harness.statistics.expanded import expanded_tail
from rarft.harness.types import Query

N_RESAMPLES: Final = 1_000
N_BINS: Final = 20
MAX_ROC_POINTS: Final = 101
GUESS_FIGURES: Final = ("auc", "f1_relevant", "f1_irrelevant", "f1_avg")


@dataclass(frozen=True, slots=True)
class GuessFigure:
    """A fraction with its 95% interval; the bounds are None where there is nothing to resample."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class _Guesses:
    """Guesses in the order of their probability; `rank` is the same for equal ones.

    Shape: relevant, rank, guessed and video are (n_queries,).
    """

    relevant: BoolArray
    rank: NDArray[np.intp]
    guessed: BoolArray
    video: NDArray[np.intp]


def guess_figures(
    queries: Sequence[Query],
    probabilities: FloatArray,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> dict[str, GuessFigure]:
    """Return AUC and F1 of guessing "relevant" from a probability of 0.5 on.

    `probabilities` has shape (n_queries,). A resample without both classes leaves the quantiles.
    The result depends on the seed and not on the order of the queries.

    Raises:
        ValueError: the queries are of one class.

    Example:
        >>> queries = [Query(id=f"{i}", task="t", video=f"{i}", text="", record="", relevant=i < 2)
        ...            for i in range(4)]
        >>> guess_figures(queries, np.array([0.9, 0.4, 0.6, 0.1]))["auc"].value
        0.75
    """
    relevant = np.array([query.relevant for query in queries], dtype=bool)
    if relevant.all() or not relevant.any():
        raise ValueError(f"got {len(queries)} queries of one class, expected both")
    names, video = np.unique(np.array([query.video for query in queries]), return_inverse=True)
    rank = np.unique(probabilities, return_inverse=True)[1]
    guesses = _Guesses(relevant, rank, probabilities >= 0.5, video)
    points = _figures(guesses, np.ones(len(queries)))
    if len(names) < 2:
        return dict(zip(GUESS_FIGURES, map(GuessFigure, points), strict=True))
    resampled = _resample(guesses, len(names), n_resamples=n_resamples, seed=seed)
    if not len(resampled):
        return dict(zip(GUESS_FIGURES, map(GuessFigure, points), strict=True))
    tail = expanded_tail(len(names))
    bounds = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return {
        name: GuessFigure(point, float(low), float(high))
        for name, point, low, high in zip(GUESS_FIGURES, points, *bounds, strict=True)
    }


def leakage(auc: float) -> float:
    """Return how far the words tell the class: 0.5 is not at all, 1.0 always.

    An AUC below 0.5 leaks as much as one above it, for the opposite of the guess is right.

    Example:
        >>> leakage(0.75), leakage(0.25)
        (0.75, 0.75)
    """
    return max(auc, 1.0 - auc)


def histogram(queries: Sequence[Query], probabilities: FloatArray) -> dict[str, list[Any]]:
    """Return how often each probability was given, by class, in bins of equal width."""
    edges = np.linspace(0.0, 1.0, N_BINS + 1)
    relevant = np.array([query.relevant for query in queries], dtype=bool)
    return {
        "edges": [round(float(edge), 6) for edge in edges],
        "relevant": np.histogram(probabilities[relevant], edges)[0].tolist(),
        "irrelevant": np.histogram(probabilities[~relevant], edges)[0].tolist(),
    }


def roc_points(queries: Sequence[Query], probabilities: FloatArray) -> list[list[float]]:
    """Return the ROC curve as pairs of false and true positive rate, from (0, 0) to (1, 1)."""
    relevant = np.array([query.relevant for query in queries], dtype=bool)
    order = np.argsort(-probabilities, kind="stable")
    told = relevant[order]
    # Only the last of equal probabilities is a threshold.
    last = np.append(np.diff(probabilities[order]) != 0, True)
    true_rate = np.append(0.0, np.cumsum(told)[last] / max(1, told.sum()))
    false_rate = np.append(0.0, np.cumsum(~told)[last] / max(1, (~told).sum()))
    kept = np.unique(np.linspace(0, len(true_rate) - 1, MAX_ROC_POINTS).round().astype(int))
    return [[float(x), float(y)] for x, y in zip(false_rate[kept], true_rate[kept], strict=True)]


def _resample(guesses: _Guesses, n_videos: int, *, n_resamples: int, seed: int) -> FloatArray:
    """Return the figures of each resample with both classes. Shape: (n_resamples, n_figures)."""
    rows = np.array(
        [
            _figures(guesses, weights[guesses.video])
            for block in resample_weights(n_videos, n_resamples, seed)
            for weights in block
        ]
    )
    with_both: FloatArray = rows[~np.isnan(rows).any(axis=1)]
    return with_both


def _figures(guesses: _Guesses, weights: FloatArray) -> tuple[float, float, float, float]:
    """Return AUC and the three F1 of weighted queries, NaN where a class weighs nothing."""
    positive, negative = weights * guesses.relevant, weights * ~guesses.relevant
    n_positive, n_negative = float(positive.sum()), float(negative.sum())
    if not n_positive or not n_negative:
        return (np.nan,) * 4
    size = int(guesses.rank.max()) + 1
    of_rank = np.bincount(guesses.rank, weights=negative, minlength=size)
    below = np.cumsum(of_rank) - of_rank / 2
    auc = float(positive @ below[guesses.rank]) / (n_positive * n_negative)
    found = float(positive @ guesses.guessed)
    wrong = float(negative @ guesses.guessed)
    f1_relevant = 2 * found / (found + wrong + n_positive)
    rejected, missed = n_negative - wrong, n_positive - found
    f1_irrelevant = 2 * rejected / (rejected + missed + n_negative)
    return auc, f1_relevant, f1_irrelevant, (f1_relevant + f1_irrelevant) / 2
