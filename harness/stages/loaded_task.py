"""A task as lm-eval loads it, and its rows as queries."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rarft.harness.docs import Docs
from rarft.harness.errors import AnnotationError, RarftError
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
    annotation_sha256: str | None

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
    return tuple(loaded_task(name, _load(manager, name), config) for name in names)


def _load(manager: Any, name: str) -> Any:
    """Load one lm-eval task, whose loader may be anybody's code.

    Raises:
        AnnotationError: the loader or lm-eval stopped at what it was given.
    """
    try:
        return manager.load([name])["tasks"][name]
    except RarftError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise AnnotationError(
            f"task {name}: got {reason} while loading it, expected a test split with at least one "
            "row that has id, video, text and relevant; mend the task's YAML or loader"
        ) from error


def loaded_task(name: str, task: Any, config: RunConfig) -> LoadedTask:
    """Read a loaded lm-eval task's rows as queries.

    Raises:
        AnnotationError: there is no row, a row lacks a column, or two rows have one id.
    """
    docs = task.eval_docs
    queries = read_queries(docs, task=name)
    metadata = task.config.metadata or {}
    return LoadedTask(
        name=name,
        task=task,
        queries=queries,
        n_asked=_n_asked(len(queries), config.limit),
        mode=config.prompt_mode or metadata.get("prompt_mode", "refusal"),
        digest=queries_digest(queries),
        load_report=docs.load_report if isinstance(docs, Docs) else None,
        annotation_sha256=docs.annotation_sha256 if isinstance(docs, Docs) else None,
    )


def read_queries(docs: Iterable[Mapping[str, Any]], *, task: str) -> tuple[Query, ...]:
    """Return a task's rows as queries.

    Raises:
        AnnotationError: there is no row, a row lacks a column, or two rows have one id.
    """
    queries: dict[str, Query] = {}
    for index, doc in enumerate(docs):
        try:
            query = query_from_doc(doc, task=task)
        except (KeyError, TypeError, ValueError) as error:
            raise AnnotationError(
                f"task {task}: got row {index} without a usable {error}, expected at least id, "
                "video, text and relevant; mend the task's loader"
            ) from error
        if query.id in queries:
            raise AnnotationError(
                f"task {task}: got the id '{query.id}' twice, the second in row {index}, expected "
                "one row an id; mend the task's loader"
            )
        queries[query.id] = query
    if not queries:
        raise AnnotationError(f"task {task}: got no row, expected at least one; mend its loader")
    return tuple(queries.values())


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
