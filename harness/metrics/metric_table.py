"""The literal table of figures, and its evaluation over sums.

A new figure is one function over sums and one line in METRICS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np

from rarft.harness.metrics import explanation_sums, grounding, relevance
from rarft.harness.metrics.explanation_sums import explanation_columns, level_columns
from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.metrics.query_table import FloatArray, query_table
from rarft.harness.metrics.ranked_queries import rank_queries
from rarft.harness.metrics.slices import queries_by_slice
from rarft.harness.metrics.sums import (
    COLUMNS,
    Sums,
    VideoSums,
    known,
    selective_figure,
    slice_columns,
    video_sums,
)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: its formula over sums, its title in tables, and the formula as text.

    A figure of scale "score" goes from 0 to 5; every other is a fraction.
    """

    function: Callable[[Sums], FloatArray]
    title: str
    formula: str
    scale: Literal["fraction", "score"] = "fraction"
    higher_is_better: bool = True


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
    "rt_iou": Metric(
        partial(explanation_sums.mean_score, key="rt_iou"),
        "RT-IoU",
        "mean Jaccard of categories over irrelevant queries, grounded 0",
    ),
    "rt_iou_refused": Metric(
        partial(explanation_sums.mean_of_refused, key="rt_iou"),
        "RT-IoU ref.",
        "the same over refused irrelevant queries",
    ),
    "sbert": Metric(
        partial(explanation_sums.mean_score, key="sbert"),
        "SBERT",
        "mean similarity to the reference refusal over irrelevant queries, grounded 0",
    ),
    "sbert_refused": Metric(
        partial(explanation_sums.mean_of_refused, key="sbert"),
        "SBERT ref.",
        "the same over refused irrelevant queries",
    ),
    "llm_score": Metric(
        partial(explanation_sums.mean_score, key="llm_score"),
        "LLM",
        "mean reasoning score, 0 to 5, over irrelevant queries, grounded 0",
        scale="score",
    ),
    "llm_score_refused": Metric(
        partial(explanation_sums.mean_of_refused, key="llm_score"),
        "LLM ref.",
        "the same over refused irrelevant queries",
        scale="score",
    ),
    "correction_sim": Metric(
        explanation_sums.mean_correction,
        "corr.",
        "mean similarity of the correction to the relevant query, grounded 0",
    ),
    "auroc": Metric(
        partial(selective_figure, key="auroc"),
        "AUROC",
        "P(relevant scores above irrelevant), ties 1/2",
    ),
    "aurc": Metric(
        partial(selective_figure, key="aurc"),
        "AURC",
        "mean risk at every coverage",
        higher_is_better=False,
    ),
    "aurc_excess": Metric(
        partial(selective_figure, key="aurc_excess"),
        "E-AURC",
        "aurc less that of the best order",
        higher_is_better=False,
    ),
    "refusal_rate@0.01": Metric(
        partial(selective_figure, key="refusal_rate@0.01"),
        "ref.@1%",
        "irrelevant refused at 1% of mIoU lost",
    ),
    "refusal_rate@0.05": Metric(
        partial(selective_figure, key="refusal_rate@0.05"),
        "ref.@5%",
        "irrelevant refused at 5% of mIoU lost",
    ),
}
"""Every figure of a task by its key in results.json."""


def figures(outcomes: Sequence[QueryOutcome]) -> dict[str, float | None]:
    """Return every figure, None where it is not applicable.

    The keys are those of METRICS, then `f1_relevant/<level>`, `f1_irrelevant/<level>`,
    `f1_irrelevant/<group>` and `f1_irrelevant/<category>` of the slices that have queries, and
    `rt_iou/<level>`, `sbert/<level>` and `llm_score/<level>` of those that they apply to.

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
    return video_sums(
        table,
        columns=COLUMNS | explanation_columns() | level_columns(table),
        slices=queries_by_slice(table.outcomes),
        ranked=rank_queries(table),
    )


def evaluate(sums: Sums) -> dict[str, FloatArray]:
    """Evaluate every metric and slice on sums, NaN where not applicable."""
    with np.errstate(divide="ignore", invalid="ignore"):
        evaluated = {key: metric.function(sums) for key, metric in METRICS.items()}
        for name in sums:
            key, _, part = name.partition(":")
            if part == "size":
                size, hits = slice_columns(key)
                evaluated[key] = relevance.f1_within_slice(n_class=sums[size], hits=sums[hits])
            elif "/" in key and part == explanation_sums.APPLICABLE:
                evaluated[key] = explanation_sums.mean_score(sums, key=key)
    return evaluated
