"""How far two judges, or a judge and people, agree on the same replies.

Each measure takes what both said of each item, and optionally weights: how often a resample draws
each item, which is how the intervals are made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from rarft.harness.metrics.query_table import BoolArray, FloatArray
from rarft.harness.taxonomy import CATEGORIES

SCALE_STEP: Final = 0.5
LIMITS_FACTOR: Final = 1.96
Weighted = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""A measure of a, b and weights (n_resamples, n_items). Shape of its result: (n_resamples,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlandAltman:
    """The bias of a over b, and the limits that hold about 95% of the differences a - b.

    `sd` is the standard deviation of the differences. All but `n` are None where too few items
    have both scores: none for the bias, one for the rest.
    """

    n: int
    bias: float | None
    sd: float | None = None
    low: float | None = None
    high: float | None = None


def spearman(a: ArrayLike, b: ArrayLike) -> float | None:
    """Return Spearman's rank correlation, ties at their average rank; None where one is constant.

    Example:
        >>> round(spearman([0, 1, 1, 4, 5], [1, 1, 2, 3, 5]), 4)
        0.9211
    """
    return _point(weighted_spearman, a, b)


def weighted_kappa(a: ArrayLike, b: ArrayLike) -> float | None:
    """Return Cohen's kappa with quadratic weights of scores on the half-point scale.

    Scores are rounded to the nearest half point, halves up. With quadratic weights only distances
    count, so whole-point scores give what they give on a whole-point scale. None where all scores
    of both are one number.

    Source: Cohen, Weighted kappa, Psychological Bulletin 70, 1968.

    Example:
        >>> round(weighted_kappa([0, 1, 1, 4, 5], [1, 1, 2, 3, 5]), 4)
        0.9007
    """
    return _point(weighted_quadratic_kappa, on_scale(a), on_scale(b))


def cohen_kappa(a: Sequence[str], b: Sequence[str]) -> float | None:
    """Return Cohen's kappa of labels without an order; None where both use one and the same label.

    Source: Cohen, A coefficient of agreement for nominal scales, Educational and Psychological
    Measurement 20, 1960.

    Example:
        >>> cohen_kappa(["yes", "yes", "no", "no"], ["yes", "no", "no", "no"])
        0.5
    """
    return _point(weighted_cohen_kappa, *label_numbers(a, b))


def jaccards(a: Sequence[Sequence[str]], b: Sequence[Sequence[str]]) -> FloatArray:
    """Return the Jaccard index of each pair of category sets; two empty sets agree, with 1.

    Example:
        >>> jaccards([["x", "y"], []], [["y"], []])
        array([0.5, 1. ])
    """
    shares = []
    for first, second in zip(map(set, a), map(set, b), strict=True):
        union = first | second
        shares.append(len(first & second) / len(union) if union else 1.0)
    return np.array(shares, dtype=np.float64)


def category_kappas(
    a: Sequence[Sequence[str]], b: Sequence[Sequence[str]]
) -> dict[str, float | None]:
    """Return Cohen's kappa of naming each category or not, in the taxonomy's order.

    Example:
        >>> found = category_kappas([["Attribute/Counting"], []], [["Attribute/Counting"], []])
        >>> found["Attribute/Counting"], found["Action/ActionSequence"]
        (1.0, None)
    """
    named = {category for sets in (a, b) for one in sets for category in one}
    order = [*CATEGORIES, *sorted(named - set(CATEGORIES))]
    return {
        category: _point(
            weighted_cohen_kappa, names_category(a, category), names_category(b, category)
        )
        for category in order
    }


def bland_altman(a: ArrayLike, b: ArrayLike) -> BlandAltman:
    """Return bias and limits of agreement of two sets of scores.

    Source: Bland and Altman, Statistical methods for assessing agreement between two methods of
    clinical measurement, Lancet 327, 1986.

    Example:
        >>> bland_altman([3, 4, 5, 2], [2, 4, 4, 3])  # doctest: +NORMALIZE_WHITESPACE
        BlandAltman(n=4, bias=0.25, sd=0.9574271077563381, low=-1.6265571312024227,
                    high=2.1265571312024227)
    """
    differences = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    n = len(differences)
    if n == 0:
        return BlandAltman(n=0, bias=None)
    bias = float(differences.mean())
    if n == 1:
        return BlandAltman(n=1, bias=bias)
    sd = float(differences.std(ddof=1))
    reach = LIMITS_FACTOR * sd
    return BlandAltman(n=n, bias=bias, sd=sd, low=bias - reach, high=bias + reach)


def on_scale(scores: ArrayLike) -> FloatArray:
    """Round scores to the nearest half point, halves up.

    Example:
        >>> on_scale([1.2, 1.25, 4.0])
        array([1. , 1.5, 4. ])
    """
    return np.floor(np.asarray(scores, dtype=float) / SCALE_STEP + 0.5) * SCALE_STEP


def label_numbers(a: Sequence[str], b: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Number the labels of both from 0, in sorted order."""
    number = {label: index for index, label in enumerate(sorted({*a, *b}))}
    first, second = ([float(number[label]) for label in labels] for labels in (a, b))
    return np.array(first), np.array(second)


