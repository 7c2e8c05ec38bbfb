"""Stored runs under the audit: with another video, and where the blind classifier is wrong.

A run counts for a task by the ids and texts of its queries, so that one of another version of an
annotation is not compared with what it did not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rarft.harness.audit.blind import BoolArray
from rarft.harness.metrics import QueryOutcome, f1, outcome
from rarft.harness.replies import Policy
from rarft.harness.report.runs import RunView, read_run
from rarft.harness.report.schema import Sample, number_of
from rarft.harness.types import Prediction, Query, spans_from_pairs

SHOWN: Final = "shown"
SAME_SETTINGS: Final = ("limit", "prompt_mode", "model_args", "gen_kwargs")
"""What two runs of a model must share for the video to be all that sets them apart."""
RUN_FIGURES: Final = ("f1_avg", "f1_relevant", "f1_irrelevant", "ra_miou", "miou_relevant")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """One run directory; `video_input` says whether its model saw the video of each query."""

    directory: str
    view: RunView
    video_input: str
    policy: Policy

    @property
    def identity(self) -> tuple[str | None, ...]:
        """Return what two runs of one model share, whatever video they were given."""
        model = self.view.results.model
        return model.name, model.checkpoint, model.revision

    def asked_alike(self, other: StoredRun, task: str) -> bool:
        """Return whether both were asked the same of a task, and are scored by one policy."""
        return self.policy == other.policy and self._asked(task) == other._asked(task)

    def _asked(self, task: str) -> tuple[Any, ...]:
        results = self.view.results
        rows = (results.provenance.get("tasks", {}).get(task) or {}).get("rows_sha256")
        return rows, *map(results.config.get, SAME_SETTINGS)


def read_stored_runs(directories: Iterable[Path]) -> tuple[StoredRun, ...]:
    """Read the results and samples of run directories.

    Raises:
        UserError: a directory holds no run, or a file of it is malformed.
    """
    return tuple(_read(directory) for directory in directories)


def run_rows(
    runs: Sequence[StoredRun],
    task: str,
    queries: Sequence[Query],
    guessed_right: BoolArray | None,
) -> list[dict[str, Any]]:
    """Return the figures of every run that holds the task.

    `guessed_right` has shape (n_queries,), and is None where the blind classifier does not apply.
    """
    return [
        _run_row(run, task, queries, guessed_right)
        for run in runs
        if task in run.view.results.tasks
    ]


def replaced_video_rows(runs: Sequence[StoredRun], task: str) -> list[dict[str, Any]]:
    """Return each run with a replaced video beside the same model's run with the shown one.

    `shown_run` is None where no run of the model with the shown video, asked the same and scored by
    the same policy, was given.
    """
    held = [run for run in runs if task in run.view.results.tasks]
    return [
        _replaced_row(run, _with_shown_video(run, held, task), task)
        for run in held
        if run.video_input != SHOWN
    ]


def _read(directory: Path) -> StoredRun:
    view = read_run(directory)
    config = view.results.config
    return StoredRun(
        directory=str(directory),
        view=view,
        video_input=str(config.get("video_input") or SHOWN),
        policy="strict" if config.get("policy") == "strict" else "paper",
    )


def _run_row(
    run: StoredRun, task: str, queries: Sequence[Query], guessed_right: BoolArray | None
) -> dict[str, Any]:
    samples = {sample.query_id: sample for sample in run.view.samples.get(task, ())}
    # The query keeps its place, which is the row of `guessed_right`.
    matched = [
        (place, query, samples[query.id])
        for place, query in enumerate(queries)
        if query.id in samples and _is_same(query, samples[query.id])
    ]
    row: dict[str, Any] = {
        "run": run.directory,
        "model": run.view.results.model.label,
        "video_input": run.video_input,
        "policy": run.policy,
        "n_samples": len(samples),
        "n_matched": len(matched),
        **_figures(run, task),
    }
    if guessed_right is None:
        return row
    outcomes = [(place, _outcome(query, sample, run)) for place, query, sample in matched]
    for name, wanted in (("blind_wrong", False), ("blind_right", True)):
        row |= _restricted([one for place, one in outcomes if guessed_right[place] == wanted], name)
    return row


def _figures(run: StoredRun, task: str) -> dict[str, float | None]:
    return {key: number_of(run.view.results.results[task], key) for key in RUN_FIGURES}


def _restricted(outcomes: Sequence[QueryOutcome], name: str) -> dict[str, Any]:
    scored = [one for one in outcomes if one.counts_as is not None]
    relevant, irrelevant = f1(scored, relevant=True), f1(scored, relevant=False)
    average = None if relevant is None or irrelevant is None else (relevant + irrelevant) / 2
    return {
        f"f1_relevant_{name}": relevant,
        f"f1_irrelevant_{name}": irrelevant,
        f"f1_avg_{name}": average,
        f"n_relevant_{name}": sum(one.relevant for one in scored),
        f"n_irrelevant_{name}": sum(not one.relevant for one in scored),
    }


def _is_same(query: Query, sample: Sample) -> bool:
    return (query.video, query.text, query.relevant) == (
        sample.video,
        sample.text,
        sample.relevant,
    )


def _outcome(query: Query, sample: Sample, run: StoredRun) -> QueryOutcome:
    told = sample.prediction
    prediction = Prediction(kind=told.kind, spans=spans_from_pairs(told.spans)) if told else None
    return outcome(query, prediction, policy=run.policy, status=sample.status)


def _with_shown_video(run: StoredRun, runs: Sequence[StoredRun], task: str) -> StoredRun | None:
    """Return the model's run with the shown video that was asked and scored alike."""
    shown = (
        other
        for other in runs
        if other.video_input == SHOWN
        and other.identity == run.identity
        and other.asked_alike(run, task)
    )
    return next(shown, None)


def _replaced_row(run: StoredRun, shown: StoredRun | None, task: str) -> dict[str, Any]:
    replaced = _figures(run, task)
    seen = _figures(shown, task) if shown else dict.fromkeys(RUN_FIGURES)
    return {
        "model": run.view.results.model.label,
        "video_input": run.video_input,
        "replaced_run": run.directory,
        "shown_run": shown.directory if shown else None,
        "figures": {
            key: {
                "shown": seen[key],
                "replaced": value,
                "kept": _kept(seen[key], value),
            }
            for key, value in replaced.items()
        },
    }


def _kept(shown: float | None, replaced: float | None) -> float | None:
    """Return the share of the figure that is left without the video."""
    return replaced / shown if shown and replaced is not None else None
