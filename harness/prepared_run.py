"""A run before its first request: tasks, card, videos and the name of every request."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import UserError
from rarft.harness.models import Card, Model, PromptMode, find_card, load_model
from rarft.harness.models.backend_choice import with_backend
from rarft.harness.progress import track
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.append_log import Mutex
from rarft.harness.stages.decoded_size import cost_by_size
from rarft.harness.stages.infer import Workload, make_workload
from rarft.harness.stages.loaded_task import LoadedTask, load_tasks
from rarft.harness.stages.plan import (
    Plan,
    check_asked,
    generation_settings,
    make_plan,
    model_identity,
    run_prompts,
)
from rarft.harness.stages.response_store import NO_RESPONSES, Responses, read_responses
from rarft.harness.stages.shown_videos import check_others
from rarft.harness.task_index import check_folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run before its first request: what it will send, and what it will skip.

    `card` names the backend that runs, `card_backend` is the one in the card's file.
    """

    config: RunConfig
    card: Card
    card_backend: str
    tasks: tuple[LoadedTask, ...]
    plan: Plan
    responses: Responses
    workload: Workload
    model: Model
    prompts: Mapping[PromptMode, str]
    identity: Mapping[str, Any]


def prepare(
    config: RunConfig,
    directory: Path,
    *,
    fresh: bool = False,
    show_progress: bool = False,
    mutex: Mutex = nullcontext,
) -> Prepared:
    """Load tasks and card, find the videos and name every request; nothing is sent or changed.

    With `fresh`, what the directory holds is not counted as stored. `mutex` is held while it is
    read, where others write to it.

    Raises:
        UserError: a flag, a task, a card or an annotation is wrong.
    """
    _, config = take_n_workers(config)
    check_folders(config.include_folders)
    found, card_path = find_card(config.model, config.include_folders)
    card, model_args = with_backend(found, config.model_args)
    asked, config = config, replace(config, model_args=model_args)
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
    responses = NO_RESPONSES if fresh else read_responses(directory, mutex=mutex)
    videos = [request.video for request in plan.requests if request.video is not None]
    workload = make_workload(
        plan, responses, batch_size=batch_size, cost_of=cost_by_size(card, videos)
    )
    return Prepared(
        config=asked,
        card=card,
        card_backend=found.backend,
        tasks=tasks,
        plan=plan,
        responses=responses,
        workload=workload,
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
    """Return the batch size of `auto`: small for a model that reads videos on this machine.

    vLLM makes its own batches of what it is given, so it is given more than it holds at once.
    """
    if not card.reads_video:
        return 4096
    return {"openai": 32, "vllm": 256}.get(card.backend, 4)


def running_backend(config: RunConfig) -> str:
    """Return the backend that a run's model runs in: what is asked for, else its card's own.

    Raises:
        UserError: there is no such card, or its model cannot run in that backend.
    """
    card, _ = find_card(config.model, config.include_folders)
    return with_backend(card, config.model_args)[0].backend


def take_n_workers(config: RunConfig) -> tuple[int, RunConfig]:
    """Return how many workers `data_parallel_size` asks for, and the flags without it.

    It names no request and no result: a run begun by one worker may be ended by eight. With
    `data_parallel_backend` it is vLLM's own, whose engine spreads over nodes by itself.

    Raises:
        UserError: it is no number above 0.
    """
    arguments = dict(config.model_args)
    if "data_parallel_backend" in arguments or "data_parallel_size" not in arguments:
        return 1, config
    size = arguments.pop("data_parallel_size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise UserError(f"got data_parallel_size={size}, expected a number of workers above 0")
    return size, replace(config, model_args=arguments)
