"""One figure of one row as the site shows it: in full, and packed as the board's list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from rarft.leaderboard.ranking.standings import Standing
from rarft.leaderboard.site_data.board_columns import BoardColumn

Flag = Literal["uncertain", "reported", "incomplete", "unscored", "other_conditions", "at_floor"]
FLAG_BITS: Final[dict[Flag, int]] = {
    "uncertain": 1,
    "reported": 2,
    "incomplete": 4,
    "unscored": 8,
    "other_conditions": 16,
    "at_floor": 32,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFigure:
    """A figure on its own scale, its 95% interval, its place, and what to know of it.

    `note` is what a reader must know, `source` the table of a paper.
    """

    value: float
    low: float | None = None
    high: float | None = None
    rank: int | None = None
    first: int | None = None
    last: int | None = None
    flags: tuple[Flag, ...] = ()
    note: str = ""
    source: str = ""

    def placed(self, standing: Standing | None) -> ShownFigure:
        """Return the figure with its place, unchanged without one."""
        if standing is None:
            return self
        flags = (*self.flags, "at_floor") if standing.at_floor else self.flags
        return replace(
            self, rank=standing.rank, first=standing.first, last=standing.last, flags=flags
        )

    def flagged(self, flag: Flag) -> ShownFigure:
        """Return the figure with one more flag."""
        return replace(self, flags=(*self.flags, flag))


def packed(figure: ShownFigure, column: BoardColumn, notes: dict[str, int]) -> list[Any]:
    """Return a figure as the list that the board holds, and number its note.

    Example:
        >>> from rarft.leaderboard.site_data.board_columns import column_of
        >>> packed(ShownFigure(value=0.7151, low=0.65, high=0.772, rank=1), column_of("f1_avg"), {})
        [71.5, 65.0, 77.2, 1]
        >>> packed(ShownFigure(value=0.5, flags=("reported",)), column_of("f1_avg"), {})
        [50.0, None, None, None, None, None, 2]
    """
    bounds = [None if bound is None else column.shown(bound) for bound in (figure.low, figure.high)]
    note = notes.setdefault(figure.note, len(notes)) if figure.note else None
    flags = sum(FLAG_BITS[flag] for flag in figure.flags) or None
    held = [
        column.shown(figure.value),
        *bounds,
        figure.rank,
        figure.first,
        figure.last,
        flags,
        note,
    ]
    return _trimmed(held)


def figure_record(figure: ShownFigure) -> dict[str, Any]:
    """Return a figure as an object that leaves out what it does not have."""
    held: dict[str, Any] = {
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "rank": figure.rank,
        "first": figure.first,
        "last": figure.last,
        "flags": list(figure.flags) or None,
        "note": figure.note or None,
        "source": figure.source or None,
    }
    return {key: value for key, value in held.items() if value is not None}


def _trimmed(held: Sequence[Any]) -> list[Any]:
    length = max(place for place, value in enumerate(held, 1) if value is not None)
    return list(held[:length])
