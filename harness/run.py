"""The four stages in order: plan, infer, judge, score; each resumes where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import UserError
from rarft.harness.judges.judge_config import JudgeEffort
from rarft.harness.models import Card, Model, PromptMode, find_card, load_model
from rarft.harness.progress import track
from rarft.harness.rescore import Say, judge_run, score_run
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.infer import (
    JOURNAL,
    NO_RESPONSES,
    RESPONSES,
    Responses,
    Workload,
    infer,
    make_workload,
    read_responses,
)
from rarft.harness.stages.judge import JUDGEMENTS
from rarft.harness.stages.loaded_task import LoadedTask, load_tasks
from rarft.harness.stages.plan import (
    Plan,
    check_asked,
    generation_settings,
    make_plan,
    model_identity,
    run_prompts,
)
from rarft.harness.stages.run_lock import hold
from rarft.harness.stages.run_record import (
    REQUESTS,
    RUN,
    make_record,
    write_record,
)
from rarft.harness.stages.score import RESULTS
from rarft.harness.stages.shown_videos import check_others
from rarft.harness.task_index import check_folders

OWN_FILES = (RESPONSES, JOURNAL, JUDGEMENTS, REQUESTS, RUN, RESULTS, "batches.jsonl", "report.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run before its first request: what it will send, and what it will skip."""

    config: RunConfig
    card: Card
    tasks: tuple[LoadedTask, ...]
    plan: Plan
    responses: Responses
    workload: Workload
    model: Model
    prompts: Mapping[PromptMode, str]
    identity: Mapping[str, Any]


def prepare(
    config: RunConfig, directory: Path, *, fresh: bool = False, show_progress: bool = False
) -> Prepared:
    """Load tasks and card, find the videos and name every request; nothing is sent or changed.

    With `fresh`, what the directory holds is not counted as stored.

    Raises:
        UserError: a flag, a task, a card or an annotation is wrong.
    """
    check_folders(config.include_folders)
    card, card_path = find_card(config.model, config.include_folders)
    check_asked(config, card)
    tasks = load_tasks(config)
    check_others(config, tasks)
    prompts = run_prompts(config, card, card_path, tasks)
    batch_size = config.batch_size or auto_batch_size(card)
    backend_args, training = _backend_args(config, card)
    model = load_model(
        card,
        model_args=backend_args,
        generation=generation_settings(card, config.gen_kwargs),
        batch_size=batch_size,
        seed=config.seed,
        cache=cache_directory(),
    )
    identity = model_identity(config, card, {**model.engine, **training})
    n_videos = (
        len({query.video for task in tasks for query in task.asked}) if card.reads_video else 0
    )
    with track("videos found", n_videos, shown=show_progress) as advance:
        plan = make_plan(
            tasks,
            card,
            prompts,
            config=config,
            identity=identity,
            on_video=lambda: advance(1),
        )
    responses = NO_RESPONSES if fresh else read_responses(directory)
    return Prepared(
        config=config,
        card=card,
        tasks=tasks,
        plan=plan,
        responses=responses,
        workload=make_workload(plan, responses, batch_size=batch_size),
        model=model,
        prompts=prompts,
        identity=identity,
    )


def _backend_args(config: RunConfig, card: Card) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the backend's arguments, with the rows of `train_task` read, and what names them."""
    arguments = dict(config.model_args)
    if card.backend != "blind" or "train_task" not in arguments:
        return arguments, {}
    name = str(arguments.pop("train_task"))
    tasks = load_tasks(replace(config, tasks=(name,), limit=None))
    if len(tasks) != 1:
        raise UserError(
            f"got train_task={name}, which stands for {len(tasks)} tasks, expected one; name it"
        )
    task = tasks[0]
    return arguments | {"train_queries": task.queries}, {"train_rows_sha256": task.digest}


def auto_batch_size(card: Card) -> int:
    """Return the batch size of `auto`: small for a model that reads videos."""
    return 4 if card.reads_video else 4096


def run(
    config: RunConfig,
    directory: Path,
    *,
    fresh: bool = False,
    show_progress: bool = False,
    effort: JudgeEffort | None = None,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Run all stages in an output directory and return the results.

    `effort` limits the judges that ask an LLM, `say` receives a line about what they cost.

    Raises:
        UserError: the input is wrong, the disk is full, or another run holds the directory.
    """
    with hold(directory):
        prepared = prepare(config, directory, fresh=fresh, show_progress=show_progress)
        with closing(prepared.model):
            if prepared.workload.batches:
                for task in prepared.tasks:
                    prepared.model.prepare(task.queries)
            # Only now: a wrong flag or a model that cannot be loaded must not cost stored replies.
            if fresh:
                clear(directory)
            _send(config, prepared, directory, show_progress=show_progress)
        judged = judge_run(
            directory,
            prepared.tasks,
            effort=effort or JudgeEffort(),
            show_progress=show_progress,
            say=say,
        )
        return score_run(judged)


def _send(config: RunConfig, prepared: Prepared, directory: Path, *, show_progress: bool) -> None:
    """Write what the run is, then send what is left."""
    record = make_record(
        config,
        prepared.card,
        prepared.tasks,
        identity=prepared.identity,
        prompts=prepared.prompts,
    )
    write_record(record, prepared.plan, directory)
    workload = prepared.workload
    with track("replies", workload.n_to_send, shown=show_progress) as advance:
        infer(
            prepared.plan,
            prepared.model,
            directory,
            prepared.responses,
            workload,
            advance=advance,
        )


def clear(directory: Path) -> None:
    """Remove what earlier runs wrote here."""
    for name in OWN_FILES:
        (directory / name).unlink(missing_ok=True)
    for path in directory.glob("samples_*.jsonl"):
        path.unlink()
