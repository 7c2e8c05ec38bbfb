"""The columns of the board: those of every table of the harness, and what a run costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rarft.harness.metrics import METRICS
from rarft.harness.report.blocks import EXPLANATION_COLUMNS, SELECTIVE_COLUMNS
from rarft.harness.report.columns import OWN_COLUMNS, PAPER_COLUMNS, Column
from rarft.leaderboard.ranking.blind_restricted import BLIND_WRONG

Unit = Literal["percent", "plain", "0-5", "usd", "seconds", "count"]

IN_PAPER: Final = frozenset(
    {*(column.key for column in PAPER_COLUMNS), "rt_iou", "sbert", "llm_score"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardColumn:
    """One column; `measure` is what a judge has to say for it, where it rests on a judge."""

    key: str
    group: str
    label: str
    title: str
    unit: Unit
    higher_is_better: bool | None
    digits: int
    paper: bool = False
    ranked: bool = False
    measure: str = ""

    def shown(self, value: float) -> float:
        """Return a figure in the unit of the column, rounded to its digits.

        Example:
            >>> column_of("f1_avg").shown(0.71518), column_of("llm_score/strong").shown(2.504)
            (71.5, 2.5)
        """
        scale = 100.0 if self.unit == "percent" else 1.0
        # Adding 0.0 turns a rounded negative zero into zero.
        return round(value * scale, self.digits) + 0.0


def _of_figure(column: Column) -> BoardColumn:
    metric = METRICS[column.key]
    is_percent = column.kind == "fraction"
    return BoardColumn(
        key=column.key,
        group=column.group,
        label=column.label,
        title=column.title,
        unit="percent" if is_percent else "0-5" if metric.scale == "score" else "plain",
        higher_is_better=metric.higher_is_better,
        digits=1 if is_percent else column.digits,
        paper=column.key in IN_PAPER,
        ranked=True,
        measure=column.measure,
    )


def _counted(key: str, group: str, label: str, title: str, unit: Unit, digits: int) -> BoardColumn:
    return BoardColumn(
        key=key,
        group=group,
        label=label,
        title=title,
        unit=unit,
        higher_is_better=False,
        digits=digits,
    )


BLIND_COLUMN: Final = BoardColumn(
    key=BLIND_WRONG,
    group="F1",
    label="blind wrong",
    title="Mean F1 on the queries whose class a classifier of texts gets wrong",
    unit="percent",
    higher_is_better=True,
    digits=1,
    ranked=True,
)
RUN_COLUMNS: Final = (
    _counted("unparsed", "replies", "unp.", "Replies that no rule could read", "percent", 1),
    _counted("missing", "replies", "miss.", "Queries without a stored reply", "count", 0),
    _counted("failed", "replies", "fail.", "Queries whose request failed", "count", 0),
    _counted("unscored", "replies", "unsc.", "Refusals that no judge scored", "percent", 1),
    _counted(
        "usd_per_1000", "cost", "USD", "US dollars for 1,000 queries, judges not counted", "usd", 2
    ),
    _counted(
        "prompt_tokens", "cost", "in", "Tokens of a prompt, frames among them, mean", "count", 0
    ),
    _counted("new_tokens", "cost", "out", "Tokens of a reply, mean", "count", 0),
    _counted(
        "seconds", "cost", "s", "Seconds a query, mean, on the hardware of the row", "seconds", 2
    ),
)
"""What a run is like beside its figures; nothing is ranked by these."""

_OWN: Final = tuple(_of_figure(column) for column in OWN_COLUMNS if column.is_figure)
BOARD_COLUMNS: Final = (
    *(_of_figure(column) for column in PAPER_COLUMNS),
    BLIND_COLUMN,
    *_OWN,
    *(_of_figure(column) for column in EXPLANATION_COLUMNS),
    *(_of_figure(column) for column in SELECTIVE_COLUMNS),
    *RUN_COLUMNS,
)
_BY_KEY: Final = {column.key: column for column in BOARD_COLUMNS}


def column_of(key: str) -> BoardColumn:
    """Return the column that says how a figure is written; a slice is written as its figure.

    Example:
        >>> column_of("f1_irrelevant/Scene").unit, column_of("sbert").digits
        ('percent', 2)
    """
    return _BY_KEY[key.partition("/")[0]]
