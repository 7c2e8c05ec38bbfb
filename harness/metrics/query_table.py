"""The outcomes of a task as columns: what every sum over queries is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rarft.harness.metrics.explanations import EXPLANATION_KEYS, NOT_APPLICABLE
from rarft.harness.metrics.outcomes import QueryOutcome

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryTable:
    """Outcomes as columns, in the order of their videos and ids.

    Shape: every array is (n_queries,), the pair arrays (n_pairs,). `relevant`, `irrelevant`,
    `grounded` and `refused` are false for queries that are not scored; `iou` is NaN where unknown.
    `video` numbers the sorted names of the videos. `pair_relevant` and `pair_irrelevant` are the
    positions of the two queries of each pair. `explanations` of shape (n_queries, n_keys) has a
    column for each of EXPLANATION_KEYS; it, `score` and `candidate_iou` are NaN where there is no
    value. `unscored` of the same shape marks the values that no judge gave although they apply.
    """

    outcomes: tuple[QueryOutcome, ...]
    video: NDArray[np.intp]
    relevant: BoolArray
    irrelevant: BoolArray
    grounded: BoolArray
    refused: BoolArray
    iou: FloatArray
    pair_relevant: NDArray[np.intp]
    pair_irrelevant: NDArray[np.intp]
    explanations: FloatArray
    unscored: BoolArray
    corrects: BoolArray
    score: FloatArray
    candidate_iou: FloatArray


def query_table(outcomes: Sequence[QueryOutcome]) -> QueryTable:
    """Lay outcomes out as columns, sorted so that no sum depends on their order."""
    ordered = sorted(outcomes, key=lambda one: (one.video, one.query_id))
    number = {video: index for index, video in enumerate(dict.fromkeys(o.video for o in ordered))}
    relevant = np.array([one.relevant for one in ordered], dtype=bool)
    scored = np.array([one.counts_as is not None for one in ordered], dtype=bool)
    pair_relevant, pair_irrelevant = _pairs(ordered)
    return QueryTable(
        outcomes=tuple(ordered),
        video=np.array([number[one.video] for one in ordered], dtype=np.intp),
        relevant=relevant & scored,
        irrelevant=~relevant & scored,
        grounded=np.array([one.counts_as == "grounded" for one in ordered], dtype=bool),
        refused=np.array([one.counts_as == "refused" for one in ordered], dtype=bool),
        iou=_optional([one.iou for one in ordered]),
        pair_relevant=pair_relevant,
        pair_irrelevant=pair_irrelevant,
        explanations=_optional(
            [(one.explanation or NOT_APPLICABLE).values for one in ordered]
        ).reshape(-1, len(EXPLANATION_KEYS)),
        unscored=_unscored(ordered),
        corrects=np.array([one.corrects for one in ordered], dtype=bool),
        score=_optional([one.relevance_score for one in ordered]),
        candidate_iou=_optional([one.candidate_iou for one in ordered]),
    )


def _optional(values: Sequence[float | None] | Sequence[tuple[float | None, ...]]) -> FloatArray:
    """Return numbers as an array, NaN where there is none."""
    return np.array(values, dtype=np.float64)


def _unscored(outcomes: Sequence[QueryOutcome]) -> BoolArray:
    marked = np.zeros((len(outcomes), len(EXPLANATION_KEYS)), dtype=bool)
    for index, one in enumerate(outcomes):
        if one.explanation is not None and one.explanation.unscored:
            marked[index] = [key in one.explanation.unscored for key in EXPLANATION_KEYS]
    return marked


def _pairs(outcomes: Sequence[QueryOutcome]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of both queries of each record that has exactly one of each class."""
    records: dict[str, tuple[list[int], list[int]]] = {}
    for index, one in enumerate(outcomes):
        records.setdefault(one.record, ([], []))[one.relevant].append(index)
    pairs = [(r[0], i[0]) for i, r in records.values() if len(i) == len(r) == 1]
    positions = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return positions[:, 0], positions[:, 1]
