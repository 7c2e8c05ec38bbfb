"""From stored replies to results: judge and score again, with no model of the run loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rarft.harness.judges.judge_config import OFFLINE, JudgeConfig, JudgeEffort
from rarft.harness.replies import Policy
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.infer import read_responses
from rarft.harness.stages.judge import JudgementKey, judge
from rarft.harness.stages.loaded_task import LoadedTask, load_tasks
from rarft.harness.stages.run_lock import hold
from rarft.harness.stages.run_record import check_rows, read_record, read_repeats, write_run
from rarft.harness.stages.score import collect_answers, score
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
        return judge_and_score(directory, config=config, say=say)


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
        results = judge_and_score(
            directory, config=config, effort=effort, show_progress=show_progress, say=say
        )
        write_run(record.with_config(config), directory)
        return results


def judge_and_score(
    directory: Path,
    tasks: tuple[LoadedTask, ...] | None = None,
    *,
    config: RunConfig | None = None,
    effort: JudgeEffort = OFFLINE,
    show_progress: bool = False,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Run the last two stages in a directory that the caller holds.

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
    first: dict[JudgementKey, Query] = {}
    further: dict[JudgementKey, Query] = {}
    for query in (query for task in tasks for query in task.asked):
        for repeat, request in enumerate(repeats.get((query.task, query.id), ())):
            (further if repeat else first)[query.task, query.id, request] = query
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
    answers = collect_answers(tasks, repeats, responses, judged)
    return score(record, tasks, answers, directory)
