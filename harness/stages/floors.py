"""What needs no video scores on the same queries: shown beside every model.

Kept in the cache by the digest of the task's rows: the blind classifier takes minutes on the
largest task and is the same for every model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rarft.harness.atomic_file import write_atomic
from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import UserError
from rarft.harness.judges.rule import judge_reply
from rarft.harness.metrics import outcome
from rarft.harness.models import Request, find_card, load_model
from rarft.harness.reply_rows import reply_from_row, row_from_reply
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.append_log import SCHEMA_VERSION
from rarft.harness.stages.floor_explanations import explanation_of
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.stages.task_figures import task_figures
from rarft.harness.types import Query, Reply

SHOWN_FLOORS: Final = ("always_ground", "always_refuse", "blind")
VERSION: Final = 3
"""Raised when a floor's replies or the figures can change; part of every cache key."""


def floor_figures(task: LoadedTask, config: RunConfig) -> dict[str, dict[str, Any]]:
    """Return each floor's figures on the queries of this run, or why it does not apply."""
    return {name: _cached_figures(name, task, config) for name in SHOWN_FLOORS}


def _cached_figures(name: str, task: LoadedTask, config: RunConfig) -> dict[str, Any]:
    key = _digest(name, task.digest, task.n_asked, config.policy, config.n_resamples, config.seed)
    path = cache_directory() / "floors" / f"{key}.json"
    stored = _read(path)
    if stored is not None:
        return dict(stored)
    replies = floor_replies(name, task.queries, digest=task.digest, seed=config.seed)
    figures: dict[str, Any]
    if replies[0].failure is not None:
        figures = {"not_applicable": replies[0].failure}
    else:
        figures = _figures(name, task, replies, config)
    _write(path, figures)
    return figures


def _figures(
    name: str, task: LoadedTask, replies: Sequence[Reply], config: RunConfig
) -> dict[str, Any]:
    explanation = explanation_of(name, task.asked)
    outcomes = [
        outcome(
            query,
            judge_reply(reply, form="structured", duration_s=query.duration_s),
            policy=config.policy,
            judgements=explanation.judgements,
            judged=explanation.judged,
            relevance_score=reply.relevance_score,
        )
        for query, reply in zip(task.asked, replies, strict=False)
    ]
    figures = task_figures(outcomes, n_resamples=config.n_resamples, seed=config.seed)
    return {**figures, **explanation.figures}


def floor_replies(
    name: str, queries: Sequence[Query], *, digest: str, seed: int
) -> Sequence[Reply]:
    """Return a floor's replies to all rows of a task, asked or not, from the cache where they are.

    A floor that does not apply to the task fails on every row, with the reason.

    Args:
        name: one of SHOWN_FLOORS.
        queries: all rows of the task.
        digest: what `queries_digest` says of them.
        seed: seed of the floor.
    """
    path = cache_directory() / "floors" / f"{_digest(name, digest, seed)}.replies.json"
    stored = _read(path)
    if stored is not None:
        return [reply_from_row(row) for row in stored]
    card, _ = find_card(name)
    model = load_model(
        card, model_args={}, generation={}, batch_size=1, seed=seed, cache=cache_directory()
    )
    model.prepare(queries)
    requests = [Request(key=query.id, query=query, prompt=query.text) for query in queries]
    replies: Sequence[Reply] = model.generate(requests)
    _write(path, [row_from_reply(reply) for reply in replies])
    return replies


def _digest(*parts: Any) -> str:
    named = [VERSION, version("scikit-learn"), *parts]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()[:32]


def _read(path: Path) -> Any:
    """Return what is cached, or None: a damaged file is made again."""
    try:
        return json.loads(path.read_bytes())["content"]
    except (OSError, ValueError, KeyError):
        return None


def _write(path: Path, content: Any) -> None:
    # A cache that cannot be written costs time, not the run.
    with suppress(UserError):
        text = json.dumps({"schema_version": SCHEMA_VERSION, "content": content})
        write_atomic(path, text.encode())
