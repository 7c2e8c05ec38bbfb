"""The figures of selective prediction, from the sums at every threshold of a relevance score.

Sources: AUROC as the probability that a relevant query scores above an irrelevant one; risk and
coverage by Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks" (2017); the
area under their curve and its excess over the oracle by Geifman, Uziel and El-Yaniv,
"Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers" (2019).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from rarft.harness.metrics.query_table import BoolArray, FloatArray
from rarft.harness.metrics.ranked_queries import RankedQueries, ThresholdSums, threshold_sums

# Keeps the sums of a block of resamples in a processor's cache.
_ENTRIES_PER_BLOCK: Final = 2**16
# Kept IoU may be below the allowed share by as much as its sum is rounded.
_ROUNDING: Final = 1e-12


def area_under_roc(sums: ThresholdSums) -> FloatArray:
    """Return the probability that a relevant query scores above an irrelevant one, ties 1/2."""
    relevant_above = sums.relevant - steps(sums.relevant) / 2
    above = (steps(sums.irrelevant) * relevant_above).sum(axis=-1)
    area: FloatArray = above / (sums.relevant[..., -1] * sums.irrelevant[..., -1])
    return area


def area_under_risk(sums: ThresholdSums) -> FloatArray:
    """Return the mean, over queries, of the risk at the threshold of the query's own score."""
    mean_iou = sums.iou / np.maximum(sums.losses, 1.0)
    area: FloatArray = 1.0 - (steps(sums.losses) * mean_iou).sum(axis=-1) / sums.losses[..., -1]
    return np.where(_has_both_classes(sums), area, np.nan)


def largest_refusal_rate(sums: ThresholdSums, *, max_loss: float) -> FloatArray:
    """Return the largest share of irrelevant queries refused at a bounded loss of mIoU."""
    at_full_coverage = sums.iou[..., -1:]
    kept = sums.iou >= (1.0 - max_loss - _ROUNDING) * at_full_coverage
    highest = np.argmax(kept, axis=-1)
    grounded = np.take_along_axis(sums.irrelevant, highest[..., None], axis=-1)[..., 0]
    rate: FloatArray = 1.0 - grounded / sums.irrelevant[..., -1]
    return np.where(at_full_coverage[..., 0] > 0, rate, np.nan)


def figures_over_thresholds(sums: ThresholdSums) -> dict[str, FloatArray]:
    """Return every figure of selective prediction by its key. Shape: (...), as `least_aurc`."""
    aurc = area_under_risk(sums)
    return {
        "auroc": area_under_roc(sums),
        "aurc": aurc,
        "aurc_excess": aurc - sums.least_aurc,
        "refusal_rate@0.01": largest_refusal_rate(sums, max_loss=0.01),
        "refusal_rate@0.05": largest_refusal_rate(sums, max_loss=0.05),
    }


def selective_figures(ranked: RankedQueries, weights: FloatArray) -> dict[str, FloatArray]:
    """Return every figure of selective prediction for each resample of videos.

    Args:
        ranked: the queries by their scores.
        weights: how often each video is drawn. Shape: (n_resamples, n_videos).
    """
    size = max(1, _ENTRIES_PER_BLOCK // len(ranked.score))
    with np.errstate(divide="ignore", invalid="ignore"):
        blocks = [
            figures_over_thresholds(threshold_sums(ranked, weights[start : start + size]))
            for start in range(0, len(weights), size)
        ]
    return {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]}


def steps(cumulative: FloatArray) -> FloatArray:
    """Return what each threshold adds to the one before it."""
    added = cumulative.copy()
    added[..., 1:] -= cumulative[..., :-1]
    return added


def _has_both_classes(sums: ThresholdSums) -> BoolArray:
    """Tell where both classes have a query that the risk is made of."""
    n_irrelevant = sums.irrelevant[..., -1]
    both: BoolArray = (sums.losses[..., -1] > n_irrelevant) & (n_irrelevant > 0)
    return both
