"""Every figure is a function of sums over queries; here are the sums, per video.

Sums per video serve the figures (added up) and their intervals (added up with the weights of a
resample), so both come from the same formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rarft.harness.metrics.query_table import BoolArray, FloatArray, QueryTable
from rarft.harness.metrics.ranked_queries import RankedQueries
from rarft.harness.metrics.threshold_figures import selective_figures

Sums = Mapping[str, FloatArray]
"""Named sums, each of one shape: () for all queries, (n_resamples,) for resamples."""

THRESHOLDS: Final = (0.3, 0.5, 0.7)
PAIR_THRESHOLD: Final = 0.5


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
    """Sums of the columns over each video's queries. Shape: matrix (n_videos, n_columns).

    `ranked` holds the queries by their relevance scores, for the figures that are no functions of
    sums over videos; it is None where these do not apply.
    """

    names: tuple[str, ...]
    matrix: FloatArray
    ranked: RankedQueries | None = None

    def named(self, matrix: FloatArray) -> dict[str, FloatArray]:
        """Return the columns of a matrix by name. Shape: matrix (..., n_columns)."""
        return {name: matrix[..., index] for index, name in enumerate(self.names)}

    def total(self) -> dict[str, FloatArray]:
        """Return the sums over all videos, and the figures of selective prediction."""
        drawn_once = self.selective(np.ones((1, len(self.matrix))))
        return self.named(self.matrix.sum(axis=0)) | {k: v[0] for k, v in drawn_once.items()}

    def selective(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Return the figures of selective prediction. Shape: weights (n_resamples, n_videos)."""
        return {} if self.ranked is None else selective_figures(self.ranked, weights)

    def of_scored_videos(self) -> VideoSums:
        """Leave out the videos without a scored query."""
        sums = self.named(self.matrix)
        scored = sums["relevant"] + sums["irrelevant"] > 0
        ranked = self.ranked
        if ranked is not None:
            ranked = replace(ranked, video=(np.cumsum(scored) - 1)[ranked.video])
        return replace(self, matrix=self.matrix[scored], ranked=ranked)


def video_sums(
    table: QueryTable,
    *,
    columns: Mapping[str, Callable[[QueryTable], FloatArray | BoolArray]] = COLUMNS,
    slices: Mapping[str, Sequence[int]] | None = None,
    ranked: RankedQueries | None = None,
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
    matrix = np.stack(list(summed.values()), axis=1)
    return VideoSums(names=tuple(summed), matrix=matrix, ranked=ranked)


def slice_columns(key: str) -> tuple[str, str]:
    """Name the two sums of a slice: its queries, and those that were told right."""
    return f"{key}:size", f"{key}:hits"


def selective_figure(sums: Sums, *, key: str) -> FloatArray:
    """Return what `VideoSums.selective` put beside the sums, NaN where it put nothing."""
    return sums[key] if key in sums else np.full_like(sums["relevant"], np.nan)


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
