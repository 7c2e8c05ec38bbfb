"""The paper's Tables 1 to 12 as reported figures: each with its table, and with what is doubtful.

paper.json holds every printed number, each with its table. A cell is uncertain where the text that
it was read from does not settle its column or row, or where the rest of its row rules it out. Notes
say why, and where else the paper contradicts itself or its repository.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from rarft.harness.models.card import Family

SHIPPED: Final = Path(__file__).with_name("paper.json")

CellStatus = Literal["certain", "uncertain"]

_NOT_PERCENT: Final = ("sbert", "llm_score")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSource:
    """The paper that the figures are taken from."""

    title: str
    authors: str
    venue: str
    arxiv: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTable:
    """One table: its number, what it is about, and the tasks it has figures of."""

    table: str
    title: str
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """One method of the paper; `size` is in words such as "7B", empty where there is none."""

    id: str
    method: str
    family: Family
    size: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperCell:
    """One printed number.

    `row` is a method of `Paper.rows`, `column` a key of the results such as `f1_irrelevant` or
    `llm_score/strong`, and `task` is empty where the table names no set. `value` is as printed: a
    percentage, but for `sbert` (0 to 1) and `llm_score` (0 to 5).
    """

    table: str
    row: str
    task: str
    column: str
    value: float
    status: CellStatus
    block: str = ""
    note: str = ""

    @property
    def figure(self) -> float:
        """Return the number in the unit of results.json, where percentages are fractions.

        Example:
            >>> cell = PaperCell(
            ...     table="1", row="Time-R1", task="hi_charades", column="ra_iou@0.5",
            ...     value=50.9, status="certain",
            ... )
            >>> cell.figure
            0.509
        """
        measure, _, _ = self.column.partition("/")
        return self.value if measure in _NOT_PERCENT else round(self.value / 100, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The paper's tables: what they are about, the methods in them, and their numbers."""

    source: PaperSource
    tables: tuple[PaperTable, ...]
    rows: tuple[PaperRow, ...]
    cells: tuple[PaperCell, ...]


@cache
def read_paper() -> Paper:
    """Read the shipped transcription of the paper's tables.

    Example:
        >>> paper = read_paper()
        >>> [table.table for table in paper.tables][-1], paper.source.arxiv
        ('12', '2511.23151')
        >>> paper.rows[6].id
        'paper:time_r1+ra_rft'
    """
    content: dict[str, Any] = json.loads(SHIPPED.read_text(encoding="utf-8"))
    return Paper(
        source=PaperSource(**content["source"]),
        tables=tuple(
            PaperTable(**{**table, "tasks": tuple(table["tasks"])}) for table in content["tables"]
        ),
        rows=tuple(PaperRow(**row) for row in content["rows"]),
        cells=tuple(PaperCell(**cell) for cell in content["cells"]),
    )


def certain_cells(paper: Paper) -> tuple[PaperCell, ...]:
    """Return the cells that are settled, in which only a note may name a contradiction.

    Example:
        >>> certain = certain_cells(read_paper())
        >>> len(certain) < len(read_paper().cells), {cell.status for cell in certain}
        (True, {'certain'})
    """
    return tuple(cell for cell in paper.cells if cell.status == "certain")


def cells_of(paper: Paper, row: PaperRow, *, task: str) -> dict[str, PaperCell]:
    """Return a method's figures on a task by column.

    Where two tables print the same figure the first table's cell is returned, but for a certain
    one, which goes before an uncertain one.

    Example:
        >>> paper = read_paper()
        >>> figures = cells_of(paper, paper.rows[6], task="hi_activitynet")
        >>> figures["f1_avg"].value, figures["f1_avg"].table
        (76.3, '1')
        >>> figures["rt_iou"].value, figures["rt_iou"].table
        (37.1, '9')
    """
    chosen: dict[str, PaperCell] = {}
    for cell in sorted(paper.cells, key=lambda cell: cell.status != "certain"):
        if cell.row == row.method and cell.task == task:
            chosen.setdefault(cell.column, cell)
    return chosen