def weighted_spearman(a: FloatArray, b: FloatArray, weights: FloatArray) -> FloatArray:
    """Return Spearman's correlation on each resample. Shape: weights (n_resamples, n_items)."""
    first, second = _weighted_ranks(a, weights), _weighted_ranks(b, weights)
    n = weights.sum(axis=1, keepdims=True)
    first = first - (weights * first).sum(axis=1, keepdims=True) / n
    second = second - (weights * second).sum(axis=1, keepdims=True) / n
    covariance = (weights * first * second).sum(axis=1)
    spread = (weights * first**2).sum(axis=1) * (weights * second**2).sum(axis=1)
    return np.where(spread > 0, covariance / np.sqrt(spread), np.nan)


def weighted_quadratic_kappa(a: FloatArray, b: FloatArray, weights: FloatArray) -> FloatArray:
    """Return quadratic kappa on each resample. Shape: weights (n_resamples, n_items)."""
    observed = weighted_mean((a - b) ** 2, weights)
    # Of independent raters: the sum of both variances and the squared difference of the means.
    squares = weighted_mean(a**2 + b**2, weights)
    expected = squares - 2 * weighted_mean(a, weights) * weighted_mean(b, weights)
    return np.where(expected > 0, 1 - observed / expected, np.nan)


def weighted_cohen_kappa(a: FloatArray, b: FloatArray, weights: FloatArray) -> FloatArray:
    """Return nominal kappa on each resample. Shape: weights (n_resamples, n_items)."""
    observed = weighted_mean(a == b, weights)
    expected = np.zeros_like(observed)
    for label in np.unique(np.concatenate([a, b])):
        expected += weighted_mean(a == label, weights) * weighted_mean(b == label, weights)
    return np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)


def weighted_mean(values: FloatArray | BoolArray, weights: FloatArray) -> FloatArray:
    """Return the mean on each resample. Shape: weights (n_resamples, n_items)."""
    # Unlike a matrix product, whose last bits may depend on the number of BLAS threads.
    summed = np.einsum("ri,i->r", weights, values.astype(float))
    mean: FloatArray = summed / weights.sum(axis=1)
    return mean


def _weighted_ranks(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the average rank of each item where item i comes weights[i] times."""
    levels, level_of = np.unique(values, return_inverse=True)
    order = np.argsort(level_of, kind="stable")
    starts = np.searchsorted(level_of[order], np.arange(len(levels)))
    sizes = np.add.reduceat(weights[:, order], starts, axis=1)
    ranks: FloatArray = (np.cumsum(sizes, axis=1) - sizes / 2 + 0.5)[:, level_of]
    return ranks


def names_category(sets: Sequence[Sequence[str]], category: str) -> FloatArray:
    """Return 1 for each set that holds the category, 0 for the others. Shape: (n_items,)."""
    return np.array([float(category in one) for one in sets])


def _point(measure: Weighted, a: ArrayLike, b: ArrayLike) -> float | None:
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if len(first) == 0:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(measure(first, second, np.ones((1, len(first))))[0])
    return None if np.isnan(value) else value
