"""infer: requests become rows of responses.jsonl, each durable before the next batch is sent.

Chunks and batches are cut from the whole plan, so they are the same after a restart and with any
number of workers. A request whose row is on disk is never sent again; a request that failed is
tried once more by the next run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from rarft.harness.errors import ReplyError
from rarft.harness.models import Model, Request
from rarft.harness.reply_rows import row_from_reply
from rarft.harness.stages.chunks import Chunk, CostOf, cut_chunks
from rarft.harness.stages.plan import Plan
from rarft.harness.stages.response_store import Responses
from rarft.harness.stages.session import Session
from rarft.harness.types import Reply

Advance = Callable[[int], None]


def _cost_alike(request: Request) -> float:
    return 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What a run is: `chunks` of all its requests, and how many need no call."""

    chunks: tuple[Chunk, ...]
    n_queries: int
    n_distinct: int
    n_stored: int
    left: frozenset[str]

    @property
    def n_to_send(self) -> int:
        """Return how many requests go to the model."""
        return len(self.left)

    @property
    def batches(self) -> tuple[tuple[Request, ...], ...]:
        """Return what is left of each batch that has something left."""
        kept = (
            tuple(request for request in batch if request.key in self.left)
            for chunk in self.chunks
            for batch in chunk.batches
        )
        return tuple(batch for batch in kept if batch)

    @property
    def digest(self) -> str:
        """Return the digest of the cut: workers that share it may work side by side."""
        digest = hashlib.sha256()
        for chunk in self.chunks:
            for batch in chunk.batches:
                digest.update(" ".join([*(request.key for request in batch), "\n"]).encode())
            digest.update(b"\n")
        return digest.hexdigest()


def make_workload(
    plan: Plan, responses: Responses, *, batch_size: int, cost_of: CostOf = _cost_alike
) -> Workload:
    """Cut the plan's distinct requests into chunks, and see what of them is stored."""
    distinct = {request.key: request for request in plan.requests}
    left = frozenset(key for key in distinct if key not in responses.answered)
    return Workload(
        chunks=cut_chunks(list(distinct.values()), batch_size=batch_size, cost_of=cost_of),
        n_queries=sum(request.repeat == 0 for request in plan.requests),
        n_distinct=len(distinct),
        n_stored=len(distinct) - len(left),
        left=left,
    )


def infer(
    plan: Plan,
    model: Model,
    session: Session,
    workload: Workload,
    *,
    advance: Advance = lambda n: None,
) -> None:
    """Answer chunks that nobody else has until every request is done, by whomever.

    `advance` is told how many more requests are done, by all workers.

    Raises:
        UserError: a row cannot be written; rows written before stay.
    """
    queries_of = _queries_by_key(plan)
    session.news()
    n_sent = 0

    def tell() -> None:
        advance(sum(key in queries_of for key in session.news()))

    with closing(session.claimed(workload.chunks, on_wait=tell)) as chunks:
        for chunk in chunks:
            for batch in chunk.batches:
                left = [request for request in batch if request.key not in session.done]
                if not left:
                    continue
                session.note("sent", n_requests=len(left))
                replies = answer(left, model, plan.failures)
                session.store(list(_rows(left, replies, queries_of)))
                n_sent += len(left)
                tell()
    tell()
    if n_sent:
        session.note("finished")


def _queries_by_key(plan: Plan) -> dict[str, list[Request]]:
    queries: dict[str, list[Request]] = {}
    for request in plan.requests:
        queries.setdefault(request.key, []).append(request)
    return queries


def shared_rows(plan: Plan, responses: Responses) -> list[dict[str, Any]]:
    """Return a row for each query whose request another query has already had answered."""
    rows = []
    for request in plan.requests:
        answered = responses.answered.get(request.key)
        own = responses.row_of(request)
        if answered is not None and (own is None or own["status"] != "ok"):
            rows.append({**answered, **_asked(request)})
    return rows


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
