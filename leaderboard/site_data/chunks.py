"""Queries and replies in chunks, so that a page loads those it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rarft.harness.metrics import QueryOutcome
from rarft.harness.metrics.explanations import EXPLANATION_KEYS
from rarft.harness.types import Query, pairs_from_spans
from rarft.leaderboard.site_data.board_rows import BoardRow, BoardTask
from rarft.leaderboard.site_data.data_file import SCHEMA_VERSION
from rarft.leaderboard.types import Sample

CHUNK: Final = 500
"""Queries of one file."""


def n_chunks_of(n_queries: int) -> int:
    """Return how many chunks hold so many queries.

    Example:
        >>> n_chunks_of(0), n_chunks_of(500), n_chunks_of(501)
        (0, 1, 2)
    """
    return -(-n_queries // CHUNK)


def query_chunks(
    task: BoardTask, *, n_shown: int, files: Mapping[str, str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the records of a task's first queries; `files` are videos within the site, by name."""
    for chunk in range(n_chunks_of(n_shown)):
        held = task.queries[chunk * CHUNK : min(n_shown, (chunk + 1) * CHUNK)]
        yield (
            chunk,
            {
                "schema_version": SCHEMA_VERSION,
                "task": task.name,
                "chunk": chunk,
                "n_queries": n_shown,
                "queries": [_query(query, task, files) for query in held],
            },
        )


def sample_chunks(
    row: BoardRow, task: str, *, n_shown: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the records of a row's replies to the first queries of a task."""
    samples = row.samples.get(task, ())[:n_shown]
    outcomes = row.outcomes[task]
    for chunk in range(n_chunks_of(len(samples))):
        part = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
        yield (
            chunk,
            {
                "schema_version": SCHEMA_VERSION,
                "id": row.id,
                "task": task,
                "chunk": chunk,
                "samples": [
                    _sample(sample, one)
                    for sample, one in zip(samples[part], outcomes[part], strict=False)
                ],
            },
        )


def _query(query: Query, task: BoardTask, files: Mapping[str, str]) -> dict[str, Any]:
    held: dict[str, Any] = {
        "query_id": query.id,
        "video": query.video,
        "duration_s": query.duration_s,
        "relevant": query.relevant,
        "level": query.level,
        "categories": list(query.categories),
        "clip": [query.clip.start_s, query.clip.end_s] if query.clip else None,
        "blind_right": (task.blind_right or {}).get(query.id),
        "file": files.get(query.video),
    }
    if task.texts:
        held |= {
            "text": query.text,
            "spans": pairs_from_spans(query.spans),
            "refusal": query.refusal or None,
            "relevant_query": query.relevant_query,
        }
    return {key: value for key, value in held.items() if value is not None}


def _sample(sample: Sample, one: QueryOutcome) -> dict[str, Any]:
    told: Mapping[str, Any] = sample.prediction or {}
    held: dict[str, Any] = {
        "query_id": sample.query_id,
        "status": sample.status,
        "kind": told.get("kind"),
        "counts_as": one.counts_as,
        "spans": told.get("spans") or None,
        "explanation": told.get("explanation") or None,
        "correction": told.get("correction"),
        "reply": sample.reply or None,
        "reason": told.get("reason") or None,
        "failure": sample.failure,
        "flags": told.get("flags") or None,
        "iou": one.iou,
        "relevance_score": sample.relevance_score,
        "judgements": dict(sample.judgements) or None,
        "scores": _scores(one) or None,
    }
    return {key: value for key, value in held.items() if value is not None}


def _scores(one: QueryOutcome) -> dict[str, float]:
    if one.explanation is None:
        return {}
    values: Sequence[float | None] = one.explanation.values
    named = zip(EXPLANATION_KEYS, values, strict=True)
    return {key: value for key, value in named if value is not None}
