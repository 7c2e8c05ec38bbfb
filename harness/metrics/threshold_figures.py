"""The figures of selective prediction, from the sums at every threshold of a relevance score.

Sources: AUROC as the probability that a relevant query scores above an irrelevant one; risk and
coverage by Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks" (2017); the
area under their curve and its excess over the oracle by Geifman, Uziel and El-Yaniv,
"Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers" (2019).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from rarft.harness.metrics.query_table import BoolArray, FloatArray
from rarft.harness.metrics.ranked_queries import RankedQueries, ThresholdSums, threshold_sums

# Keeps the sums of a block of resamples in a processor's cache.
_ENTRIES_PER_BLOCK: Final = 2**18
# Kept IoU may be below the allowed share by as much as its sum is rounded.
_ROUNDING: Final = 1e-12


def area_under_roc(sums: ThresholdSums) -> FloatArray:
    """Return the probability that a relevant query scores above an irrelevant one, ties 1/2."""
    relevant_before = np.concatenate(
        (np.zeros_like(sums.relevant[..., :1]), sums.relevant[..., :-1]), axis=-1
    )
    irrelevant_here = steps(sums.irrelevant)
    above = (irrelevant_here * (relevant_before + sums.relevant)).sum(axis=-1) / 2
    area: FloatArray = above / (sums.relevant[..., -1] * sums.irrelevant[..., -1])
    return area


def area_under_risk(sums: ThresholdSums) -> FloatArray:
    """Return the mean, over queries, of the risk at the threshold of the query's own score."""
    grounded = np.maximum(sums.losses, 1.0)
    risk = 1.0 - sums.iou / grounded
    area: FloatArray = (steps(sums.losses) * risk).sum(axis=-1) / sums.losses[..., -1]
    return np.where(_has_both_classes(sums), area, np.nan)


def excess_area_under_risk(sums: ThresholdSums) -> FloatArray:
    """Return the area under the risk-coverage curve less that of the best order there is."""
    return area_under_risk(sums) - sums.least_aurc


def largest_refusal_rate(sums: ThresholdSums, *, max_loss: float) -> FloatArray:
    """Return the largest share of irrelevant queries refused at a bounded loss of mIoU."""
    at_full_coverage = sums.iou[..., -1:]
    kept = sums.iou >= (1.0 - max_loss - _ROUNDING) * at_full_coverage
    highest = np.argmax(kept, axis=-1)
    grounded = np.take_along_axis(sums.irrelevant, highest[..., None], axis=-1)[..., 0]
    rate: FloatArray = 1.0 - grounded / sums.irrelevant[..., -1]
    return np.where(at_full_coverage[..., 0] > 0, rate, np.nan)


OVER_THRESHOLDS: Final[dict[str, Callable[[ThresholdSums], FloatArray]]] = {
    "auroc": area_under_roc,
    "aurc": area_under_risk,
    "aurc_excess": excess_area_under_risk,
    "refusal_rate@0.01": partial(largest_refusal_rate, max_loss=0.01),
    "refusal_rate@0.05": partial(largest_refusal_rate, max_loss=0.05),
}
"""Every figure of selective prediction: a function of the sums at all thresholds."""


def selective_figures(ranked: RankedQueries, weights: FloatArray) -> dict[str, FloatArray]:
    """Return every figure of selective prediction for each resample of videos.

    Args:
        ranked: the queries by their scores.
        weights: how often each video is drawn. Shape: (n_resamples, n_videos).
    """
    size = max(1, _ENTRIES_PER_BLOCK // len(ranked.score))
    blocks: dict[str, list[FloatArray]] = {key: [] for key in OVER_THRESHOLDS}
    with np.errstate(divide="ignore", invalid="ignore"):
        for start in range(0, len(weights), size):
            sums = threshold_sums(ranked, weights[start : start + size])
            for key, function in OVER_THRESHOLDS.items():
                blocks[key].append(function(sums))
    return {key: np.concatenate(values) for key, values in blocks.items()}


def steps(cumulative: FloatArray) -> FloatArray:
    """Return what each threshold adds to the one before it."""
    return np.diff(cumulative, axis=-1, prepend=0.0)


def _has_both_classes(sums: ThresholdSums) -> BoolArray:
    """Tell where both classes have a query that the risk is made of."""
    n_irrelevant = sums.irrelevant[..., -1]
    both: BoolArray = (sums.losses[..., -1] > n_irrelevant) & (n_irrelevant > 0)
    return both
