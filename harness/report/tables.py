"""The tables of the terminal: results in the paper's column order, levels, categories.

Below each model stand the bounds of its 95% intervals, then its floors. Nothing is wider than 80
columns unless `width` allows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from rarft.harness.report.columns import (
    COLUMNS,
    EXPLANATION_COLUMNS,
    FLAG,
    NOT_APPLICABLE,
    OWN_COLUMNS,
    PAPER_COLUMNS,
    SELECTIVE_COLUMNS,
    Column,
    Figure,
    cell,
    count_of,
    figure_of,
    is_flagged,
    percent,
    present,
    written,
)
from rarft.harness.report.markdown import markdown_table
from rarft.harness.report.rows import FLOORS, Row, footnotes, judge_notes, task_rows
from rarft.harness.report.schema import Results, Scores
from rarft.harness.report.slices import ALL_CATEGORY_SLICES, LEVEL_SLICES, present_slices

__all__ = ["category_table", "level_table", "markdown_table", "results_table"]

ONE_TABLE_WIDTH: Final = 120
INTERVAL_LABELS: Final = ("  95% from", "      to")


def results_table(results: Results, *, width: int = 80) -> Table:
    """Return every task's scores: the model, its intervals, the floors on the same queries.

    From 120 columns on the first is one table; below, the paper's columns stand above ours.
    Explanations and thresholds have tables of their own where they apply.
    """
    blocks = [COLUMNS] if width >= ONE_TABLE_WIDTH else [PAPER_COLUMNS, OWN_COLUMNS]
    scores = list(results.results.values())
    own = (present(EXPLANATION_COLUMNS, scores), present(SELECTIVE_COLUMNS, scores))
    blocks += [columns for columns in own if columns]
    grid = Table.grid(expand=False)
    grid.add_column()
    for columns in blocks:
        grid.add_row(_score_table(results, columns))
    for note in _notes(results):
        grid.add_row(Text(note, style="dim"))
    return grid


def level_table(results: Results) -> Table:
    """Return F1 within each level, per task, beside the floors."""
    return _slice_table(results, LEVEL_SLICES, title="F1 within each level (%)")


def category_table(results: Results) -> Table:
    """Return F1-irrelevant within each group and category, per task, beside the floors."""
    return _slice_table(
        results, ALL_CATEGORY_SLICES, title="F1 irrelevant within each category (%)"
    )


def _score_table(results: Results, columns: Sequence[Column]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    # The name may wrap but is never cut: a status such as "untrained" stands at its end.
    table.add_column("\nmodel", overflow="fold", min_width=14)
    previous = ""
    for column in columns:
        group = column.group if column.group != previous else ""
        table.add_column(f"{group}\n{column.label}", justify="right", no_wrap=True, min_width=6)
        previous = column.group
    for task in results.tasks:
        if not _applies(columns, results.results[task]):
            continue
        n_queries = count_of(results.results[task], "n_queries")
        size = "" if n_queries is None else f", n={n_queries}"
        table.add_row(Text(task + size, style="bold underline"))
        for row in task_rows([results], task):
            if _applies(columns, row.scores):
                _add_score_rows(table, row, columns)
        table.add_section()
    return table


def _applies(columns: Sequence[Column], scores: Scores) -> bool:
    """Whether a block of columns says anything of a row; the blocks of every table always do."""
    return columns[0] in COLUMNS or bool(present(columns, [scores]))


def _add_score_rows(table: Table, row: Row, columns: Sequence[Column]) -> None:
    style = "bold" if row.kind == "model" else "dim"
    table.add_row(Text(row.label), *(cell(row.scores, column) for column in columns), style=style)
    if row.kind != "model":
        return
    figures = [
        figure_of(row.scores, column.key) if column.is_figure else None for column in columns
    ]
    for label, bounds in zip(INTERVAL_LABELS, _bounds(figures, columns), strict=True):
        if any(bounds):
            table.add_row(label, *bounds, style="dim")


def _bounds(
    figures: Sequence[Figure | None], columns: Sequence[Column]
) -> tuple[list[str], list[str]]:
    pairs = [(one.low, one.high) if one else (None, None) for one in figures]
    lows = [
        written(low, c) if low is not None else ""
        for (low, _), c in zip(pairs, columns, strict=True)
    ]
    highs = [
        written(high, c) if high is not None else ""
        for (_, high), c in zip(pairs, columns, strict=True)
    ]
    return lows, highs


def _notes(results: Results) -> list[str]:
    notes = [
        f"Figures in %, {NOT_APPLICABLE} is not applicable; 95% intervals resample videos.",
        *(
            [f"Only {results.asked} of the queries of each task (--limit)."]
            if results.asked
            else []
        ),
    ]
    rows = {task: task_rows([results], task) for task in results.tasks}
    for task, own in rows.items():
        notes += [f"{task}: {note}" for note in footnotes(own)]
    return notes + judge_notes([results])


def _slice_table(results: Results, slices: dict[str, str], *, title: str) -> Table:
    caption = (
        "Within a slice all queries share a class: F1 = 2r / (1 + r), r the recall of that class."
    )
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
        title=title,
        caption=caption,
        caption_justify="left",
    )
    table.add_column(Text(results.model.label), overflow="fold", min_width=20)
    for label in ("F1", "from", "to", *FLOORS.values()):
        table.add_column(label.replace(" ", "\n"), justify="right", min_width=6)
    for task in results.tasks:
        rows = task_rows([results], task)
        present = present_slices(rows, slices)
        if present:
            table.add_row(Text(task, style="bold underline"))
        for key, label in present.items():
            table.add_row(label, *_slice_cells(rows, key))
        table.add_section()
    return table


def _slice_cells(rows: Sequence[Row], key: str) -> list[str]:
    model = rows[0]
    figure = figure_of(model.scores, key)
    mark = FLAG if figure and is_flagged(model.scores) else ""
    floors = {row.key: figure_of(row.scores, key) for row in rows if row.kind == "floor"}
    return [
        percent(figure.value if figure else None) + mark,
        percent(figure.low if figure else None),
        percent(figure.high if figure else None),
        *(percent(one.value if (one := floors.get(name)) else None) for name in FLOORS),
    ]
