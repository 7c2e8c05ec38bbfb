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
from rarft.harness.report.judges import FIGURES
from rarft.harness.report.schema import Results, Scores, number_of

FLOORS: Final = {
    "always_ground": "always ground",
    "always_refuse": "always refuse",
    "blind": "blind",
}
"""Every floor with its label, in the order of the tables."""


@dataclass(frozen=True, slots=True)
class Row:
    """One system on one task; `reason` says why a floor is not applicable.

    `run` is the position of the run the row belongs to, `key` the floor's name. `prompt` says in
    whose words a model was asked.
    """

    label: str
    kind: Literal["model", "floor"]
    scores: Scores
    run: int
    key: str = ""
    reason: str = ""
    prompt: str = ""

    @property
    def name(self) -> str:
        """Return the label with the mark of the prompt, as it stands before the figures.

        Example:
            >>> Row("m (untrained)", "model", {}, 0, prompt="official prompt").name
            'm (untrained), official prompt'
        """
        return f"{self.label}, {self.prompt}" if self.prompt else self.label


def task_names(runs: Sequence[Results]) -> tuple[str, ...]:
    """Return every task of the runs once, in the order of first appearance."""
    return tuple(dict.fromkeys(task for results in runs for task in results.tasks))


def task_rows(runs: Sequence[Results], task: str, *, labels: Sequence[str] = ()) -> list[Row]:
    """Return the rows of one task: models in the given order, then floors.

    `labels` replaces the models' own labels, one per run, where names alone are ambiguous.
    """
    names = labels or [results.model.label for results in runs]
    holders = [index for index, results in enumerate(runs) if task in results.results]
    rows = [
        Row(
            names[index],
            "model",
            runs[index].results[task],
            index,
            prompt=runs[index].prompt_mark(task),
        )
        for index in holders
    ]
    for key, label in FLOORS.items():
        rows += _floor_rows(runs, task, key, label=label, names=names, holders=holders)
    return rows


def footnotes(rows: Sequence[Row]) -> list[str]:
    """Return what a reader must know about the rows: left-out queries, what a floor stands for.

    Example:
        >>> footnotes([Row("m", "model", {"n_missing,none": 2, "n_queries,none": 9}, 0)])
        ['† m: 2 missing and 0 failed of 9 queries are left out of its figures.']
    """
    notes = []
    is_explained = any(
        number_of(row.scores, "rt_iou") is not None for row in rows if row.kind == "model"
    )
    for row in rows:
        if row.kind == "model":
            said = (
                _left_out(row) if is_flagged(row.scores) else "",
                _unscored(row),
                _partly_scored(row),
            )
            notes += [one for one in said if one]
        elif row.reason:
            notes.append(f"{row.label}: not applicable, {row.reason}.")
        elif is_explained and _constant_set(row):
            notes.append(_constant_set(row))
    return notes


def _left_out(row: Row) -> str:
    kinds = ["missing", "failed"]
    if count_of(row.scores, "n_unjudged"):
        kinds.append("unjudged")
    counts = [f"{count_of(row.scores, f'n_{kind}') or 0} {kind}" for kind in kinds]
    n_queries = count_of(row.scores, "n_queries")
    of = f" of {n_queries} queries" if n_queries is not None else ""
    said = f"{', '.join(counts[:-1])} and {counts[-1]}{of}"
    why = " Unjudged: the relevance judge gave nothing usable." if len(kinds) == 3 else ""
    return f"{FLAG} {row.label}: {said} are left out of its figures.{why}"


def _unscored(row: Row) -> str:
    """Return what no judge could score in a row, empty where that is little."""
    named = []
    for measure in FIGURES:
        if unscored_share(row.scores, measure) > UNSCORED_SHOWN:
            n_unscored = count_of(row.scores, f"n_unscored_{measure}")
            n_judged = count_of(row.scores, f"n_judged_{measure}")
            named.append(f"{measure} of {n_unscored} of {n_judged} refusals")
    if not named:
        return ""
    return f"{UNSCORED} {row.label}: unscored and left out of the means: {', '.join(named)}."


def _partly_scored(row: Row) -> str:
    """Say that some queries have no relevance score, empty where all or none have one."""
    n_with_score = count_of(row.scores, "n_with_score")
    n_scored = count_of(row.scores, "n_scored")
    if not n_with_score or n_scored is None or n_with_score >= n_scored:
        return ""
    return (
        f"{row.label}: {n_with_score} of {n_scored} replies have a relevance score; AUROC and the "
        "figures beside it are of these."
    )


def _constant_set(row: Row) -> str:
    """Name the categories that a floor is taken to give in every refusal, empty without any."""
    named = row.scores.get("constant_categories")
    if not isinstance(named, list) or not named:
        return ""
    children = ", ".join(str(one).rpartition("/")[2] for one in named)
    return (
        f"{row.label}: its RT-IoU is that of the best constant set of categories, named in every "
        f"refusal: {children}."
    )


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
        if scores is None or any(_is_same(row.scores, scores) for row in rows):
            continue
        own = f"{label}, on the queries of {names[index]}" if rows else label
        reason = str(scores.get("not_applicable") or "").rstrip(".")
        rows.append(Row(own, "floor", scores, index, key, reason))
    return rows


def _is_same(one: Scores, other: Scores) -> bool:
    """Whether two floors rest on the same queries; their intervals may be resampled otherwise."""
    return _without_bounds(one) == _without_bounds(other)


def _without_bounds(scores: Scores) -> dict[str, object]:
    return {key: value for key, value in scores.items() if "_ci_" not in key}
