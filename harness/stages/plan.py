"""plan: tasks and annotations become requests, each named by a digest of all that can change it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarft.harness.errors import NotFoundError, UserError, VideoError
from rarft.harness.models import Card, PromptMode, Request, VideoFile, prompt_text, read_prompt
from rarft.harness.models.revision import named_checkpoint, resolve_revision
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.types import Query
from rarft.harness.video.content import content_hash
from rarft.harness.video.locate import find_video, video_roots

VideoSeen = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every request of a run, one a query; `failures` holds the reason of those with no video."""

    tasks: tuple[LoadedTask, ...]
    requests: tuple[Request, ...]
    failures: Mapping[str, str]


def make_plan(
    tasks: Sequence[LoadedTask],
    card: Card,
    prompts: Mapping[PromptMode, str],
    *,
    identity: Mapping[str, Any],
    on_video: VideoSeen = lambda: None,
) -> Plan:
    """Build one request a query, in task order.

    Raises:
        UserError: the model reads videos and no folder with videos is named.
    """
    if card.reads_video:
        _check_roots(tasks)
    requests: list[Request] = []
    failures: dict[str, str] = {}
    videos: dict[str, VideoFile | str] = {}
    for task in tasks:
        for query, doc in zip(task.asked, task.task.eval_docs, strict=False):
            video: VideoFile | str | None = None
            if card.reads_video:
                visual = str(task.task.doc_to_image(doc)[0])
                if visual not in videos:
                    videos[visual] = open_video(visual)
                    on_video()
                video = videos[visual]
            request = build_request(
                query, prompts[task.mode], video, card, identity, task_digest=task.digest
            )
            if isinstance(video, str):
                failures[request.key] = video
            requests.append(request)
    return Plan(tasks=tuple(tasks), requests=tuple(requests), failures=failures)


def _check_roots(tasks: Sequence[LoadedTask]) -> None:
    """Stop before thousands of queries fail for one variable that is not set."""
    for root in video_roots():
        if not root.is_dir():
            raise NotFoundError(f"got RARFT_VIDEOS with {root}, expected a folder; check the path")
    for task in tasks:
        visual = str(task.task.doc_to_image(task.task.eval_docs[0])[0])
        if not Path(visual).is_absolute() and not video_roots():
            raise UserError(
                f"got no folder with the videos of task {task.name}, expected RARFT_VIDEOS to name "
                "one or several; set it and run again"
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
    return {
        "model": card.name,
        "backend": card.backend,
        "checkpoint": checkpoint,
        "revision": resolve_revision(card, model_args=config.model_args),
        "model_args": dict(config.model_args),
        "system": card.system,
        "order": card.order,
        "frames": card.frames.to_json() if card.frames else None,
        "generation": generation_settings(card, config.gen_kwargs),
        "engine": dict(engine),
        "seed": config.seed,
    }


def generation_settings(card: Card, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card's generation settings with the user's on top, by transformers' names.

    `max_gen_toks` is lm-eval's name for `max_new_tokens`; `until` is never set by these tasks.
    """
    names = {"max_gen_toks": "max_new_tokens"}
    changed = {names.get(key, key): value for key, value in asked.items() if key != "until"}
    return {**card.generation, **changed}


def build_request(
    query: Query,
    prompt: str,
    video: VideoFile | str | None,
    card: Card,
    identity: Mapping[str, Any],
    *,
    task_digest: str,
) -> Request:
    """Fill the prompt and name the request.

    A model that reads a video is asked once for the same video, words and settings, whatever task
    they come from. One that reads none may use any field of the row, and the other rows.
    """
    text = prompt.replace("{query}", query.text)
    content: dict[str, Any] = {"identity": identity, "prompt": text}
    if card.reads_video:
        clip = [query.clip.start_s, query.clip.end_s] if query.clip else None
        named = video.sha256 if isinstance(video, VideoFile) else f"no video: {query.video}"
        content |= {"video": named, "clip": clip}
    else:
        content |= {"task": query.task, "rows": task_digest, "row": query.to_doc()}
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return Request(
        key=key,
        query=query,
        prompt=text,
        system=card.system,
        video=video if isinstance(video, VideoFile) else None,
        generation=identity["generation"],
    )
