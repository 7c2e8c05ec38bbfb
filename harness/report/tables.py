"""The tables of the terminal: results in the paper's column order, levels, categories.

Below each model stand the bounds of its 95% intervals, then its floors. Nothing is wider than 80
columns unless `width` allows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rarft.harness.report.blocks import Block, blocks
from rarft.harness.report.columns import (
    FLAG,
    NOT_APPLICABLE,
    OWN_COLUMNS,
    PAPER_COLUMNS,
    Column,
    Figure,
    cell,
    count_of,
    figure_of,
    is_flagged,
    percent,
    written,
)
from rarft.harness.report.judges import judge_notes
from rarft.harness.report.markdown import markdown_table
from rarft.harness.report.rows import FLOORS, Row, footnotes, task_rows
from rarft.harness.report.schema import Results
from rarft.harness.report.slices import ALL_CATEGORY_SLICES, LEVEL_SLICES, present_slices

__all__ = ["category_table", "level_table", "markdown_table", "results_table"]

ONE_TABLE_WIDTH: Final = 120
MEASURING_WIDTH: Final = 10_000
INTERVAL_LABELS: Final = ("  95% from", "      to")


def results_table(results: Results, *, width: int = 80) -> Table:
    """Return every task's scores: the model, its intervals, the floors on the same queries.

    From 120 columns on the first is one table; below, the paper's columns stand above ours.
    Explanations and thresholds have tables of their own where they apply.
    """
    grid = Table.grid(expand=False)
    grid.add_column()
    first, *others = blocks([results], by_level=False)
    parts = (
        [first]
        if width >= ONE_TABLE_WIDTH
        else [replace(first, columns=own) for own in (PAPER_COLUMNS, OWN_COLUMNS)]
    )
    for block in others:
        parts += _fitting(results, block, width=width)
    for part in parts:
        grid.add_row(_score_table(results, part))
    for note in _notes(results, others):
        grid.add_row(Text(note, style="dim"))
    return grid


def _fitting(results: Results, block: Block, *, width: int) -> list[Block]:
    """Return a block as it is, or as one block a group of columns where it is too wide."""
    needed = Console(width=MEASURING_WIDTH).measure(_score_table(results, block)).maximum
    if needed <= width:
        return [block]
    groups = dict.fromkeys(column.group for column in block.columns)
    return [
        replace(block, columns=tuple(one for one in block.columns if one.group == group))
        for group in groups
    ]


def level_table(results: Results) -> Table:
    """Return F1 within each level, per task, beside the floors."""
    return _slice_table(results, LEVEL_SLICES, title="F1 within each level (%)")


def category_table(results: Results) -> Table:
    """Return F1-irrelevant within each group and category, per task, beside the floors."""
    return _slice_table(
        results, ALL_CATEGORY_SLICES, title="F1 irrelevant within each category (%)"
    )


def _score_table(results: Results, block: Block) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
        title=block.title or None,
        title_justify="left",
    )
    # The name may wrap but is never cut: a status such as "untrained" stands at its end.
    table.add_column("\nmodel", overflow="fold", min_width=14)
    previous = ""
    for column in block.columns:
        group = column.group if column.group != previous else ""
        table.add_column(f"{group}\n{column.label}", justify="right", no_wrap=True, min_width=6)
        previous = column.group
    for task in results.tasks:
        if not block.applies(results.results[task]):
            continue
        n_queries = count_of(results.results[task], "n_queries")
        size = "" if n_queries is None else f", n={n_queries}"
        table.add_row(Text(task + size, style="bold underline"))
        for row in task_rows([results], task):
            if block.applies(row.scores):
                _add_score_rows(table, row, block.columns)
        table.add_section()
    return table


def _add_score_rows(table: Table, row: Row, columns: Sequence[Column]) -> None:
    style = "bold" if row.kind == "model" else "dim"
    table.add_row(Text(row.name), *(cell(row.scores, column) for column in columns), style=style)
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
    """Return the lower and the upper bounds, empty where there is none."""
    pairs = list(zip(figures, columns, strict=True))
    lows = [_bound(one.low if one else None, column) for one, column in pairs]
    highs = [_bound(one.high if one else None, column) for one, column in pairs]
    return lows, highs


def _bound(value: float | None, column: Column) -> str:
    return "" if value is None else written(value, column)


def _notes(results: Results, others: Sequence[Block]) -> list[str]:
    notes = [f"Figures in %, {NOT_APPLICABLE} is not applicable; 95% intervals resample videos."]
    notes += [f"{block.title}: {block.note}" for block in others if block.note]
    if results.asked:
        notes.append(f"Only {results.asked} of the queries of each task (--limit).")
    for task in results.tasks:
        notes += [f"{task}: {note}" for note in footnotes(task_rows([results], task))]
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
            table.add_row(Text(_named(task, rows[0].prompt), style="bold underline"))
        for key, label in present.items():
            table.add_row(label, *_slice_cells(rows, key))
        table.add_section()
    return table


def _named(task: str, prompt: str) -> str:
    return f"{task}, {prompt}" if prompt else task


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
