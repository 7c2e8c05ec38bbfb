"""infer: requests become rows of responses.jsonl, each durable before the next batch is sent.

Batches are cut from the whole plan, so they are the same after a restart. A request whose row is
on disk is never sent again; a request that failed is tried once more by the next run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import ReplyError
from rarft.harness.models import Model, Request
from rarft.harness.reply_rows import row_from_reply
from rarft.harness.stages.append_log import AppendLog, read_rows
from rarft.harness.stages.plan import Plan
from rarft.harness.types import Reply

RESPONSES = "responses.jsonl"
JOURNAL = "journal.jsonl"

ROW_KEYS = ("task", "query_id", "request", "status")

Advance = Callable[[int], None]
RowKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """What responses.jsonl holds: the last row of each (task, query id, request)."""

    rows: Mapping[RowKey, Mapping[str, Any]]
    answered: Mapping[str, Mapping[str, Any]]

    def row_of(self, request: Request) -> Mapping[str, Any] | None:
        """Return the row of one request for its own query."""
        return self.rows.get((request.query.task, request.query.id, request.key))


NO_RESPONSES: Final = Responses(rows={}, answered={})


def read_responses(directory: Path) -> Responses:
    """Read the response store of an output directory; it may not exist yet."""
    rows: dict[RowKey, Mapping[str, Any]] = {}
    answered: dict[str, Mapping[str, Any]] = {}
    for row in read_rows(directory / RESPONSES, required=ROW_KEYS):
        rows[row["task"], row["query_id"], row["request"]] = row
        if row["status"] == "ok":
            answered[row["request"]] = row
    return Responses(rows=rows, answered=answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is left to do: `batches` of requests to send, and how many queries need no call."""

    batches: tuple[tuple[Request, ...], ...]
    n_queries: int
    n_distinct: int
    n_stored: int

    @property
    def n_to_send(self) -> int:
        """Return how many requests go to the model."""
        return sum(map(len, self.batches))


def make_workload(plan: Plan, responses: Responses, *, batch_size: int) -> Workload:
    """Cut the plan's distinct requests into batches and leave out what is stored."""
    distinct = list({request.key: request for request in plan.requests}.values())
    batches = []
    for start in range(0, len(distinct), batch_size):
        batch = distinct[start : start + batch_size]
        left = tuple(request for request in batch if request.key not in responses.answered)
        if left:
            batches.append(left)
    n_left = sum(map(len, batches))
    return Workload(
        batches=tuple(batches),
        n_queries=sum(request.repeat == 0 for request in plan.requests),
        n_distinct=len(distinct),
        n_stored=len(distinct) - n_left,
    )


def infer(
    plan: Plan,
    model: Model,
    directory: Path,
    responses: Responses,
    workload: Workload,
    *,
    advance: Advance = lambda n: None,
) -> None:
    """Send what is left to a prepared model and store every reply.

    Raises:
        UserError: a row cannot be written; rows written before stay.
    """
    queries_of = _queries_by_key(plan)
    with AppendLog(directory / RESPONSES) as log, AppendLog(directory / JOURNAL) as journal:
        _store_shared(plan, responses, log)
        if not workload.batches:
            return
        for batch in workload.batches:
            journal.append([{"event": "sent", "n_requests": len(batch), "at_s": time.time()}])
            replies = answer(batch, model, plan.failures)
            log.append(list(_rows(batch, replies, queries_of)))
            advance(len(batch))
        journal.append([{"event": "finished", "at_s": time.time()}])


def _queries_by_key(plan: Plan) -> dict[str, list[Request]]:
    queries: dict[str, list[Request]] = {}
    for request in plan.requests:
        queries.setdefault(request.key, []).append(request)
    return queries


def _store_shared(plan: Plan, responses: Responses, log: AppendLog) -> None:
    """Write the row of each query whose request another query has already had answered."""
    rows = []
    for request in plan.requests:
        answered = responses.answered.get(request.key)
        own = responses.row_of(request)
        if answered is not None and (own is None or own["status"] != "ok"):
            rows.append({**answered, **_asked(request)})
    log.append(rows)


def answer(batch: Sequence[Request], model: Model, failures: Mapping[str, str]) -> dict[str, Reply]:
    """Return the reply to each request of a batch by its key.

    A request without a video is not sent; a batch the model refuses as a whole fails as a whole.
    """
    replies = {
        key: Reply(failure=failures[key]) for key in (r.key for r in batch) if key in failures
    }
    sent = [request for request in batch if request.key not in replies]
    try:
        answers = model.generate(sent) if sent else []
    except ReplyError as error:
        answers = [Reply(failure=str(error))] * len(sent)
    return replies | {request.key: reply for request, reply in zip(sent, answers, strict=True)}


def _rows(
    batch: Sequence[Request],
    replies: Mapping[str, Reply],
    queries_of: Mapping[str, Sequence[Request]],
) -> Iterator[dict[str, Any]]:
    for sent in batch:
        content = row_from_reply(replies[sent.key])
        for request in queries_of[sent.key]:
            yield {**_asked(request), **content}


def _asked(request: Request) -> dict[str, str | int]:
    """Return what a row says of its question; `replay` matches by video, query and repeat."""
    query = request.query
    asked: dict[str, str | int] = {
        "task": query.task,
        "query_id": query.id,
        "request": request.key,
        "video": query.video,
        "query": query.text,
    }
    if request.repeat:
        asked["repeat"] = request.repeat
    if request.video_input == "other" and request.video is not None:
        asked["shown_video"] = request.video.path.name
    return asked
