"""Figures made of temporal overlap.

Source: RA-RFT (CVPR 2026), Section 4.2 and Supplementary A. The paper writes "greater than" for
R@m; its published evaluation code compares with `>=`, and so does this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.metrics.query_table import BoolArray, FloatArray, query_table
from rarft.harness.metrics.sums import (
    COLUMNS,
    Sums,
    evaluate_one,
    reached_column,
    reaches,
    video_sums,
)


def mean_ra_iou(sums: Sums) -> FloatArray:
    """Return mean RA-IoU: tIoU where both say relevant, 1 where both say irrelevant, else 0."""
    return _over_known(sums, sums["iou_sum"])


def recall(sums: Sums, *, threshold: float) -> FloatArray:
    """Return the share of queries whose RA-IoU is at least the threshold."""
    return _over_known(sums, sums[reached_column(threshold)])


def mean_iou_of_relevant(sums: Sums) -> FloatArray:
    """Return mean tIoU over all relevant queries; a refusal of one counts 0."""
    return np.where(iou_is_unknown(sums), np.nan, sums["iou_sum"] / sums["iou_known"])


def mean_iou_of_grounded(sums: Sums) -> FloatArray:
    """Return mean tIoU over the relevant queries that were grounded."""
    return sums["iou_sum"] / sums["iou_known_grounded"]


def share_of_right_pairs(sums: Sums) -> FloatArray:
    """Return the share of pairs whose two queries are both right, with tIoU at least 0.5."""
    return np.where(iou_is_unknown(sums), np.nan, sums["pairs_right"] / sums["pairs"])


def ra_iou(outcomes: Sequence[QueryOutcome]) -> float | None:
    """Return mean RA-IoU, the figure `ra_miou`; None where not applicable.

    Example:
        >>> from rarft.harness.types import Prediction, Query, Span
        >>> from rarft.harness.metrics import outcome
        >>> query = Query(id="1", task="t", video="a.mp4", text="a man cooks", relevant=True,
        ...               record="1", spans=(Span(0.0, 4.0),))
        >>> ra_iou([outcome(query, Prediction(kind="grounded", spans=(Span(0.0, 3.0),)))])
        0.75
    """
    return evaluate_one(mean_ra_iou, video_sums(query_table(outcomes)).total())


def recall_at(outcomes: Sequence[QueryOutcome], *, threshold: float) -> float | None:
    """Return the share of queries whose RA-IoU is at least the threshold.

    Example:
        >>> one = QueryOutcome(query_id="1", video="a.mp4", record="1", relevant=True,
        ...                    predicted="grounded", counts_as="grounded", iou=0.5)
        >>> recall_at([one], threshold=0.5)
        1.0
    """
    columns = {**COLUMNS, reached_column(threshold): reaches(threshold)}
    sums = video_sums(query_table(outcomes), columns=columns).total()
    return evaluate_one(partial(recall, threshold=threshold), sums)


def pair_accuracy(outcomes: Sequence[QueryOutcome]) -> float | None:
    """Return the share of relevant/irrelevant pairs that are both right, with tIoU at least 0.5.

    Example:
        >>> ground = QueryOutcome(query_id="1", video="a.mp4", record="1", relevant=True,
        ...                       predicted="grounded", counts_as="grounded", iou=0.6)
        >>> refuse = QueryOutcome(query_id="2", video="a.mp4", record="1", relevant=False,
        ...                       predicted="refused", counts_as="refused")
        >>> pair_accuracy([ground, refuse]), pair_accuracy([ground])
        (1.0, None)
    """
    return evaluate_one(share_of_right_pairs, video_sums(query_table(outcomes)).total())


def iou_is_unknown(sums: Sums) -> BoolArray:
    """Tell where the known IoUs say nothing about how the model localises.

    Without the second rule a model that grounds without spans and refuses some relevant queries
    would be scored on its refusals alone.
    """
    none_known = (sums["relevant"] > 0) & (sums["iou_known"] == 0)
    none_localised = (sums["iou_unknown_grounded"] > 0) & (sums["iou_known_grounded"] == 0)
    unknown: BoolArray = none_known | none_localised
    return unknown


def _over_known(sums: Sums, relevant_part: FloatArray) -> FloatArray:
    mean = (relevant_part + sums["irrelevant_refused"]) / (sums["iou_known"] + sums["irrelevant"])
    return np.where(iou_is_unknown(sums), np.nan, mean)
