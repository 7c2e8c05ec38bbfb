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
    without a reference span. `best_first` are the positions of those with an IoU above 0, by
    falling `iou`: the order of an oracle, which grounds the others last.
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
    localised = np.flatnonzero(iou > 0.0)
    return RankedQueries(
        video=table.video[order],
        score=score,
        relevant=relevant,
        has_loss=has_loss,
        iou=iou,
        ends=np.append(np.flatnonzero(np.diff(score)), len(score) - 1),
        best_first=localised[np.argsort(-iou[localised], kind="stable")],
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
    return ThresholdSums(
        relevant=_at_ends(relevant, ranked),
        irrelevant=_at_ends(n_grounded - relevant, ranked),
        losses=_at_ends(losses, ranked),
        iou=_at_ends(np.cumsum(drawn * ranked.iou, axis=-1), ranked),
        least_aurc=_least_aurc(ranked, drawn, n_losses=losses[..., -1]),
    )


def _at_ends(cumulative: FloatArray, ranked: RankedQueries) -> FloatArray:
    # Picking is a copy, which distinct scores do without.
    return cumulative if len(ranked.ends) == len(ranked.score) else cumulative[..., ranked.ends]


def _least_aurc(ranked: RankedQueries, drawn: FloatArray, *, n_losses: FloatArray) -> FloatArray:
    """Return the least area any order of the queries can have: that of falling IoU.

    An oracle may order queries of one loss one after the other, and so may the copies of a query
    that is drawn k times. Of N losses the j-th is part of the risks j to N, so it adds
    H(N) - H(j - 1) times itself, with H the harmonic numbers. Losses of 1 alone add N; an IoU u at
    the positions n + 1 to n + k takes u (k H(N) - G(n + k) + G(n)) from that, with
    G(m) = H(0) + ... + H(m - 1) = m H(m) - m.
    """
    n_copies = drawn[..., ranked.best_first]
    iou = ranked.iou[ranked.best_first]
    harmonic = _harmonic_numbers(int(n_losses.max()))
    before = np.arange(len(harmonic)) * (harmonic - 1.0)
    n_after = np.cumsum(n_copies, axis=-1).astype(np.intp)
    # The sum over u (G(n + k) - G(n)), by parts.
    passed = (before[n_after] * -np.diff(iou, append=0.0)).sum(axis=-1)
    gained = (n_copies * iou).sum(axis=-1) * harmonic[n_losses.astype(np.intp)] - passed
    least: FloatArray = 1.0 - gained / n_losses
    return least


def _harmonic_numbers(n: int) -> FloatArray:
    """Return H(0) to H(n)."""
    return np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, n + 1))))
