"""The slices of the F1 scores: levels, category groups and categories.

Within a slice every query has the same class, so precision is 1 and F1 = 2r / (1 + r) with r the
recall of that class. The paper's Table 6 scores its levels so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rarft.harness.report.columns import figure_of
from rarft.harness.report.rows import Row
from rarft.harness.taxonomy import GROUPS

LEVEL_SLICES: Final = {
    "f1_relevant/original": "original",
    "f1_irrelevant/strong": "strong",
    "f1_irrelevant/moderate": "moderate",
    "f1_irrelevant/weak": "weak",
    "f1_irrelevant/shuffled": "shuffled",
}
"""Every level's key with its label."""

GROUP_SLICES: Final = {f"f1_irrelevant/{group}": group for group in GROUPS}
CATEGORY_SLICES: Final = {
    f"f1_irrelevant/{group}/{child}": child
    for group, children in GROUPS.items()
    for child in children
}
ALL_CATEGORY_SLICES: Final = {
    f"f1_irrelevant/{path}": label
    for group, children in GROUPS.items()
    for path, label in [(group, group), *((f"{group}/{child}", f"  {child}") for child in children)]
}
"""Each group followed by its categories, which are indented."""


def present_slices(rows: Iterable[Row], slices: dict[str, str]) -> dict[str, str]:
    """Keep the slices that some model row has a figure for."""
    scores = [row.scores for row in rows if row.kind == "model"]
    return {
        key: label
        for key, label in slices.items()
        if any(figure_of(one, key) is not None for one in scores)
    }
