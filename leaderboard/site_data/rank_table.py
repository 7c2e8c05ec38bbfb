"""Where rows stand by one figure, as tables of the terminal."""

from __future__ import annotations

from difflib import get_close_matches

from rich.table import Table

from rarft.harness.errors import UserError
from rarft.harness.report.compare_tasks import higher_is_better
from rarft.harness.report.text_table import text_table
from rarft.leaderboard.entries import visible_text
from rarft.leaderboard.ranking.blind_restricted import BLIND_WRONG
from rarft.leaderboard.site_data.board_columns import BoardColumn, column_of
from rarft.leaderboard.site_data.measured_board import MeasuredBoard
from rarft.leaderboard.site_data.shown_figure import ShownFigure

_MARKS = {"uncertain": "?", "reported": "*", "incomplete": "†", "unscored": "‡", "at_floor": "_"}


def rank_tables(board: MeasuredBoard, *, by: str, task: str = "") -> list[Table]:
    """Return a table for each task, or for one, with the rows in the order of a figure.

    Raises:
        UserError: there is no such task, or no row has such a figure.
    """
    if task and task not in board.figures:
        known = ", ".join(board.figures)
        raise UserError(f"got --task {task}, expected one of {known}")
    shown = [task] if task else list(board.figures)
    keys = {key for name in shown for own in board.figures[name].values() for key in own}
    if by not in keys:
        near = get_close_matches(by, sorted(keys), n=1)
        hint = f", did you mean '{near[0]}'" if near else ""
        raise UserError(
            f"got --by {by}, which no row has{f' on {task}' if task else ''}, expected a figure "
            f"such as f1_avg{hint}; give another"
        )
    tables = []
    for name in shown:
        rows = {row: own[by] for row, own in board.figures[name].items() if by in own}
        if rows:
            tables.append(_table(board, name, by, rows))
    return tables


def _table(board: MeasuredBoard, task: str, by: str, rows: dict[str, ShownFigure]) -> Table:
    column = column_of(by)
    sign = 1.0 if by == BLIND_WRONG or higher_is_better(by) else -1.0
    ordered = sorted(rows.items(), key=lambda item: (-sign * item[1].value, item[0]))
    names = {row.id: row.about.name or row.results.model.label for row in board.rows}
    names |= {one.id: one.row.method for one in board.paper}
    return text_table(
        ("row", "rank", "ties", by, "95%", ""),
        [
            (
                visible_text(names[row]),
                str(figure.rank or ""),
                groups_text(figure),
                _written(figure.value, column),
                _interval(figure, column),
                "".join(_MARKS.get(flag, "") for flag in figure.flags),
            )
            for row, figure in ordered
        ],
        title=task,
    )


def groups_text(figure: ShownFigure) -> str:
    """Return the tie groups of a figure: rows that share a number cannot be told apart.

    Example:
        >>> groups_text(ShownFigure(value=0.5, rank=2, first=1, last=3))
        '1-3'
    """
    if figure.first is None:
        return ""
    return f"{figure.first}" if figure.first == figure.last else f"{figure.first}-{figure.last}"


def _written(value: float, column: BoardColumn) -> str:
    return f"{column.shown(value):.{column.digits}f}"


def _interval(figure: ShownFigure, column: BoardColumn) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{_written(figure.low, column)}–{_written(figure.high, column)}"
