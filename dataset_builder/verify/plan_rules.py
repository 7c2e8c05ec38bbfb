"""Do the edits of a rewrite fit its plan: as many elements, each along a planned category?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rarft.dataset_builder.types import Candidate, Finding
from rarft.dataset_builder.verify.edit import Edit
from rarft.harness.taxonomy import Level

CHECK: Final = "plan"
N_ELEMENTS: Final[dict[Level, int]] = {"strong": 1, "moderate": 2, "weak": 3}
"""Edited elements of each level (paper, Section 3.3)."""


def plan_findings(candidate: Candidate, edits: Sequence[Edit]) -> list[Finding]:
    """Return what does not fit the plan; several edits may belong to several categories each."""
    n_planned = N_ELEMENTS.get(candidate.level, len(candidate.categories))
    found = [
        Finding(reason="category", detail=f"{category} is planned and not edited", check=CHECK)
        for category in candidate.categories
        if not any(category in edit.categories for edit in edits)
    ]
    certain = [edit for edit in edits if edit.weight == "certain"]
    stray = [edit for edit in certain if not edit.categories & set(candidate.categories)]
    if stray and candidate.categories:
        found.append(
            Finding(
                reason="category",
                detail=f"{_said(stray[0])} is edited along none of the planned categories",
                check=CHECK,
            )
        )
    if len(certain) > n_planned or len(edits) < n_planned:
        n_edits = len(certain) if len(certain) > n_planned else len(edits)
        found.append(
            Finding(
                reason="level",
                detail=f"{n_edits} edited, {n_planned} planned: {_listed(edits)}",
                check=CHECK,
            )
        )
    elif not found and not _assigned(candidate.categories, edits):
        found.append(
            Finding(
                reason="category",
                detail=f"the planned categories share an edit: {_listed(edits)}",
                check=CHECK,
            )
        )
    return found


def _assigned(categories: Sequence[str], edits: Sequence[Edit]) -> bool:
    """Return whether every category can have an edit of its own."""
    taken: dict[int, str] = {}

    def place(category: str, tried: set[int]) -> bool:
        for at, edit in enumerate(edits):
            if category in edit.categories and at not in tried:
                tried.add(at)
                if at not in taken or place(taken[at], tried):
                    taken[at] = category
                    return True
        return False

    return all(place(category, set()) for category in categories)


def _said(edit: Edit) -> str:
    return f"'{edit.shown or '-'}' > '{edit.claimed or '-'}'"


def _listed(edits: Sequence[Edit]) -> str:
    return ", ".join(_said(edit) for edit in edits if edit.weight != "weak") or "nothing"
