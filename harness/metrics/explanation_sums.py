"""The figures of explanations, and the sums that they need.

Each figure has an average over all irrelevant queries that it applies to, and one over those that
were refused; what no judge could score is in neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from rarft.harness.metrics.explanations import EXPLANATION_KEYS, ExplanationKey
from rarft.harness.metrics.query_table import BoolArray, FloatArray, QueryTable
from rarft.harness.metrics.sums import Sums
from rarft.harness.taxonomy import LEVELS

Column = Callable[[QueryTable], FloatArray | BoolArray]

LEVEL_KEYS: Final[tuple[ExplanationKey, ...]] = ("rt_iou", "sbert", "llm_score")
"""The figures that every level has too, as in the paper's Table 5."""
N: Final = "n"


def mean_score(sums: Sums, *, key: str) -> FloatArray:
    """Return the mean of one figure of explanations over the queries that have a value."""
    size, total = mean_columns(key)
    return sums[total] / sums[size]


def mean_correction(sums: Sums) -> FloatArray:
    """Return the mean similarity of corrections, NaN where no reply corrects anything."""
    return np.where(sums["corrects"] > 0, mean_score(sums, key="correction_sim"), np.nan)


def mean_columns(key: str) -> tuple[str, str]:
    """Name the two sums of a mean: how many values there are, and their sum."""
    return f"{key}:{N}", f"{key}:sum"


def explanation_columns() -> dict[str, Column]:
    """Return the columns of every figure of explanations, over all queries and over refusals."""
    columns: dict[str, Column] = {"corrects": lambda table: table.corrects}
    for index, key in enumerate(EXPLANATION_KEYS):
        columns |= _columns(key, index, lambda table: table.irrelevant)
        columns |= _columns(f"{key}_refused", index, lambda t: t.irrelevant & t.refused)
    return columns


def level_columns(table: QueryTable) -> dict[str, Column]:
    """Return the columns of `rt_iou/<level>` and its like, of the levels that have a value."""
    levels = np.array([one.level or "" for one in table.outcomes], dtype=str)
    columns: dict[str, Column] = {}
    for index, key in _applicable(table):
        known = ~np.isnan(table.explanations[:, index])
        for level in LEVELS:
            members = table.irrelevant & (levels == level)
            if (members & known).any():
                columns |= _columns(f"{key}/{level}", index, _constant(members))
    return columns


def _applicable(table: QueryTable) -> Iterator[tuple[int, ExplanationKey]]:
    for index, key in enumerate(EXPLANATION_KEYS):
        if key in LEVEL_KEYS and not np.isnan(table.explanations[:, index]).all():
            yield index, key


def _columns(key: str, index: int, members: Callable[[QueryTable], BoolArray]) -> dict[str, Column]:
    """Return both columns of the mean of one figure over some queries."""
    size, total = mean_columns(key)

    def counted(table: QueryTable) -> BoolArray:
        known: BoolArray = members(table) & ~np.isnan(table.explanations[:, index])
        return known

    def summed(table: QueryTable) -> FloatArray:
        return np.where(counted(table), table.explanations[:, index], 0.0)

    return {size: counted, total: summed}


def _constant(members: BoolArray) -> Callable[[QueryTable], BoolArray]:
    return lambda _table: members
