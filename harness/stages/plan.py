"""plan: tasks and annotations become requests, each named by a digest of all that can change it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarft.harness.errors import NotFoundError, VideoError
from rarft.harness.models import Card, PromptMode, Request, VideoFile, checked_prompt, prompt_text
from rarft.harness.models.revision import resolve_revision
from rarft.harness.run_config import RunConfig
from rarft.harness.task_index import resolve_tasks, task_manager
from rarft.harness.types import Query, query_from_doc
from rarft.harness.video.content import content_hash
from rarft.harness.video.locate import find_video, video_roots

VideoSeen = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTask:
    """One task: lm-eval's object, all its queries, and how many of them this run asks.

    `digest` names the rows, so that what was computed from other rows is never used.
    """

    name: str
    task: Any
    queries: tuple[Query, ...]
    n_asked: int
    mode: PromptMode
    digest: str
    load_report: Mapping[str, Any] | None

    @property
    def asked(self) -> tuple[Query, ...]:
        """Return the queries of this run."""
        return self.queries[: self.n_asked]

    @property
    def metadata(self) -> dict[str, Any]:
        """Return the task YAML's metadata, with the user's on top."""
        return dict(self.task.config.metadata or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every request of a run, one a query; `failures` holds the reason of those with no video."""

    tasks: tuple[LoadedTask, ...]
    requests: tuple[Request, ...]
    failures: Mapping[str, str]


def load_tasks(config: RunConfig) -> tuple[LoadedTask, ...]:
    """Load every task that the run's patterns stand for.

    Raises:
        NotFoundError: a pattern matches no task.
        AnnotationError: an annotation is absent or malformed.
    """
    manager = task_manager(config.include_folders, config.metadata)
    names = resolve_tasks(config.tasks, manager)
    loaded = manager.load(names)["tasks"]
    return tuple(loaded_task(name, loaded[name], config) for name in names)


def loaded_task(name: str, task: Any, config: RunConfig) -> LoadedTask:
    """Read a loaded lm-eval task's rows as queries."""
    docs = task.eval_docs
    queries = tuple(query_from_doc(doc, task=name) for doc in docs)
    metadata = task.config.metadata or {}
    return LoadedTask(
        name=name,
        task=task,
        queries=queries,
        n_asked=_n_asked(len(queries), config.limit),
        mode=config.prompt_mode or metadata.get("prompt_mode", "refusal"),
        digest=queries_digest(queries),
        load_report=getattr(docs, "load_report", None),
    )


def _n_asked(n_queries: int, limit: float | None) -> int:
    """Return how many queries `--limit` leaves, as lm-eval counts them."""
    if limit is None:
        return n_queries
    return min(n_queries, math.ceil(n_queries * limit) if limit < 1 else int(limit))


def queries_digest(queries: Sequence[Query]) -> str:
    """Return the digest of a task's rows."""
    digest = hashlib.sha256()
    for query in queries:
        digest.update(json.dumps(query.to_doc(), sort_keys=True).encode())
    return digest.hexdigest()


def make_plan(
    config: RunConfig,
    tasks: Sequence[LoadedTask],
    card: Card,
    prompts: Mapping[PromptMode, str],
    *,
    engine: Mapping[str, str],
    on_video: VideoSeen = lambda: None,
) -> Plan:
    """Build one request a query, in task order."""
    identity = model_identity(config, card, engine)
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
        return checked_prompt(path.read_text(encoding="utf-8"), path)
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
    checkpoint = config.model_args.get("pretrained", card.checkpoint)
    return {
        "model": card.name,
        "backend": card.backend,
        "checkpoint": checkpoint,
        "revision": resolve_revision(card, checkpoint=checkpoint),
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
