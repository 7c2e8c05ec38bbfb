"""Which figures of two runs may be compared: those that both have, judged by the same judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from rarft.harness.metrics import QueryOutcome
from rarft.harness.metrics.explanations import MEASURE_OF
from rarft.harness.report.blocks import EXPLANATION_COLUMNS, SELECTIVE_COLUMNS
from rarft.harness.report.columns import COLUMNS, FRACTION, Column
from rarft.harness.report.judges import JudgeEntry, is_judged, judges_of
from rarft.harness.report.schema import Results
from rarft.harness.statistics import Difference
from rarft.harness.types import Measure

MCNEMAR: Final = "mcnemar"
"""McNemar's test among the keys of figures."""
UNREAD: Final = frozenset({"auroc"})
"""Figures of the model's own relevance scores, whatever a judge reads in its replies."""
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
_COLUMNS: Final = {one.key: one for one in (*COLUMNS, *EXPLANATION_COLUMNS, *SELECTIVE_COLUMNS)}


def figure_column(key: str) -> Column:
    """Return the column that says how a figure is written; a slice is written as its figure.

    Example:
        >>> figure_column("sbert/strong").kind, figure_column("f1_irrelevant/Scene").kind
        ('number', 'fraction')
    """
    return _COLUMNS.get(key.partition("/")[0], FRACTION)


def differing_measures(a: Results, b: Results) -> tuple[Measure, ...]:
    """Return the measures that the two runs have different judges of.

    Example:
        >>> from rarft.harness.report.schema import ModelEntry
        >>> def run(model):
        ...     judge = {"judge": "sbert", "version": "1", "model": model}
        ...     return Results(schema_version=1, model=ModelEntry(name="m"), results={},
        ...                    provenance={"judges": {"similarity": judge}})
        >>> differing_measures(run("mpnet"), run("MiniLM"))
        ('similarity',)
    """
    first, second = _by_measure(a), _by_measure(b)
    return tuple(one for one in MEASURES if first.get(one) != second.get(one))


def not_comparable(
    differences: Mapping[str, Difference], differing: Sequence[Measure]
) -> dict[str, str]:
    """Return why figures are not compared, by key, in the order of the figures.

    Args:
        differences: what the figures of both runs are.
        differing: the measures that the runs have different judges of; all but `auroc` rest on
            the judge of relevance.

    Example:
        >>> both = Difference(a=0.5, b=0.6, difference=-0.1)
        >>> figures = {"f1_avg": both, "sbert": both, "rt_iou": Difference(a=0.4, b=None)}
        >>> found = not_comparable(figures, ["similarity"])
        >>> found["sbert"], found["rt_iou"], "f1_avg" in found
        ('different judges of similarity', 'not applicable to B', False)
    """
    found = {}
    for key, one in differences.items():
        judged = [measure for measure in differing if rests_on(key, measure)]
        if one.a is None or one.b is None:
            found[key] = f"not applicable to {_absent(one)}"
        elif judged:
            found[key] = different_judges(judged)
    return found


def different_judges(measures: Sequence[Measure]) -> str:
    """Return the reason of what two runs had judged by different judges."""
    return f"different judges of {' and '.join(measures)}"


def rests_on(key: str, measure: Measure) -> bool:
    """Return whether a figure rests on what the judge of a measure says.

    Example:
        >>> rests_on("rt_iou_refused", "categories"), rests_on("f1_avg", "categories")
        (True, False)
        >>> rests_on("f1_avg", "relevance"), rests_on("auroc", "relevance")
        (True, False)
    """
    if measure == "relevance":
        return key not in UNREAD
    return figure_column(key).measure == measure


def n_unscored(
    a: Sequence[QueryOutcome], b: Sequence[QueryOutcome]
) -> dict[Measure, tuple[int, int]]:
    """Return how many replies to the queries of both runs no judge scored, by measure.

    For relevance these are the replies that its judge could not read.
    """
    shared = {one.query_id for one in a} & {one.query_id for one in b}
    first, second = ([one for one in run if one.query_id in shared] for run in (a, b))
    return {one: (_n_unscored(first, one), _n_unscored(second, one)) for one in MEASURES}


def judge_notes(runs: Sequence[Results], names: Sequence[str]) -> list[str]:
    """Return a line for each measure that the runs had judged by different judges."""
    held = [_by_measure(results) for results in runs]
    notes = []
    for measure in MEASURES:
        entries = [one.get(measure) for one in held]
        is_used = measure == "relevance" or any(is_judged(one, measure) for one in runs)
        if is_used and any(one != entries[0] for one in entries):
            said = ", ".join(
                f"{name} {_written(entry)}" for name, entry in zip(names, entries, strict=True)
            )
            notes.append(
                f"The runs differ in the judge of {measure}: {said}. What rests on it is not "
                "compared; judge them alike with rarft-eval judge."
            )
    return notes


def _by_measure(results: Results) -> dict[str, JudgeEntry]:
    return {one.measure: one for one in judges_of(results)}


def _absent(one: Difference) -> str:
    if one.a is None and one.b is None:
        return "either run"
    return "A" if one.a is None else "B"


def _n_unscored(outcomes: Sequence[QueryOutcome], measure: Measure) -> int:
    if measure == "relevance":
        return sum(one.status == "unjudged" for one in outcomes)
    keys = {key for key, of in MEASURE_OF.items() if of == measure}
    return sum(
        one.explanation is not None and not keys.isdisjoint(one.explanation.unscored)
        for one in outcomes
    )


def _written(entry: JudgeEntry | None) -> str:
    if entry is None:
        return "none"
    return entry.written + (f", text {entry.text}" if entry.text else "")
