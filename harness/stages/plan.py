"""plan: tasks and annotations become requests, each named by a digest of all that can change it."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rarft.harness.errors import NotFoundError, UserError, VideoError
from rarft.harness.models import (
    Card,
    PromptMode,
    Request,
    VideoFile,
    named_args,
    prompt_text,
    read_prompt,
)
from rarft.harness.models.revision import named_checkpoint, resolve_revision
from rarft.harness.models.sampling import is_sampled, with_implied_sampling
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.stages.shown_videos import check_roots, shown_visuals
from rarft.harness.types import Query
from rarft.harness.video.content import content_hash
from rarft.harness.video.locate import find_video, video_roots

VideoSeen = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every request of a run, in task order, all repeats of a query side by side.

    `failures` holds the reason of each request that has no video, by its key.
    """

    tasks: tuple[LoadedTask, ...]
    requests: tuple[Request, ...]
    failures: Mapping[str, str]


def make_plan(
    tasks: Sequence[LoadedTask],
    card: Card,
    prompts: Mapping[PromptMode, str],
    *,
    config: RunConfig,
    identity: Mapping[str, Any],
    on_video: VideoSeen = lambda: None,
) -> Plan:
    """Build the requests of every query, in task order.

    Raises:
        UserError: the model reads videos and no folder with videos is named, or a task has no
            other video to show.
    """
    if card.reads_video:
        check_roots(tasks)
    requests: list[Request] = []
    failures: dict[str, str] = {}
    videos: dict[str, VideoFile | str] = {}
    for task in tasks:
        visuals = shown_visuals(task, config) if card.reads_video else itertools.repeat(None)
        for query, visual in zip(task.asked, visuals, strict=False):
            if visual is not None and visual not in videos:
                videos[visual] = open_video(visual)
                on_video()
            video = None if visual is None else videos[visual]
            for repeat in range(config.repeats):
                request = build_request(
                    query,
                    prompts[task.mode],
                    video,
                    card,
                    identity,
                    task_digest=task.digest,
                    repeat=repeat,
                )
                if isinstance(video, str):
                    failures[request.key] = video
                requests.append(request)
    return Plan(tasks=tuple(tasks), requests=tuple(requests), failures=failures)


def check_asked(config: RunConfig, card: Card) -> None:
    """Refuse what would ask a model the same again, or hide a video that it never reads.

    Raises:
        UserError: `repeats` of a model that answers alike each time, or a `video_input` for one
            that reads no video.
    """
    if config.video_input != "shown" and not card.reads_video:
        raise UserError(
            f"got --video_input {config.video_input} for model '{card.name}', which reads no "
            "video; leave it out"
        )
    if config.repeats == 1 or card.backend == "replay":
        return
    if not card.reads_video:
        raise UserError(
            f"got --repeats {config.repeats} for model '{card.name}', which answers alike each "
            "time; leave it out"
        )
    if not is_sampled(generation_settings(card, config.gen_kwargs)):
        raise UserError(
            f"got --repeats {config.repeats} with greedy decoding, whose replies would all be the "
            "same, expected sampling; add --gen_kwargs temperature=1.0"
        )


def run_prompts(
    config: RunConfig, card: Card, card_path: Path, tasks: Sequence[LoadedTask]
) -> dict[PromptMode, str]:
    """Return the prompt of every mode that the tasks ask for.

    Raises:
        UserError: the card or the user's file has no prompt for a mode.
    """
    return {task.mode: run_prompt(config, card, card_path, mode=task.mode) for task in tasks}


def run_prompt(config: RunConfig, card: Card, card_path: Path, *, mode: PromptMode) -> str:
    """Return the prompt of a run: the user's file where one is given, else the card's."""
    if config.prompt_file and card.reads_video:
        path = Path(config.prompt_file)
        if not path.is_file():
            raise NotFoundError(f"got --prompt_file {path}, expected a text file; check the path")
        return read_prompt(path)
    return prompt_text(card, card_path, mode=mode)


def open_video(visual: str) -> VideoFile | str:
    """Return the file and its content hash, or the reason why it cannot be used."""
    try:
        path = find_video(visual, roots=video_roots())
        return VideoFile(path=path, sha256=content_hash(path))
    except VideoError as error:
        return str(error)


def model_identity(config: RunConfig, card: Card, engine: Mapping[str, str]) -> dict[str, Any]:
    """Return what is the same for all requests of a run and can change a reply."""
    checkpoint, _ = named_checkpoint(card, config.model_args)
    identity = {
        "model": card.name,
        "backend": card.backend,
        "checkpoint": checkpoint,
        "revision": resolve_revision(card, model_args=config.model_args),
        "model_args": named_args(card, config.model_args),
        "system": card.system,
        "order": card.order,
        "frames": card.frames.to_json() if card.frames else None,
        "generation": generation_settings(card, config.gen_kwargs),
        "engine": dict(engine),
        "seed": config.seed,
    }
    shown = {"video_input": config.video_input} if config.video_input != "shown" else {}
    return identity | shown


def generation_settings(card: Card, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card's generation settings with the user's on top, by transformers' names.

    `max_gen_toks` is lm-eval's name for `max_new_tokens`; `until` is never set by these tasks. A
    temperature above 0 samples, unless the user says `do_sample=false`.
    """
    names = {"max_gen_toks": "max_new_tokens"}
    changed = {names.get(key, key): value for key, value in asked.items() if key != "until"}
    return {**card.generation, **with_implied_sampling(changed)}


def build_request(
    query: Query,
    prompt: str,
    video: VideoFile | str | None,
    card: Card,
    identity: Mapping[str, Any],
    *,
    task_digest: str,
    repeat: int = 0,
) -> Request:
    """Fill the prompt and name the request.

    A model that reads a video is asked once for the same video, words and settings, whatever task
    they come from. One that reads none may use any field of the row, and the other rows. The first
    repeat has the key of a run without repeats, whose replies it can therefore use.
    """
    text = prompt.replace("{query}", query.text)
    request = Request(
        key="",
        query=query,
        prompt=text,
        system=card.system,
        video=video if isinstance(video, VideoFile) else None,
        generation=identity["generation"],
        video_input=identity.get("video_input", "shown"),
        repeat=repeat,
    )
    content: dict[str, Any] = {"identity": identity, "prompt": text}
    if card.reads_video:
        clip = [request.clip.start_s, request.clip.end_s] if request.clip else None
        named = request.video.sha256 if request.video else f"no video: {query.video}"
        content |= {"video": named, "clip": clip}
    else:
        content |= {"task": query.task, "rows": task_digest, "row": query.to_doc()}
    if repeat:
        content["repeat"] = repeat
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return replace(request, key=key)
