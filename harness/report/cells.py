"""The cells of the page's tables, ready for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rarft.harness.metrics import METRICS
from rarft.harness.report.blocks import Block
from rarft.harness.report.columns import (
    NOT_APPLICABLE,
    Column,
    Figure,
    cell,
    figure_of,
    interval,
    percent,
)
from rarft.harness.report.rows import Row


@dataclass(frozen=True, slots=True)
class Cell:
    """A written figure; `under` says that a model's figure is not better than its best floor."""

    text: str
    interval: str = ""
    under: bool = False
    is_na: bool = False


@dataclass(frozen=True, slots=True)
class CellRow:
    """A row of cells with its label."""

    label: str
    kind: str
    run: int
    cells: tuple[Cell, ...]


def result_rows(rows: Sequence[Row], block: Block) -> list[CellRow]:
    """Return the rows of a task that a table says anything of, in the order of its columns."""
    return [
        CellRow(
            row.name,
            row.kind,
            row.run,
            tuple(_cell(row, column, rows) for column in block.columns),
        )
        for row in rows
        if block.applies(row.scores)
    ]


def slice_rows(
    rows: Sequence[Row], slices: Mapping[str, str], *, n_queries: Mapping[str, int]
) -> list[CellRow]:
    """Return one row per slice: its number of queries, then a cell per system."""
    written = []
    for key, label in slices.items():
        count = n_queries.get(key)
        size = Cell(NOT_APPLICABLE if count is None else str(count), is_na=count is None)
        cells = [_figure_cell(figure_of(row.scores, key)) for row in rows]
        written.append(CellRow(label, "slice", 0, (size, *cells)))
    return written


def _cell(row: Row, column: Column, rows: Sequence[Row]) -> Cell:
    shown = cell(row.scores, column)
    if not column.is_figure:
        return Cell(shown, is_na=shown == NOT_APPLICABLE)
    figure = figure_of(row.scores, column.key)
    under = row.kind == "model" and _is_under(figure, column.key, rows)
    return Cell(shown, interval(figure, column), under=under, is_na=figure is None)


def _is_under(figure: Figure | None, key: str, rows: Sequence[Row]) -> bool:
    floors = [figure_of(row.scores, key) for row in rows if row.kind == "floor"]
    bars = [floor.value for floor in floors if floor is not None]
    if figure is None or not bars:
        return False
    if METRICS[key.partition("/")[0]].higher_is_better:
        return figure.value <= max(bars)
    return figure.value >= min(bars)


def _figure_cell(figure: Figure | None) -> Cell:
    value = figure.value if figure else None
    return Cell(percent(value), interval(figure), is_na=figure is None)
