"""The columns of every table, in the paper's order, and how a figure is written.

The first seven are the columns of Table 1 of the paper, the rest are ours. Fractions are written as
percentages with one decimal; similarities, LLM scores, AUROC and AURC as they are stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rarft.harness.report.schema import Scores, number_of

NOT_APPLICABLE: Final = "–"
FLAG: Final = "†"
UNSCORED: Final = "‡"
UNSCORED_SHOWN: Final = 0.01
"""The share of unscored queries above which a cell says it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a stored fraction or number, a count, or the share of unparsed replies.

    `measure` is what a judge has to say for the figure, where it rests on a judge, and `by` names
    that judge. A number has so many `digits` behind the point.
    """

    key: str
    label: str
    group: str
    kind: Literal["fraction", "number", "count", "share"] = "fraction"
    title: str = ""
    measure: str = ""
    by: str = ""
    digits: int = 2

    @property
    def is_figure(self) -> bool:
        """Whether the column holds a figure, which may have an interval."""
        return self.kind in ("fraction", "number")

    @property
    def heading(self) -> str:
        """Return the whole name, for where no group stands above it.

        Example:
            >>> Column("sbert", "SBERT", "irrelevant", by="all-MiniLM-L6-v2").heading
            'irrelevant SBERT (all-MiniLM-L6-v2)'
        """
        return f"{self.group} {self.label}" + (f" ({self.by})" if self.by else "")


FRACTION: Final = Column("", "", "")
"""How a figure outside a column is written, such as that of a slice."""
PAPER_COLUMNS: Final = (
    Column("ra_iou@0.3", "R@0.3", "RA-IoU", title="Relevance-aware recall at IoU 0.3"),
    Column("ra_iou@0.5", "R@0.5", "RA-IoU", title="Relevance-aware recall at IoU 0.5"),
    Column("ra_iou@0.7", "R@0.7", "RA-IoU", title="Relevance-aware recall at IoU 0.7"),
    Column("ra_miou", "mIoU", "RA-IoU", title="Relevance-aware mean IoU"),
    Column("f1_relevant", "re.", "F1", title="F1 of the relevant class"),
    Column("f1_irrelevant", "irre.", "F1", title="F1 of the irrelevant class"),
    Column("f1_avg", "avg.", "F1", title="Mean of the two F1 scores"),
)
OWN_COLUMNS: Final = (
    Column("miou_relevant", "rel.", "mIoU", title="Mean IoU over relevant queries, refusal 0"),
    Column("miou_grounded", "gr.", "mIoU", title="Mean IoU over grounded relevant queries"),
    Column(
        "pair_accuracy", "acc.", "pair", title="Pairs with both queries right, IoU at least 0.5"
    ),
    Column("n_unparsed", "unp.%", "replies", "share", "Share of replies that no rule could read"),
    Column("n_missing", "miss.", "replies", "count", "Queries without a stored reply"),
    Column("n_failed", "fail.", "replies", "count", "Queries whose request failed"),
)
COLUMNS: Final = PAPER_COLUMNS + OWN_COLUMNS
"""The columns that every table has."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A fraction with its 95% interval; a bound is None where no interval was stored."""

    value: float
    low: float | None = None
    high: float | None = None


def figure_of(scores: Scores, key: str) -> Figure | None:
    """Return a figure with its interval, or None where it is not applicable.

    Example:
        >>> figure_of({"f1_avg,none": 0.5, "f1_avg_ci_low,none": 0.4}, "f1_avg")
        Figure(value=0.5, low=0.4, high=None)
    """
    value = number_of(scores, key)
    if value is None:
        return None
    return Figure(value, number_of(scores, f"{key}_ci_low"), number_of(scores, f"{key}_ci_high"))


def percent(fraction: float | None) -> str:
    """Write a fraction as a percentage with one decimal.

    Example:
        >>> percent(0.5124), percent(None)
        ('51.2', '–')
    """
    if fraction is None:
        return NOT_APPLICABLE
    # Adding 0.0 turns a rounded negative zero into zero.
    return f"{round(100 * fraction, 1) + 0.0:.1f}"


def written(value: float | None, column: Column) -> str:
    """Write a figure as its column shows it.

    Example:
        >>> written(0.4251, FRACTION), written(0.4251, Column("sbert", "SBERT", "", "number"))
        ('42.5', '0.43')
    """
    if column.kind == "fraction" or value is None:
        return percent(value)
    # Adding 0.0 turns a rounded negative zero into zero.
    return f"{round(value, column.digits) + 0.0:.{column.digits}f}"


def interval(figure: Figure | None, column: Column = FRACTION) -> str:
    """Write the interval of a figure, empty where it has none.

    Example:
        >>> interval(Figure(0.5, 0.42, 0.581))
        '42.0–58.1'
    """
    if figure is None or figure.low is None or figure.high is None:
        return ""
    return f"{written(figure.low, column)}–{written(figure.high, column)}"


def count_of(scores: Scores, key: str) -> int | None:
    """Return a stored count such as `n_queries`, or None where it is absent."""
    value = number_of(scores, key)
    return None if value is None else int(value)


def unparsed_share(scores: Scores) -> float | None:
    """Return the share of unparsed replies among the scored ones.

    Example:
        >>> unparsed_share({"n_unparsed,none": 5, "n_scored,none": 50})
        0.1
    """
    n_scored = number_of(scores, "n_scored")
    if n_scored is None:
        n_scored = number_of(scores, "n_queries")
    n_unparsed = number_of(scores, "n_unparsed")
    return None if not n_scored or n_unparsed is None else n_unparsed / n_scored


def is_flagged(scores: Scores) -> bool:
    """Whether some queries have no reply, so that the figures rest on fewer than were asked."""
    return any(number_of(scores, key) for key in ("n_missing", "n_failed", "n_unjudged"))


def unscored_share(scores: Scores, measure: str) -> float:
    """Return the share of unscored queries among the irrelevant ones that a measure applies to.

    Example:
        >>> unscored_share({"n_judged_reasoning,none": 50, "n_unscored_reasoning,none": 5},
        ...                "reasoning")
        0.1
    """
    n_judged = number_of(scores, f"n_judged_{measure}")
    return (number_of(scores, f"n_unscored_{measure}") or 0.0) / n_judged if n_judged else 0.0


def lacks_judgements(scores: Scores, column: Column) -> bool:
    """Whether so many queries are unscored that the cells of a column say it."""
    return bool(column.measure) and unscored_share(scores, column.measure) > UNSCORED_SHOWN


def cell(scores: Scores, column: Column) -> str:
    """Write one table cell without its interval; figures of a flagged row carry the mark.

    Example:
        >>> cell({"ra_miou,none": 0.5, "n_missing,none": 3}, PAPER_COLUMNS[3])
        '50.0†'
        >>> cell({"llm_score,none": 2.5, "n_judged_reasoning,none": 50,
        ...       "n_unscored_reasoning,none": 5},
        ...      Column("llm_score", "LLM", "", "number", measure="reasoning"))
        '2.50‡10%'
    """
    if column.kind == "count":
        count = count_of(scores, column.key)
        return NOT_APPLICABLE if count is None else str(count)
    if column.kind == "share":
        return percent(unparsed_share(scores))
    value = number_of(scores, column.key)
    mark = FLAG if value is not None and is_flagged(scores) else ""
    if lacks_judgements(scores, column):
        mark += f"{UNSCORED}{round(100 * unscored_share(scores, column.measure))}%"
    return written(value, column) + mark
