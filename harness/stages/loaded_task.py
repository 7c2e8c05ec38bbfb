"""A task as lm-eval loads it, and its rows as queries."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rarft.harness.models import PromptMode
from rarft.harness.run_config import RunConfig
from rarft.harness.task_index import resolve_tasks, task_manager
from rarft.harness.types import Query, query_from_doc


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
