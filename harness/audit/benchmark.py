"""The audit of a benchmark: how much of it can be answered without watching.

The result is one JSON object, from which the page and the table are made; docs/audit.md says what
each field means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rarft.harness.audit.artefacts import (
    Artefact,
    borrowed_artefacts,
    category_artefacts,
    guess_artefacts,
    label_artefacts,
    refusal_artefacts,
    span_artefacts,
)
from rarft.harness.audit.blind import FloatArray, blind_probabilities
from rarft.harness.audit.cross_task import cross_guesses
from rarft.harness.audit.guesses import (
    N_RESAMPLES,
    GuessFigure,
    guess_figures,
    histogram,
    leakage,
    roc_points,
)
from rarft.harness.audit.imbalance import imbalance
from rarft.harness.audit.labels import borrowed_negatives, contradictions, duplicates
from rarft.harness.audit.refusals import refusal_checks
from rarft.harness.audit.spans import constant_span, span_checks
from rarft.harness.audit.stored_runs import StoredRun, replaced_video_rows, run_rows
from rarft.harness.audit.telling_ngrams import telling_ngrams
from rarft.harness.errors import UserError
from rarft.harness.progress import track
from rarft.harness.types import Query

ALL_OTHERS: Final = "all_others"
"""The name under which the classifier trained on all other tasks stands beside those of one."""
N_FOLDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedTask:
    """A task's queries, its digest, and what its loader counted."""

    name: str
    queries: tuple[Query, ...]
    digest: str = ""
    load_report: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAudit:
    """What audit.json says of one task, and P(relevant) of its queries.

    Shape: probabilities (n_queries,), None where the blind classifier does not apply.
    """

    task: AuditedTask
    record: dict[str, Any]
    probabilities: FloatArray | None


def audit_benchmark(
    tasks: Sequence[AuditedTask],
    *,
    runs: Sequence[StoredRun] = (),
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
    show_progress: bool = False,
) -> tuple[TaskAudit, ...]:
    """Audit every task; a task of one class gets the checks that do not need both.

    `seed` sets the folds and the resamples. Intervals resample videos.
    """
    n_fits = len(tasks) * (len(tasks) + (len(tasks) > 2))
    with track("auditing", total=n_fits, shown=show_progress) as advance:
        audits = []
        for task in tasks:
            audit = _audit_task(task, runs, seed=seed, n_resamples=n_resamples)
            advance(1)
            for name, train in _others(task, tasks).items():
                audit.record["cross"][name] = _cross(train, task, seed, n_resamples)
                advance(1)
            audits.append(audit)
    return tuple(audits)


def _audit_task(
    task: AuditedTask, runs: Sequence[StoredRun], *, seed: int, n_resamples: int
) -> TaskAudit:
    queries = task.queries
    probabilities, reason = _guess(queries, seed)
    figures, guessed_right = None, None
    if probabilities is not None:
        figures = guess_figures(queries, probabilities, n_resamples=n_resamples, seed=seed)
        guessed_right = (probabilities >= 0.5) == [query.relevant for query in queries]
    ngrams = telling_ngrams(queries)
    record = {
        **_counts(task),
        "not_applicable": reason,
        **_blind_figures(figures),
        "guessability": _guessability(queries, probabilities),
        "telling_ngrams": {
            name: [asdict(one) for one in own]
            for name, own in zip(("relevant", "irrelevant"), ngrams, strict=True)
        },
        "cross": {},
        **_checks(queries, figures, ngrams),
        "runs": run_rows(runs, task.name, queries, guessed_right),
        "replaced_video": replaced_video_rows(runs, task.name),
        "load_report_quirks": dict((task.load_report or {}).get("quirks") or {}),
    }
    return TaskAudit(task=task, record=record, probabilities=probabilities)


def _guess(queries: Sequence[Query], seed: int) -> tuple[FloatArray | None, str | None]:
    try:
        return blind_probabilities(queries, seed=seed, n_folds=N_FOLDS), None
    except UserError as error:
        return None, str(error)


def _counts(task: AuditedTask) -> dict[str, Any]:
    n_relevant = sum(query.relevant for query in task.queries)
    return {
        "n_queries": len(task.queries),
        "n_relevant": n_relevant,
        "n_irrelevant": len(task.queries) - n_relevant,
        "n_videos": len({query.video for query in task.queries}),
        "rows_sha256": task.digest,
    }


