"""The rows of a task's table: each model, then the floors on the same queries.

Runs that share their floors show them once. A run whose floors differ, because it was scored on
fewer queries, brings its own, named after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rarft.harness.report.columns import (
    FLAG,
    UNSCORED,
    UNSCORED_SHOWN,
    count_of,
    is_flagged,
    unscored_share,
)
from rarft.harness.report.schema import Results, Scores

FLOORS: Final = {
    "always_ground": "always ground",
    "always_refuse": "always refuse",
    "blind": "blind",
}
"""Every floor with its label, in the order of the tables."""


@dataclass(frozen=True, slots=True)
class Row:
    """One system on one task; `reason` says why a floor is not applicable.

    `run` is the position of the run the row belongs to, `key` the floor's name.
    """

    label: str
    kind: Literal["model", "floor"]
    scores: Scores
    run: int
    key: str = ""
    reason: str = ""


def task_names(runs: Sequence[Results]) -> tuple[str, ...]:
    """Return every task of the runs once, in the order of first appearance."""
    return tuple(dict.fromkeys(task for results in runs for task in results.tasks))


def task_rows(runs: Sequence[Results], task: str, *, labels: Sequence[str] = ()) -> list[Row]:
    """Return the rows of one task: models in the given order, then floors.

    `labels` replaces the models' own labels, one per run, where names alone are ambiguous.
    """
    names = labels or [results.model.label for results in runs]
    holders = [index for index, results in enumerate(runs) if task in results.results]
    rows = [Row(names[index], "model", runs[index].results[task], index) for index in holders]
    for key, label in FLOORS.items():
        rows += _floor_rows(runs, task, key, label=label, names=names, holders=holders)
    return rows


def footnotes(rows: Sequence[Row]) -> list[str]:
    """Return what a reader must know about the rows: left-out queries, absent floors.

    Example:
        >>> footnotes([Row("m", "model", {"n_missing,none": 2, "n_queries,none": 9}, 0)])
        ['† m: 2 missing and 0 failed of 9 queries are left out of its figures.']
    """
    notes = []
    for row in rows:
        if row.kind == "model" and is_flagged(row.scores):
            notes.append(_left_out(row))
        if row.kind == "model" and _unscored(row):
            notes.append(_unscored(row))
        if row.reason:
            notes.append(f"{row.label}: not applicable, {row.reason}.")
    return notes


def judge_notes(runs: Sequence[Results]) -> list[str]:
    """Return who judged the explanations of the shown runs, one line a distinct answer.

    Example:
        >>> from rarft.harness.report.schema import ModelEntry
        >>> judge = {"judge": "sbert", "version": "1", "model": "all-MiniLM-L6-v2"}
        >>> run = Results(schema_version=1, model=ModelEntry(name="m"), results={},
        ...               provenance={"judges": {"similarity": judge}})
        >>> judge_notes([run])
        ['Judges: similarity by sbert 1 (all-MiniLM-L6-v2).']
    """
    lines: dict[str, list[str]] = {}
    for results in runs:
        judges = results.provenance.get("judges") or {}
        named = [
            f"{measure} by {one.get('judge')} {one.get('version')}"
            + (f" ({_short(str(one['model']))})" if one.get("model") else "")
            for measure, one in judges.items()
            if isinstance(one, dict)
        ]
        if named:
            lines.setdefault(f"Judges: {', '.join(named)}.", []).append(results.model.label)
    if len(lines) == 1:
        return list(lines)
    return [f"{', '.join(models)}: {line}" for line, models in lines.items()]


def _short(model: str) -> str:
    """Return the name of a judge's model with the beginning of its digest only."""
    name, at, revision = model.partition("@")
    return name + at + revision.removeprefix("sha256:")[:12]


def _left_out(row: Row) -> str:
    n_missing = count_of(row.scores, "n_missing") or 0
    n_failed = count_of(row.scores, "n_failed") or 0
    n_unjudged = count_of(row.scores, "n_unjudged") or 0
    n_queries = count_of(row.scores, "n_queries")
    of = f" of {n_queries} queries" if n_queries is not None else ""
    unjudged = f" and {n_unjudged} that the relevance judge could not read" if n_unjudged else ""
    return (
        f"{FLAG} {row.label}: {n_missing} missing and {n_failed} failed{of}{unjudged} "
        "are left out of its figures."
    )


def _unscored(row: Row) -> str:
    """Return what no judge could score in a row, empty where that is little."""
    shares = {
        measure: unscored_share(row.scores, measure)
        for measure in ("categories", "similarity", "reasoning", "correction")
    }
    named = [
        f"{count_of(row.scores, f'n_unscored_{measure}')} {measure}"
        for measure, share in shares.items()
        if share > UNSCORED_SHOWN
    ]
    if not named:
        return ""
    return f"{UNSCORED} {row.label}: unscored and left out of the means: {', '.join(named)}."


def _floor_rows(
    runs: Sequence[Results],
    task: str,
    key: str,
    *,
    label: str,
    names: Sequence[str],
    holders: Sequence[int],
) -> list[Row]:
    rows: list[Row] = []
    for index in holders:
        scores = runs[index].floors.get(task, {}).get(key)
        if scores is None or any(row.scores == scores for row in rows):
            continue
        own = f"{label}, on the queries of {names[index]}" if rows else label
        reason = str(scores.get("not_applicable") or "").rstrip(".")
        rows.append(Row(own, "floor", scores, index, key, reason))
    return rows
