"""From stored replies to results: judge and score again, with no model of the run loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rarft.harness.judges.judge_config import OFFLINE, JudgeConfig, JudgeEffort
from rarft.harness.replies import Policy
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.judge import Judged, JudgementKey, judge
from rarft.harness.stages.judge_relevance import Queries
from rarft.harness.stages.loaded_task import LoadedTask, load_tasks
from rarft.harness.stages.response_store import Responses, read_responses
from rarft.harness.stages.run_lock import hold
from rarft.harness.stages.run_record import (
    RepeatKeys,
    RunRecord,
    check_rows,
    read_record,
    read_repeats,
    write_run,
)
from rarft.harness.stages.score import RESULTS, collect_answers, score
from rarft.harness.types import Query

Say = Callable[[str], None]


def rescore(
    directory: Path,
    *,
    policy: Policy | None = None,
    n_resamples: int | None = None,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Score what a run stored again, asking nobody; None keeps the run's own setting.

    Raises:
        UserError: the directory holds no run, or the annotation is not the run's.
    """
    with hold(directory):
        config = read_record(directory)[0].config
        if policy is not None:
            config = replace(config, policy=policy)
        if n_resamples is not None:
            config = replace(config, n_resamples=n_resamples)
        return score_run(judge_run(directory, config=config, say=say))


def rejudge(
    directory: Path,
    judging: JudgeConfig,
    *,
    effort: JudgeEffort,
    show_progress: bool = False,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Judge what a run stored by other judges, and score it; later scorings keep these judges.

    Raises:
        UserError: the directory holds no run, or a judge cannot work as asked; every judgement
            made before is stored.
    """
    with hold(directory):
        record, _ = read_record(directory)
        config = replace(record.config, judging=judging)
        run = judge_run(
            directory, config=config, effort=effort, show_progress=show_progress, say=say
        )
        if run.judged.n_waiting:
            say(f"the results in {directory} stay as they were until every batch is collected")
            return dict(json.loads((directory / RESULTS).read_text(encoding="utf-8")))
        results = score_run(run)
        write_run(run.record, directory)
        return results


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """A run whose replies are judged: all that scoring needs."""

    directory: Path
    record: RunRecord
    tasks: tuple[LoadedTask, ...]
    responses: Responses
    repeats: RepeatKeys
    judged: Judged


def score_run(run: JudgedRun) -> dict[str, Any]:
    """Write the results of a run, and return them."""
    answers = collect_answers(run.tasks, run.repeats, run.responses, run.judged)
    return score(run.record, run.tasks, answers, run.directory)


def judge_run(
    directory: Path,
    tasks: tuple[LoadedTask, ...] | None = None,
    *,
    config: RunConfig | None = None,
    effort: JudgeEffort = OFFLINE,
    show_progress: bool = False,
    say: Say = lambda line: None,
) -> JudgedRun:
    """Judge the replies in a directory that the caller holds; None is the run's own.

    Raises:
        UserError: the annotation is not the run's, or a judge cannot work as asked.
    """
    record, _ = read_record(directory)
    if config is not None:
        record = record.with_config(config)
    tasks = tasks or load_tasks(record.config)
    check_rows(record, tasks)
    responses = read_responses(directory)
    repeats = read_repeats(directory)
    first, further = _asked(tasks, repeats)
    judged = judge(
        responses,
        first,
        directory,
        form=record.model["form"],
        config=record.config.judging,
        effort=effort,
        further_samples=further,
        show_progress=show_progress,
    )
    for note in judged.notes:
        say(note)
    return JudgedRun(
        directory=directory,
        record=record,
        tasks=tasks,
        responses=responses,
        repeats=repeats,
        judged=judged,
    )


def _asked(tasks: Sequence[LoadedTask], repeats: RepeatKeys) -> tuple[Queries, Queries]:
    """Return the query of each first request, and of each further one."""
    first: dict[JudgementKey, Query] = {}
    further: dict[JudgementKey, Query] = {}
    for query in (query for task in tasks for query in task.asked):
        for repeat, request in enumerate(repeats.get((query.task, query.id), ())):
            (further if repeat else first)[query.task, query.id, request] = query
    return first, further