def _blind_figures(figures: Mapping[str, GuessFigure] | None) -> dict[str, float | None]:
    names = {name: f"blind_{name}" for name in ("auc", "f1_avg", "f1_relevant", "f1_irrelevant")}
    if figures is None:
        return dict.fromkeys(("blind_auc", "leakage", *names.values()))
    record: dict[str, float | None] = {"leakage": leakage(figures["auc"].value)}
    for name, key in names.items():
        record |= _with_bounds(key, figures[name])
    return record


def _with_bounds(key: str, figure: GuessFigure) -> dict[str, float | None]:
    return {key: figure.value, f"{key}_ci_low": figure.low, f"{key}_ci_high": figure.high}


def _guessability(
    queries: Sequence[Query], probabilities: FloatArray | None
) -> dict[str, Any] | None:
    if probabilities is None:
        return None
    right = [
        (query.relevant, (probability >= 0.5) == query.relevant)
        for query, probability in zip(queries, probabilities.tolist(), strict=True)
    ]
    return {
        "n_guessed_right": sum(is_right for _, is_right in right),
        "n_relevant_guessed_right": sum(is_right for relevant, is_right in right if relevant),
        "n_irrelevant_guessed_right": sum(is_right for relevant, is_right in right if not relevant),
        "histogram": histogram(queries, probabilities),
        "roc": roc_points(queries, probabilities),
    }


def _checks(
    queries: Sequence[Query], figures: Mapping[str, GuessFigure] | None, ngrams: tuple[Any, Any]
) -> dict[str, Any]:
    twice, both = duplicates(queries), contradictions(queries)
    borrowed, refusals = borrowed_negatives(queries), refusal_checks(queries)
    spans, uneven, constant = span_checks(queries), imbalance(queries), constant_span(queries)
    lent = list(borrowed_artefacts(borrowed, figures))
    found: list[Artefact] = [
        *lent,
        *guess_artefacts(figures, ngrams, explained=bool(lent)),
        *label_artefacts(twice, both),
        *refusal_artefacts(refusals),
        *span_artefacts(spans),
        *category_artefacts(uneven),
    ]
    return {
        "artefacts": [artefact.to_json() for artefact in found],
        "borrowed_negatives": {
            "n_irrelevant": borrowed.n_irrelevant,
            "n_borrowed": len(borrowed.ids),
            "share": borrowed.share,
            "n_texts": borrowed.n_texts,
            "n_balanced_texts": borrowed.n_balanced_texts,
        },
        "duplicates": {"n_exact": twice.n_exact, "n_near": twice.n_near, **asdict(twice)},
        "contradictions": {"n_groups": len(both), "groups": both},
        "refusals": asdict(refusals),
        "spans": {**asdict(spans), "constant_span": asdict(constant) if constant else None},
        "categories": {
            "counts": uneven.categories,
            "n_with_categories": uneven.n_with_categories,
            "n_outside_taxonomy": uneven.n_outside_taxonomy,
            "best_constant_set": uneven.best_constant_set,
            "best_constant_jaccard": uneven.best_constant_jaccard,
        },
        "levels": uneven.levels,
    }


def _others(task: AuditedTask, tasks: Sequence[AuditedTask]) -> dict[str, tuple[Query, ...]]:
    others = {other.name: other.queries for other in tasks if other.name != task.name}
    if len(others) > 1:
        others[ALL_OTHERS] = tuple(query for queries in others.values() for query in queries)
    return others


def _cross(
    train: Sequence[Query], task: AuditedTask, seed: int, n_resamples: int
) -> dict[str, Any]:
    guesses = cross_guesses(train, task.queries)
    record: dict[str, Any] = {
        "n_trained": guesses.n_trained,
        "n_left_out": guesses.n_left_out,
        "n_shared_videos": guesses.n_shared_videos,
        "not_applicable": guesses.not_applicable or None,
        "auc": None,
        "leakage": None,
        "f1_avg": None,
    }
    if guesses.probabilities is not None:
        figures = guess_figures(
            task.queries, guesses.probabilities, n_resamples=n_resamples, seed=seed
        )
        record["leakage"] = leakage(figures["auc"].value)
        record |= _with_bounds("auc", figures["auc"]) | _with_bounds("f1_avg", figures["f1_avg"])
    return record
