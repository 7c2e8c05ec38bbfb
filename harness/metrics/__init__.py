"""Metrics: pure functions from queries and predictions to figures.

Failed and missing queries leave every mean; what has no reference is None, never 0 or 1.
docs/metrics.md gives each key's formula, edge cases and an example.
"""

from rarft.harness.metrics.explanations import ExplanationScores
from rarft.harness.metrics.grounding import pair_accuracy, ra_iou, recall_at
from rarft.harness.metrics.metric_table import METRICS, Metric, figures
from rarft.harness.metrics.outcomes import QueryOutcome, outcome
from rarft.harness.metrics.overlap import tiou
from rarft.harness.metrics.relevance import f1
from rarft.harness.metrics.reliability import Reliability, ReliabilityBin, reliability
from rarft.harness.metrics.reply_counts import counts
from rarft.harness.metrics.selective import (
    RiskCoverage,
    aurc,
    aurc_excess,
    auroc,
    refusal_rate,
    risk_coverage,
)

__all__ = [
    "METRICS",
    "ExplanationScores",
    "Metric",
    "QueryOutcome",
    "Reliability",
    "ReliabilityBin",
    "RiskCoverage",
    "aurc",
    "aurc_excess",
    "auroc",
    "counts",
    "f1",
    "figures",
    "outcome",
    "pair_accuracy",
    "ra_iou",
    "recall_at",
    "refusal_rate",
    "reliability",
    "risk_coverage",
    "tiou",
]
