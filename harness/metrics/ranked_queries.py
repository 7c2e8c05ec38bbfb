"""Queries in the order of their relevance scores, and the sums at every threshold.

A threshold grounds the queries that score at least as high. Queries of one score are on one side of
every threshold, so nothing depends on their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rarft.harness.metrics.query_table import BoolArray, FloatArray, QueryTable


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedQueries:
    """The scored queries that have a relevance score, the highest first.

    Shape: every array is (n_queries,), `ends` (n_thresholds,): the position of the last query of
    each distinct score. `video` numbers the videos of the weights. `iou` is the IoU that the query
    adds when it is grounded, 0 where it is irrelevant. `has_loss` is false for relevant queries
    without a reference span. `best_first` are the positions of those that have one, by falling
    `iou`: the order of an oracle.
    """

    video: NDArray[np.intp]
    score: FloatArray
    relevant: BoolArray
    has_loss: BoolArray
    iou: FloatArray
    ends: NDArray[np.intp]
    best_first: NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSums:
    """Sums over the queries that each threshold grounds, from the highest threshold down.

    Shape: (..., n_thresholds). `losses` counts the queries that `iou` is a sum over. `least_aurc`
    of shape (...) is the area under the risk-coverage curve of an oracle.
    """

    relevant: FloatArray
    irrelevant: FloatArray
    losses: FloatArray
    iou: FloatArray
    least_aurc: FloatArray


def rank_queries(table: QueryTable) -> RankedQueries | None:
    """Order the queries by their scores; None unless each class has one with a score."""
    scored = ~np.isnan(table.score) & (table.relevant | table.irrelevant)
    if not ((scored & table.relevant).any() and (scored & table.irrelevant).any()):
        return None
    positions = np.flatnonzero(scored)
    order = positions[np.argsort(-table.score[positions], kind="stable")]
    score, relevant = table.score[order], table.relevant[order]
    candidate_iou = table.candidate_iou[order]
    has_loss = ~relevant | ~np.isnan(candidate_iou)
    iou = np.where(relevant & has_loss, np.nan_to_num(candidate_iou), 0.0)
    with_loss = np.flatnonzero(has_loss)
    return RankedQueries(
        video=table.video[order],
        score=score,
        relevant=relevant,
        has_loss=has_loss,
        iou=iou,
        ends=np.append(np.flatnonzero(np.diff(score)), len(score) - 1),
        best_first=with_loss[np.argsort(-iou[with_loss], kind="stable")],
    )


def threshold_sums(ranked: RankedQueries, weights: FloatArray) -> ThresholdSums:
    """Return the sums at every threshold.

    Args:
        ranked: the queries.
        weights: how often each video is drawn, whole numbers. Shape: (..., n_videos).
    """
    drawn = weights[..., ranked.video]
    n_grounded = np.cumsum(drawn, axis=-1)
    relevant = np.cumsum(drawn * ranked.relevant, axis=-1)
    losses = n_grounded
    if not ranked.has_loss.all():
        losses = np.cumsum(drawn * ranked.has_loss, axis=-1)
    iou = np.cumsum(drawn * ranked.iou, axis=-1)
    return ThresholdSums(
        relevant=relevant[..., ranked.ends],
        irrelevant=(n_grounded - relevant)[..., ranked.ends],
        losses=losses[..., ranked.ends],
        iou=iou[..., ranked.ends],
        least_aurc=_least_aurc(ranked, drawn),
    )


def _least_aurc(ranked: RankedQueries, drawn: FloatArray) -> FloatArray:
    """Return the least area any order of the queries can have: that of falling IoU.

    An oracle may order queries of one loss one after the other, and so may the copies of a query
    that is drawn k times. After n queries with the sum of losses s, k copies of loss l add
    sum((s + i l) / (n + i)) = k l + (s - n l) (H(n + k) - H(n)), with H the harmonic numbers.
    """
    n_copies = drawn[..., ranked.best_first]
    loss = 1.0 - ranked.iou[ranked.best_first]
    n_after = np.cumsum(n_copies, axis=-1)
    n_before = n_after - n_copies
    summed = n_copies * loss
    sum_before = np.cumsum(summed, axis=-1) - summed
    harmonic = _harmonic_numbers(int(n_after.max(initial=0.0)))
    steps = harmonic[n_after.astype(np.intp)] - harmonic[n_before.astype(np.intp)]
    area: FloatArray = (summed + (sum_before - n_before * loss) * steps).sum(axis=-1)
    mean: FloatArray = area / n_copies.sum(axis=-1)
    return mean


def _harmonic_numbers(n: int) -> FloatArray:
    """Return H(0) to H(n)."""
    return np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, n + 1))))
