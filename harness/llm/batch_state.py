"""Where the requests of a directory stand: answered, waiting in a batch, or still to be sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rarft.harness.llm.answer_cache import AnswerCache
from rarft.harness.llm.batch_lines import NO_LINE, answer_of, read_results
from rarft.harness.llm.batch_log import LOST, SentBatch
from rarft.harness.llm.deliveries import answer_of_row
from rarft.harness.llm.prices import Prices
from rarft.harness.llm.request import LLMAnswer, LLMRequest
from rarft.harness.llm.settings import LLMSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """How far the requests of one call are, and what the directory's batches cost.

    The requests are those in the cache, waiting, done, failed and to be submitted, each counted
    once. `batches` holds the server's id, or "" until it is known, and the status of every batch of
    the directory. `usd` is the cost of the ended ones, None where it is not known. `reasons` counts
    why requests that were sent have no answer and are to be submitted again, or "budget" for those
    that do not fit it.
    """

    n_requests: int
    n_cached: int
    n_waiting: int
    n_done: int
    n_failed: int
    n_to_submit: int
    batches: tuple[tuple[str, str], ...]
    usd: float | None
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def is_complete(self) -> bool:
        """Say whether every request has an answer or a failure."""
        return self.n_waiting == self.n_to_submit == 0


@dataclass(slots=True)
class Standing:
    """Each distinct request by digest: its answer, or that it waits, or why it is to be sent."""

    answers: dict[str, LLMAnswer] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    unanswered: dict[str, str] = field(default_factory=dict)

    def to_submit(self, requests: Mapping[str, LLMRequest]) -> list[str]:
        """Return the digests that no batch and no cache holds, in the order of the requests."""
        held = self.answers.keys() | self.cached | self.waiting
        return [digest for digest in requests if digest not in held]


def requests_by_digest(
    requests: Sequence[LLMRequest], settings: LLMSettings
) -> tuple[dict[str, LLMRequest], Counter[str]]:
    """Return the distinct requests and how often each is asked."""
    distinct: dict[str, LLMRequest] = {}
    times: Counter[str] = Counter()
    for request in requests:
        digest = request.digest(model=settings.model, settings=settings.answer_settings)
        distinct.setdefault(digest, request)
        times[digest] += 1
    return distinct, times


def find_standing(
    requests: Mapping[str, LLMRequest],
    settings: LLMSettings,
    batches: Sequence[SentBatch],
    directory: Path,
    *,
    prices: Prices,
    cache: AnswerCache | None,
) -> Standing:
    """Tell where requests stand, from the batches in the order they were sent, then the cache.

    A later batch says more than an earlier one, but no failure takes the place of a value. What was
    sent in vain `n_attempts` times is a failure.
    """
    standing = Standing()
    tries: Counter[str] = Counter()
    for batch in batches:
        wanted = [digest for digest in batch.digests if digest in requests]
        if not batch.has_ended:
            standing.waiting.update(wanted)
        elif batch.status != LOST:
            _add_results(
                standing,
                batch,
                wanted,
                directory,
                requests=requests,
                tries=tries,
                settings=settings,
                prices=prices,
            )
    has_value = {digest for digest, answer in standing.answers.items() if answer.value is not None}
    standing.waiting -= has_value
    for digest in standing.waiting & standing.answers.keys():
        del standing.answers[digest]
    if cache is not None:
        left = [digest for digest in requests if digest not in has_value]
        for digest, row in cache.get_many(left).items():
            if answer_of_row(row, requests[digest]) is not None:
                standing.cached.add(digest)
                standing.answers.pop(digest, None)
                standing.waiting.discard(digest)
    return standing


def _add_results(
    standing: Standing,
    batch: SentBatch,
    wanted: Sequence[str],
    directory: Path,
    *,
    requests: Mapping[str, LLMRequest],
    tries: Counter[str],
    settings: LLMSettings,
    prices: Prices,
) -> None:
    rows = read_result_files(batch, directory) if wanted else {}
    for digest in wanted:
        before = standing.answers.get(digest)
        if before is not None and before.value is not None:
            continue
        row = rows.get(digest)
        outcome: LLMAnswer | str = batch.reason or NO_LINE
        if row is not None:
            outcome = answer_of(row, requests[digest], settings, prices)
        if isinstance(outcome, LLMAnswer):
            standing.answers[digest] = outcome
            standing.unanswered.pop(digest, None)
            continue
        tries[digest] += 1
        if tries[digest] >= settings.n_attempts:
            failure = f"{outcome}, sent in {tries[digest]} batches"
            standing.answers[digest] = LLMAnswer(failure=failure, usd=0.0, n_calls=tries[digest])
        else:
            standing.unanswered[digest] = outcome


def read_result_files(batch: SentBatch, directory: Path) -> dict[str, dict[str, object]]:
    """Return the stored rows of a batch that has ended, by digest."""
    rows: dict[str, dict[str, object]] = {}
    for kind in ("errors", "output"):
        path = batch.results_path(directory, kind)
        if path.exists():
            rows |= read_results(path.read_bytes())
    return rows


def state_of(
    standing: Standing,
    times: Counter[str],
    requests: Mapping[str, LLMRequest],
    batches: Sequence[SentBatch],
    *,
    over_budget: bool = False,
) -> BatchState:
    """Count a standing, a request that is asked twice as two.

    `over_budget` says why the requests to be submitted have not been.
    """
    to_submit = standing.to_submit(requests)
    reasons: Counter[str] = Counter()
    for digest in to_submit:
        reason = "budget" if over_budget else standing.unanswered.get(digest)
        if reason:
            reasons[reason] += times[digest]
    done = {digest for digest, answer in standing.answers.items() if answer.value is not None}
    return BatchState(
        n_requests=times.total(),
        n_cached=sum(times[digest] for digest in standing.cached),
        n_waiting=sum(times[digest] for digest in standing.waiting),
        n_done=sum(times[digest] for digest in done),
        n_failed=sum(times[digest] for digest in standing.answers.keys() - done),
        n_to_submit=sum(times[digest] for digest in to_submit),
        batches=tuple((batch.batch_id, batch.status) for batch in batches),
        usd=spent_usd(batches),
        reasons=tuple(reasons.most_common()),
    )


def spent_usd(batches: Sequence[SentBatch]) -> float | None:
    """Return what the ended batches cost, or None where one of them has no known price."""
    costs = [batch.usd for batch in batches if batch.has_ended]
    known = [usd for usd in costs if usd is not None]
    return sum(known, 0.0) if len(known) == len(costs) else None
