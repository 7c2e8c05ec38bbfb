"""The figures of explanations, and the sums that they need.

Each figure has an average over all irrelevant queries that it applies to, and one over those that
were refused. A refusal that no judge could score is taken to be like those that were scored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from rarft.harness.metrics.explanations import EXPLANATION_KEYS, ExplanationKey
from rarft.harness.metrics.query_table import BoolArray, FloatArray, QueryTable
from rarft.harness.metrics.sums import Sums
from rarft.harness.taxonomy import LEVELS

Column = Callable[[QueryTable], FloatArray | BoolArray]

LEVEL_KEYS: Final[tuple[ExplanationKey, ...]] = ("rt_iou", "sbert", "llm_score")
"""The figures that every level has too, as in the paper's Table 5."""
APPLICABLE: Final = "applicable"
"""The part of a sum's name, `<key>:applicable`, that every figure of explanations has."""


def mean_score(sums: Sums, *, key: str) -> FloatArray:
    """Return the mean of one figure over the irrelevant queries that it applies to.

    It is the mean of the scored refusals times the share of refusals: whatever is not refused
    counts 0. NaN where there are refusals and none is scored.
    """
    refused, scored = sums[f"{key}:refused"], sums[f"{key}:scored"]
    # Exactly 1 where every refusal is scored, which leaves the official average as it is.
    weight: FloatArray = np.where(refused > 0, refused / scored, 1.0)
    return sums[f"{key}:sum"] * weight / sums[f"{key}:{APPLICABLE}"]


def mean_of_refused(sums: Sums, *, key: str) -> FloatArray:
    """Return the mean of one figure over the scored refusals of irrelevant queries."""
    return sums[f"{key}:sum"] / sums[f"{key}:scored"]


def mean_correction(sums: Sums) -> FloatArray:
    """Return the mean similarity of corrections, NaN where no reply corrects anything."""
    return np.where(sums["corrects"] > 0, mean_score(sums, key="correction_sim"), np.nan)


def explanation_columns() -> dict[str, Column]:
    """Return the columns of every figure of explanations."""
    columns: dict[str, Column] = {"corrects": lambda table: table.corrects}
    for index, key in enumerate(EXPLANATION_KEYS):
        columns |= _columns(key, index, lambda table: table.irrelevant)
    return columns


def level_columns(table: QueryTable) -> dict[str, Column]:
    """Return the columns of `rt_iou/<level>` and its like, of the levels that they apply to."""
    levels = np.array([one.level or "" for one in table.outcomes], dtype=str)
    columns: dict[str, Column] = {}
    for index, key in enumerate(EXPLANATION_KEYS):
        applicable = table.irrelevant & _applies(table, index)
        if key not in LEVEL_KEYS or not applicable.any():
            continue
        for level in LEVELS:
            members = applicable & (levels == level)
            if members.any():
                columns |= _columns(f"{key}/{level}", index, _constant(members))
    return columns


def _columns(key: str, index: int, members: Callable[[QueryTable], BoolArray]) -> dict[str, Column]:
    """Return the four columns of the means of one figure over some queries."""

    def applicable(table: QueryTable) -> BoolArray:
        return members(table) & _applies(table, index)

    def scored(table: QueryTable) -> BoolArray:
        known: BoolArray = ~np.isnan(table.explanations[:, index])
        return members(table) & table.refused & known

    return {
        f"{key}:{APPLICABLE}": applicable,
        f"{key}:refused": lambda table: applicable(table) & table.refused,
        f"{key}:scored": scored,
        f"{key}:sum": lambda table: np.where(scored(table), table.explanations[:, index], 0.0),
    }


def _applies(table: QueryTable, index: int) -> BoolArray:
    """Mark the queries that a figure applies to, scored or not."""
    applies: BoolArray = ~np.isnan(table.explanations[:, index]) | table.unscored[:, index]
    return applies


def _constant(members: BoolArray) -> Callable[[QueryTable], BoolArray]:
    return lambda _table: members
