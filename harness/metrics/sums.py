"""Every figure is a function of sums over queries; here are the sums, per video.

Sums per video serve the figures (added up) and their intervals (added up with the weights of a
resample), so both come from the same formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.metrics.outcomes import QueryOutcome

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Sums = Mapping[str, FloatArray]
"""Named sums, each of one shape: () for all queries, (n_resamples,) for resamples."""

THRESHOLDS: Final = (0.3, 0.5, 0.7)
PAIR_THRESHOLD: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryTable:
    """Outcomes as columns, in the order of their videos and ids.

    Shape: every array is (n_queries,), the pair arrays (n_pairs,). `relevant`, `irrelevant`,
    `grounded` and `refused` are false for queries that are not scored; `iou` is NaN where unknown.
    `video` numbers the sorted names of the videos. `pair_relevant` and `pair_irrelevant` are the
    positions of the two queries of each pair.
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
        iou=np.array([np.nan if one.iou is None else one.iou for one in ordered], dtype=float),
        pair_relevant=pair_relevant,
        pair_irrelevant=pair_irrelevant,
    )


def _pairs(outcomes: Sequence[QueryOutcome]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of both queries of each record that has exactly one of each class."""
    records: dict[str, tuple[list[int], list[int]]] = {}
    for index, one in enumerate(outcomes):
        records.setdefault(one.record, ([], []))[one.relevant].append(index)
    pairs = [(r[0], i[0]) for i, r in records.values() if len(i) == len(r) == 1]
    positions = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return positions[:, 0], positions[:, 1]


def reached_column(threshold: float) -> str:
    """Name the sum of relevant queries whose IoU is at least the threshold."""
    return f"iou>={threshold}"


def reaches(threshold: float) -> Callable[[QueryTable], BoolArray]:
    """Return the column of relevant queries whose IoU is at least the threshold."""
    return lambda table: table.relevant & (table.iou >= threshold)


def _known_pairs(table: QueryTable) -> BoolArray:
    """Mark the relevant query of each pair whose two queries are scored and whose IoU is known."""
    known = table.relevant[table.pair_relevant] & table.irrelevant[table.pair_irrelevant]
    marked = np.zeros(len(table.outcomes), dtype=bool)
    marked[table.pair_relevant] = known & ~np.isnan(table.iou[table.pair_relevant])
    return marked


def _right_pairs(table: QueryTable) -> BoolArray:
    marked = np.zeros(len(table.outcomes), dtype=bool)
    marked[table.pair_relevant] = table.refused[table.pair_irrelevant]
    localised = table.grounded & (table.iou >= PAIR_THRESHOLD)
    return marked & _known_pairs(table) & localised


COLUMNS: Final[dict[str, Callable[[QueryTable], FloatArray | BoolArray]]] = {
    "relevant": lambda t: t.relevant,
    "irrelevant": lambda t: t.irrelevant,
    "relevant_grounded": lambda t: t.relevant & t.grounded,
    "relevant_refused": lambda t: t.relevant & t.refused,
    "irrelevant_grounded": lambda t: t.irrelevant & t.grounded,
    "irrelevant_refused": lambda t: t.irrelevant & t.refused,
    "iou_known": lambda t: t.relevant & ~np.isnan(t.iou),
    "iou_known_grounded": lambda t: t.relevant & t.grounded & ~np.isnan(t.iou),
    "iou_unknown_grounded": lambda t: t.relevant & t.grounded & np.isnan(t.iou),
    "iou_sum": lambda t: np.where(t.relevant, np.nan_to_num(t.iou, nan=0.0), 0.0),
    **{reached_column(threshold): reaches(threshold) for threshold in THRESHOLDS},
    "pairs": _known_pairs,
    "pairs_right": _right_pairs,
}
"""Every summed column: its value for each query. Shape: (n_queries,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSums:
    """Sums of the columns over each video's queries. Shape: matrix (n_videos, n_columns)."""

    names: tuple[str, ...]
    matrix: FloatArray

    def named(self, matrix: FloatArray) -> dict[str, FloatArray]:
        """Return the columns of a matrix by name. Shape: matrix (..., n_columns)."""
        return {name: matrix[..., index] for index, name in enumerate(self.names)}

    def total(self) -> dict[str, FloatArray]:
        """Return the sums over all videos."""
        return self.named(self.matrix.sum(axis=0))


def video_sums(
    table: QueryTable,
    *,
    columns: Mapping[str, Callable[[QueryTable], FloatArray | BoolArray]] = COLUMNS,
    slices: Mapping[str, Sequence[int]] | None = None,
) -> VideoSums:
    """Sum the columns, and the size and the hits of each slice, over each video's queries."""
    summed = {name: _per_video(table, column(table)) for name, column in columns.items()}
    scored = table.relevant | table.irrelevant
    right = np.where(table.relevant, table.grounded, table.refused) & scored
    for key, members in (slices or {}).items():
        inside = np.zeros(len(table.outcomes), dtype=bool)
        inside[list(members)] = True
        size, hits = slice_columns(key)
        summed[size] = _per_video(table, inside & scored)
        summed[hits] = _per_video(table, inside & right)
    return VideoSums(names=tuple(summed), matrix=np.stack(list(summed.values()), axis=1))


def slice_columns(key: str) -> tuple[str, str]:
    """Name the two sums of a slice: its queries, and those that were told right."""
    return f"{key}:size", f"{key}:hits"


def _per_video(table: QueryTable, values: FloatArray | BoolArray) -> FloatArray:
    n_videos = int(table.video.max(initial=-1)) + 1
    return np.bincount(table.video, weights=values, minlength=n_videos).astype(np.float64)


def evaluate_one(function: Callable[[Sums], FloatArray], sums: Sums) -> float | None:
    """Evaluate one figure on the sums over all queries, None where it is not applicable."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return known(float(function(sums)))


def known(value: float) -> float | None:
    """Return None for NaN, the value otherwise."""
    return None if np.isnan(value) else value
