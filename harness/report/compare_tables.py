"""A comparison as tables: for the terminal and as Markdown.

Figures are written as in the other tables: fractions in percent, their differences and detectable
effects in points; similarities, scores and AUROC as they are stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from rarft.harness.metrics import METRICS
from rarft.harness.report.blocks import scale_note
from rarft.harness.report.columns import NOT_APPLICABLE, Column, written
from rarft.harness.report.compare_judges import MCNEMAR, figure_column
from rarft.harness.report.compare_tasks import (
    ALPHA,
    Comparison,
    PairComparison,
    TaskComparison,
    higher_is_better,
)
from rarft.harness.report.markdown_cells import escaped_cell, markdown_rows
from rarft.harness.report.text_table import text_table
from rarft.harness.statistics import (
    Rank,
    minimum_detectable_effect,
    minimum_detectable_mcnemar,
)

SIGNIFICANT: Final = "*"
JUDGED_APART: Final = "≠"
HEADINGS: Final = ("figure", "A", "B", "A − B [95% interval]", "p", "p Holm", "MDE")
Printed = Table | Text


def comparison_blocks(comparison: Comparison) -> Iterator[Printed]:
    """Yield what the terminal shows: per task and pair a table and its tests, then the ranks."""
    for one in comparison.tasks:
        for pair in one.pairs:
            yield Text(_title(one.task, pair), style="bold")
            yield text_table(HEADINGS, _figure_rows(pair))
            for line in _pair_lines(pair):
                yield Text(line)
            yield Text("")
        if one.ranks:
            names = [run.name for run in comparison.compared.runs]
            title = f"{one.task}: rank, ties, figure"
            yield text_table(("figure", *names), _rank_rows(one, names), title=title)
    for note in comparison_notes(comparison):
        yield Text(note, style="dim")


def comparison_markdown(comparison: Comparison) -> str:
    """Return the same as Markdown."""
    lines: list[str] = []
    for one in comparison.tasks:
        for pair in one.pairs:
            lines += [f"**{escaped_cell(_title(one.task, pair))}**", ""]
            lines += markdown_rows(HEADINGS, list(_figure_rows(pair)))
            lines += ["", *(f"{escaped_cell(line)}  " for line in _pair_lines(pair)), ""]
        if one.ranks:
            names = [run.name for run in comparison.compared.runs]
            lines += [f"**{escaped_cell(one.task)}, ranks**", ""]
            lines += markdown_rows(("figure", *names), list(_rank_rows(one, names)))
            lines += [""]
    lines += [f"- {escaped_cell(note)}" for note in comparison_notes(comparison)]
    return "\n".join(lines) + "\n"


def comparison_notes(comparison: Comparison) -> list[str]:
    """Return how the tables are to be read."""
    notes = [
        *comparison.compared.notes,
        f"Fractions in %; {_scales(comparison)}{NOT_APPLICABLE} is not applicable. Intervals and p "
        f"resample videos, the same for both runs ({comparison.n_resamples} times).",
        f"p Holm corrects for the {comparison.n_tests} tests of all figures, tasks and pairs that "
        f"are compared; {SIGNIFICANT} where it is below {ALPHA:g}.",
        "MDE is the true difference that one such test would find in 80% of cases.",
    ]
    pairs = [pair for one in comparison.tasks for pair in one.pairs]
    if any(_is_judged_apart(key, pair) for pair in pairs for key in pair.shown):
        notes.append(f"{JUDGED_APART} rests on different judges in A and B, and is not compared.")
    if any(one.ranks for one in comparison.tasks):
        notes.append(
            "Rank = 1 + the number of runs that are significantly better (Holm over the pairs); "
            "runs with a letter in common cannot be told apart."
        )
    return notes


def _title(task: str, pair: PairComparison) -> str:
    paired = pair.paired
    return (
        f"{task}: A = {pair.a}, B = {pair.b}; {paired.n_paired} queries, {paired.n_videos} videos"
    )


def _scales(comparison: Comparison) -> str:
    """Say which of the figures shown are not percentages, empty where all are."""
    shown: dict[str, Column] = {}
    for pair in (pair for one in comparison.tasks for pair in one.pairs):
        for key, one in pair.shown.items():
            column = figure_column(key)
            if column.kind == "number" and (one.a is not None or one.b is not None):
                shown[column.key] = column
    return f"{scale_note(list(shown.values())).removesuffix('.')}; " if shown else ""


def _is_judged_apart(key: str, pair: PairComparison) -> bool:
    """Return whether both runs have a figure that only their judges keep from being compared."""
    return key in pair.not_comparable and pair.shown[key].difference is not None


def _figure_rows(pair: PairComparison) -> Iterator[tuple[str, ...]]:
    for key, one in pair.shown.items():
        if one.a is None and one.b is None:
            continue
        title, a, b = _figure_title(key), _value(key, one.a), _value(key, one.b)
        if key in pair.not_comparable:
            mark = f" {JUDGED_APART}" if _is_judged_apart(key, pair) else ""
            yield (title + mark, a, b, *[NOT_APPLICABLE] * (len(HEADINGS) - 3))
            continue
        p_holm = pair.p_holm.get(key)
        is_significant = p_holm is not None and p_holm < ALPHA
        yield (
            title,
            a,
            b,
            _difference(key, one.difference, one.low, one.high) + SIGNIFICANT * is_significant,
            p_text(one.p),
            p_text(p_holm),
            _value(key, minimum_detectable_effect(one.se)),
        )


def _pair_lines(pair: PairComparison) -> list[str]:
    lines = [_mcnemar_line(pair)]
    paired = pair.paired
    if paired.n_only_a or paired.n_only_b or paired.n_neither:
        lines.append(
            f"Left out of both: {paired.n_only_a} queries that only A scored, {paired.n_only_b} "
            f"that only B did, {paired.n_neither} that neither did."
        )
    unscored = [
        f"{measure} {n_a} and {n_b}" for measure, (n_a, n_b) in pair.n_unscored.items() if n_a + n_b
    ]
    if unscored:
        lines.append(f"Unscored by the judges, in A and in B: {', '.join(unscored)}.")
    return lines


def _mcnemar_line(pair: PairComparison) -> str:
    told = pair.mcnemar
    if told is None:
        return f"McNemar, relevance told right: not compared, {pair.not_comparable[MCNEMAR]}."
    return (
        f"McNemar, relevance told right: A alone {told.b}, B alone {told.c}; "
        f"p {p_text(told.p)} exact, {p_text(told.mid_p)} mid-p, {p_text(told.p_clustered)} "
        f"clustered by video, that {p_text(pair.mcnemar_p_holm)} after Holm; "
        f"MDE {_value('', minimum_detectable_mcnemar(n=told.n, n_discordant=told.b + told.c))}."
    )


def _rank_rows(one: TaskComparison, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for key, ranked in one.ranks.items():
        by_name = {rank.name: rank for rank in ranked}
        if any(rank.rank is not None for rank in ranked):
            yield (_figure_title(key), *(_rank_cell(key, by_name[name]) for name in names))


def _rank_cell(key: str, rank: Rank) -> str:
    if rank.rank is None:
        return NOT_APPLICABLE
    return f"{rank.rank} {''.join(map(group_letter, rank.groups))} {_value(key, rank.value)}"


def group_letter(number: int) -> str:
    """Write the number of a tie group as letters.

    Example:
        >>> group_letter(1), group_letter(26), group_letter(27)
        ('a', 'z', 'aa')
    """
    letters = ""
    while number > 0:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("a") + place) + letters
    return letters


def p_text(p: float | None) -> str:
    """Write a p-value with three decimals.

    Example:
        >>> p_text(0.04049), p_text(0.00012), p_text(1.0), p_text(None)
        ('0.040', '<0.001', '1.000', '–')
    """
    if p is None:
        return NOT_APPLICABLE
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _figure_title(key: str) -> str:
    name, slash, part = key.partition("/")
    title = METRICS[name].title if name in METRICS else name
    return f"{title}{slash}{part}" + ("" if higher_is_better(key) else " ↓")


def _value(key: str, value: float | None, *, sign: bool = False) -> str:
    text = written(value, figure_column(key))
    return f"+{text}" if sign and value is not None and not text.startswith("-") else text


def _difference(key: str, difference: float | None, low: float | None, high: float | None) -> str:
    shown = _value(key, difference, sign=difference is not None)
    if low is None or high is None:
        return shown
    return f"{shown} [{_value(key, low, sign=True)}, {_value(key, high, sign=True)}]"
