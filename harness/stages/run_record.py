"""What a run was, kept beside its rows: run.json, and requests.jsonl with the plan.

Scoring needs both and no model: a stored reply counts only for the request it answered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import rarft
from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models import Card, PromptMode, Request
from rarft.harness.models.official_prompt import prompt_origin, published_as
from rarft.harness.run_config import RunConfig, config_from_json
from rarft.harness.stages.append_log import SCHEMA_VERSION, encode_row, read_rows
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.stages.plan import Plan

RUN = "run.json"
REQUESTS = "requests.jsonl"

KEYS = ("task", "query_id", "request")

RequestKeys = Mapping[tuple[str, str], str]
RepeatKeys = Mapping[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """run.json: the flags, the model, and the digest of every task's rows."""

    config: RunConfig
    model: Mapping[str, Any]
    identity: Mapping[str, Any]
    prompts: Mapping[str, Mapping[str, str]]
    tasks: Mapping[str, Mapping[str, Any]]
    rarft_version: str

    def with_config(self, config: RunConfig) -> RunRecord:
        """Return the same run scored with other flags."""
        return replace(self, config=config)


def make_record(
    config: RunConfig,
    card: Card,
    tasks: Sequence[LoadedTask],
    *,
    card_backend: str,
    identity: Mapping[str, Any],
    prompts: Mapping[PromptMode, str],
) -> RunRecord:
    """Describe a run before its first request is sent.

    `card` names the backend that runs, `card_backend` is the one in the card's file.
    """
    return RunRecord(
        config=config,
        model={
            "name": card.name,
            "title": card.title or card.name,
            "status": card.status,
            "family": card.family,
            "backend": card.backend,
            "card_backend": card_backend,
            "checkpoint": identity["checkpoint"],
            "revision": identity["revision"],
            "form": config.model_args.get("form", card.output.form),
            "licence": card.licence,
        },
        identity=identity,
        prompts={mode: prompt_provenance(card, text) for mode, text in prompts.items()},
        tasks={task.name: task_provenance(task) for task in tasks},
        rarft_version=rarft.__version__,
    )


def prompt_provenance(card: Card, text: str) -> dict[str, str]:
    """Return a prompt's text and digest, and its origin where the model is asked in words.

    A published prompt is named with its source.
    """
    stored = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "text": text}
    if not card.reads_video:
        return stored
    published = published_as(card, text)
    named = {"name": published.name, "source": published.source} if published else {}
    return {**stored, "origin": prompt_origin(card, text), **named}


def task_provenance(task: LoadedTask) -> dict[str, Any]:
    """Return what names a task's rows: version, annotation file, commit, blob, digest."""
    metadata = task.metadata
    named = ("version", "annotation", "repository", "commit", "blob", "licence")
    return {
        **{name: metadata.get(name) for name in named},
        "annotation_sha256": task.annotation_sha256,
        "rows_sha256": task.digest,
        "n_rows": len(task.queries),
        "n_asked": task.n_asked,
        "prompt_mode": task.mode,
    }


def check_rows(record: RunRecord, tasks: Sequence[LoadedTask]) -> None:
    """Make sure that the tasks have the rows that a run's replies were made for.

    Raises:
        UserError: a task's rows are others.
    """
    for task in tasks:
        if task.digest != record.tasks[task.name]["rows_sha256"]:
            raise UserError(
                f"got other rows of task {task.name} than the replies were made for, expected the "
                "same annotation; point RARFT_ANNOTATIONS at it or run again"
            )


def write_record(record: RunRecord, plan: Plan, directory: Path) -> None:
    """Write run.json and requests.jsonl, replacing those of an earlier run."""
    rows = map(_planned, plan.requests)
    write_atomic(directory / REQUESTS, b"".join(map(encode_row, rows)))
    write_run(record, directory)


def write_run(record: RunRecord, directory: Path) -> None:
    """Write run.json alone: the plan is the same, a later stage has other flags."""
    text = json.dumps(record_content(record), indent=2, sort_keys=True, ensure_ascii=False)
    write_atomic(directory / RUN, text.encode())


def record_content(record: RunRecord) -> dict[str, Any]:
    """Return what run.json holds."""
    return {
        "schema_version": SCHEMA_VERSION,
        "config": record.config.to_json(),
        "model": dict(record.model),
        "identity": dict(record.identity),
        "prompts": dict(record.prompts),
        "tasks": dict(record.tasks),
        "rarft_version": record.rarft_version,
    }


def _planned(request: Request) -> dict[str, Any]:
    query = request.query
    row = {"task": query.task, "query_id": query.id, "request": request.key}
    return row | ({"repeat": request.repeat} if request.repeat else {})


def read_record(directory: Path) -> tuple[RunRecord, RequestKeys]:
    """Read a run back, with the request of each (task, query id): the first where it has several.

    Raises:
        NotFoundError: the directory holds no run.
        UserError: run.json is damaged.
    """
    path = directory / RUN
    if not path.is_file():
        raise NotFoundError(
            f"got {directory}, expected a run's output directory with a {RUN}; check the path"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        record = RunRecord(
            config=config_from_json(content["config"]),
            model=content["model"],
            identity=content["identity"],
            prompts=content["prompts"],
            tasks=content["tasks"],
            rarft_version=content["rarft_version"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: got a damaged file ({error}); run the command again") from error
    return record, {key: requests[0] for key, requests in read_repeats(directory).items()}


def read_repeats(directory: Path) -> RepeatKeys:
    """Return all requests of each (task, query id) of a run, by repeat from 0."""
    found: dict[tuple[str, str], dict[int, str]] = {}
    for row in read_rows(directory / REQUESTS, required=KEYS):
        asked = found.setdefault((row["task"], row["query_id"]), {})
        asked[row.get("repeat", 0)] = row["request"]
    return {key: tuple(asked[n] for n in sorted(asked)) for key, asked in found.items()}
