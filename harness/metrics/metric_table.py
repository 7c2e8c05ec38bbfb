"""The literal table of figures, and its evaluation over sums.

A new figure is one function over sums and one line in METRICS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from rarft.harness.metrics import grounding, relevance
from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.metrics.slices import queries_by_slice
from rarft.harness.metrics.sums import (
    FloatArray,
    Sums,
    VideoSums,
    known,
    query_table,
    slice_columns,
    video_sums,
)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: its formula over sums, its title in tables, and the formula as text."""

    function: Callable[[Sums], FloatArray]
    title: str
    formula: str


METRICS: Final[dict[str, Metric]] = {
    "ra_iou@0.3": Metric(
        partial(grounding.recall, threshold=0.3), "R@0.3", "share of RA-IoU ≥ 0.3"
    ),
    "ra_iou@0.5": Metric(
        partial(grounding.recall, threshold=0.5), "R@0.5", "share of RA-IoU ≥ 0.5"
    ),
    "ra_iou@0.7": Metric(
        partial(grounding.recall, threshold=0.7), "R@0.7", "share of RA-IoU ≥ 0.7"
    ),
    "ra_miou": Metric(grounding.mean_ra_iou, "mIoU", "mean RA-IoU"),
    "f1_relevant": Metric(relevance.f1_of_relevant, "F1 re.", "2TP / (2TP + FP + FN), relevant"),
    "f1_irrelevant": Metric(
        relevance.f1_of_irrelevant, "F1 irre.", "2TP / (2TP + FP + FN), irrelevant"
    ),
    "f1_avg": Metric(relevance.mean_f1, "F1 avg.", "(f1_relevant + f1_irrelevant) / 2"),
    "miou_relevant": Metric(
        grounding.mean_iou_of_relevant, "mIoU rel.", "mean tIoU over relevant queries, refusal 0"
    ),
    "miou_grounded": Metric(
        grounding.mean_iou_of_grounded, "mIoU gr.", "mean tIoU over grounded relevant queries"
    ),
    "pair_accuracy": Metric(
        grounding.share_of_right_pairs, "pair acc.", "share of pairs right in both, tIoU ≥ 0.5"
    ),
}
"""Every figure of a task by its key in results.json."""


def figures(outcomes: Sequence[QueryOutcome]) -> dict[str, float | None]:
    """Return every figure as a fraction, None where it is not applicable.

    The keys are those of METRICS, then `f1_relevant/<level>`, `f1_irrelevant/<level>`,
    `f1_irrelevant/<group>` and `f1_irrelevant/<category>` of the slices that have queries.

    Example:
        >>> one = QueryOutcome(query_id="1", video="a.mp4", record="1", relevant=False,
        ...                    predicted="refused", counts_as="refused", level="weak")
        >>> scores = figures([one])
        >>> scores["ra_miou"], scores["f1_irrelevant/weak"], scores["f1_avg"]
        (1.0, 1.0, None)
    """
    evaluated = evaluate(outcome_sums(outcomes).total())
    return {key: known(float(value)) for key, value in evaluated.items()}


def outcome_sums(outcomes: Sequence[QueryOutcome]) -> VideoSums:
    """Return the sums per video that every figure and slice of a task needs."""
    table = query_table(outcomes)
    return video_sums(table, slices=queries_by_slice(table.outcomes))


def evaluate(sums: Sums) -> dict[str, FloatArray]:
    """Evaluate every metric and slice on sums, NaN where not applicable."""
    with np.errstate(divide="ignore", invalid="ignore"):
        evaluated = {key: metric.function(sums) for key, metric in METRICS.items()}
        for name in sums:
            key, _, part = name.partition(":")
            if part == "size":
                size, hits = slice_columns(key)
                evaluated[key] = relevance.f1_within_slice(n_class=sums[size], hits=sums[hits])
    return evaluated
