"""Selective prediction: what a model could do at every threshold of its relevance score.

A query without a relevance score has no part in it, whatever its reply decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.metrics.query_table import FloatArray, query_table
from rarft.harness.metrics.ranked_queries import (
    RankedQueries,
    ThresholdSums,
    rank_queries,
    threshold_sums,
)
from rarft.harness.metrics.sums import known
from rarft.harness.metrics.threshold_figures import (
    area_under_risk,
    area_under_roc,
    largest_refusal_rate,
    steps,
)


def auroc(outcomes: Sequence[QueryOutcome]) -> float | None:
    """Return the area under the ROC curve of telling relevant from irrelevant, ties 1/2.

    Example:
        >>> relevant = QueryOutcome(query_id="1", video="a.mp4", record="1", relevant=True,
        ...                         counts_as="refused", candidate_iou=0.5, relevance_score=0.9)
        >>> irrelevant = QueryOutcome(query_id="2", video="a.mp4", record="1", relevant=False,
        ...                           counts_as="refused", relevance_score=0.9)
        >>> auroc([relevant, irrelevant]), auroc([relevant])
        (0.5, None)
    """
    return _figure(outcomes, area_under_roc)


def aurc(outcomes: Sequence[QueryOutcome]) -> float | None:
    """Return the area under the risk-coverage curve, lower is better.

    With s the scores and l the losses of the n queries (1 - candidate IoU where relevant, 1 where
    irrelevant), it is the mean over i of the mean of l(j) over all j with s(j) >= s(i).

    Example:
        >>> relevant = QueryOutcome(query_id="1", video="a.mp4", record="1", relevant=True,
        ...                         counts_as="refused", candidate_iou=0.5, relevance_score=0.9)
        >>> irrelevant = QueryOutcome(query_id="2", video="a.mp4", record="1", relevant=False,
        ...                           counts_as="refused", relevance_score=0.3)
        >>> aurc([relevant, irrelevant])  # risks 1/2 and 3/4
        0.625
    """
    return _figure(outcomes, area_under_risk)


def aurc_excess(outcomes: Sequence[QueryOutcome]) -> float | None:
    """Return `aurc` less the least area that any order of the same queries has.

    Example:
        >>> relevant = QueryOutcome(query_id="1", video="a.mp4", record="1", relevant=True,
        ...                         counts_as="refused", candidate_iou=0.5, relevance_score=0.3)
        >>> irrelevant = QueryOutcome(query_id="2", video="a.mp4", record="1", relevant=False,
        ...                           counts_as="refused", relevance_score=0.9)
        >>> aurc_excess([relevant, irrelevant])  # (1 + 3/4) / 2 less (1/2 + 3/4) / 2
        0.25
    """
    return _figure(outcomes, lambda sums: area_under_risk(sums) - sums.least_aurc)


def refusal_rate(outcomes: Sequence[QueryOutcome], *, max_loss: float) -> float | None:
    """Return the largest share of irrelevant queries that a threshold refuses at a bounded cost.

    Args:
        outcomes: the queries with their relevance scores.
        max_loss: the share of the mIoU on relevant queries, as it is when everything is grounded,
            that the threshold may lose.

    Example:
        >>> relevant = QueryOutcome(query_id="1", video="a.mp4", record="1", relevant=True,
        ...                         counts_as="refused", candidate_iou=0.5, relevance_score=0.9)
        >>> irrelevant = QueryOutcome(query_id="2", video="a.mp4", record="1", relevant=False,
        ...                           counts_as="refused", relevance_score=0.3)
        >>> refusal_rate([relevant, irrelevant], max_loss=0.01)
        1.0
    """
    return _figure(outcomes, partial(largest_refusal_rate, max_loss=max_loss))


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCoverage:
    """The risk-coverage curve, from the highest threshold down. Shape: (n_thresholds,).

    `coverage` is the share of queries whose score is at least `threshold`, and `risk` the mean of
    their losses.
    """

    threshold: FloatArray
    coverage: FloatArray
    risk: FloatArray


def risk_coverage(outcomes: Sequence[QueryOutcome]) -> RiskCoverage | None:
    """Return the risk at every coverage, None unless each class has a query with a score.

    Coverage is the share of queries that a threshold grounds; risk is 1 - the mean IoU of these,
    where an irrelevant query has IoU 0. A relevant query without a reference span has no part.

    Example:
        >>> relevant = QueryOutcome(query_id="1", video="a.mp4", record="1", relevant=True,
        ...                         counts_as="refused", candidate_iou=0.5, relevance_score=0.9)
        >>> irrelevant = QueryOutcome(query_id="2", video="a.mp4", record="1", relevant=False,
        ...                           counts_as="refused", relevance_score=0.3)
        >>> curve = risk_coverage([relevant, irrelevant])
        >>> curve.coverage.tolist(), curve.risk.tolist()
        ([0.5, 1.0], [0.5, 0.75])
    """
    ranked = rank_queries(query_table(outcomes))
    if ranked is None or not (ranked.relevant & ranked.has_loss).any():
        return None
    sums = threshold_sums(ranked, _each_once(ranked))
    covers = steps(sums.losses) > 0
    return RiskCoverage(
        threshold=ranked.score[ranked.ends][covers],
        coverage=(sums.losses / sums.losses[-1])[covers],
        risk=1.0 - sums.iou[covers] / sums.losses[covers],
    )


def _figure(
    outcomes: Sequence[QueryOutcome], function: Callable[[ThresholdSums], FloatArray]
) -> float | None:
    ranked = rank_queries(query_table(outcomes))
    if ranked is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return known(float(function(threshold_sums(ranked, _each_once(ranked)))))


def _each_once(ranked: RankedQueries) -> FloatArray:
    return np.ones(int(ranked.video.max()) + 1)
