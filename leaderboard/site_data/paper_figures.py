"""The paper's rows: shown beside the others with their table, never ranked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rarft.leaderboard.paper import Paper, PaperCell, PaperRow
from rarft.leaderboard.site_data.board_columns import column_of
from rarft.leaderboard.site_data.shown_figure import ShownFigure

UNNAMED_SET: Final = "unnamed_set"
"""The task of figures whose table does not name the set they were measured on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperBoardRow:
    """One method of the paper with its figures by task and key."""

    id: str
    row: PaperRow
    figures: Mapping[str, Mapping[str, ShownFigure]]


def paper_rows(paper: Paper) -> tuple[PaperBoardRow, ...]:
    """Return the paper's methods with their figures.

    Of a figure that several tables print, the first certain one counts; where another table prints
    another number, the note says so.
    """
    return tuple(
        PaperBoardRow(
            id=paper_id(row.id),
            row=row,
            figures=_by_task(cell for cell in paper.cells if cell.row == row.method),
        )
        for row in paper.rows
    )


def paper_id(row: str) -> str:
    """Return the id of a row of the paper on the board.

    Example:
        >>> paper_id("paper:time_r1+ra_rft")
        'paper-time_r1-ra_rft'
    """
    return "".join(one if one.isalnum() or one in "._-" else "-" for one in row)


def _by_task(cells: Iterable[PaperCell]) -> dict[str, dict[str, ShownFigure]]:
    held: dict[tuple[str, str], list[PaperCell]] = {}
    for cell in cells:
        held.setdefault((cell.task or UNNAMED_SET, cell.column), []).append(cell)
    figures: dict[str, dict[str, ShownFigure]] = {}
    for (task, key), printed in held.items():
        figures.setdefault(task, {})[key] = _figure(key, printed)
    return figures


def _figure(key: str, printed: list[PaperCell]) -> ShownFigure:
    first = next((cell for cell in printed if cell.status == "certain"), printed[0])
    figure = ShownFigure(
        value=first.figure, flags=("reported",), source=f"Table {first.table}", note=first.note
    )
    if first.status == "uncertain":
        figure = figure.flagged("uncertain")
    others = [
        f"Table {cell.table} prints {_printed(key, cell)}."
        for cell in printed
        if cell.value != first.value
    ]
    return replace(figure, note=" ".join(filter(None, (first.note, *others))))


def _printed(key: str, cell: PaperCell) -> str:
    return f"{cell.value:.{max(1, column_of(key).digits)}f}"
