"""The Batch API: the same requests, sent in files, answered within a day at a lower price.

`submit` sends what is neither answered nor waiting; `collect` asks once how far the batches are and
hands on what has come. Both may be killed anywhere and called again days later: the state is
batches.jsonl in the directory, and result files are kept beside it. A reply that cannot be used
becomes a failure at once: no corrective question follows it, as one does in single calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rarft.harness.llm.answer_cache import AnswerCache
from rarft.harness.llm.batch_lines import BatchLimits, request_line, split
from rarft.harness.llm.batch_log import BatchLog
from rarft.harness.llm.batch_server import open_batch_server
from rarft.harness.llm.batch_state import (
    BatchState,
    Standing,
    find_standing,
    requests_by_digest,
    state_of,
)
from rarft.harness.llm.batch_steps import Place, affordable, make, poll, settle
from rarft.harness.llm.deliveries import Deliveries, OnAnswers
from rarft.harness.llm.prices import read_prices
from rarft.harness.llm.request import LLMRequest
from rarft.harness.llm.settings import LLMSettings

LIMITS: Final = BatchLimits()
N_DELIVERED_AT_ONCE: Final = 4096


@contextmanager
def _open(directory: Path, settings: LLMSettings, *, settle_s: float) -> Iterator[Place]:
    """Open the directory and settle what a killed process left open."""
    prices = read_prices(settings.prices)
    if settings.budget_usd is not None:
        prices.require(settings.model)
    with open_batch_server(settings) as server:
        log = BatchLog(directory)
        try:
            place = Place(log=log, server=server, settings=settings, prices=prices)
            settle(place, settle_s=settle_s)
            yield place
        finally:
            log.close()


def submit(
    requests: Sequence[LLMRequest],
    settings: LLMSettings,
    directory: Path,
    *,
    cache: AnswerCache | None = None,
    retry_failed: bool = False,
    limits: BatchLimits = LIMITS,
) -> BatchState:
    """Send what no batch and no cache holds, as far as the estimated cost fits the budget.

    Args:
        requests: What to ask; each distinct one is sent once.
        settings: The endpoint and the limits. A request sent in vain `n_attempts` times fails.
        directory: Where the state is kept. One process at a time may use it.
        cache: Where answers are looked up.
        retry_failed: Send also what has failed.
        limits: How much one batch holds.

    Raises:
        UserError: the server cannot be used, for example because the key has expired.
    """
    with _open(directory, settings, settle_s=limits.settle_s) as place:
        distinct, times = requests_by_digest(requests, settings)
        standing = _standing(place, distinct, cache=cache)
        if retry_failed:
            failed = [d for d, answer in standing.answers.items() if answer.value is None]
            for digest in failed:
                del standing.answers[digest]
        wanted = standing.to_submit(distinct)
        lines = (request_line(d, distinct[d], settings, place.prices) for d in wanted)
        for group in split(affordable(lines, place), limits):
            make(place, group)
            standing.waiting.update(line.digest for line in group)
        return state_of(standing, times, distinct, place.log.batches, over_budget=True)


def cancel(settings: LLMSettings, directory: Path) -> None:
    """Ask that every batch under way end now; a later `collect` hands on what was answered.

    Raises:
        UserError: the server cannot be used.
    """
    with _open(directory, settings, settle_s=LIMITS.settle_s) as place:
        for batch in place.log.batches:
            if batch.batch_id and not batch.has_ended:
                place.server.cancel(batch.batch_id)


def collect(
    requests: Sequence[LLMRequest],
    settings: LLMSettings,
    directory: Path,
    *,
    cache: AnswerCache | None = None,
    on_answers: OnAnswers | None = None,
    limits: BatchLimits = LIMITS,
) -> BatchState:
    """Ask once how far the batches are, and hand on every answer to these requests that has come.

    Answers of earlier collections are handed on again: give the requests that are still wanted.
    Values are in the cache before they are handed on.

    Args:
        requests: What was asked.
        settings: As they were given to `submit`.
        directory: Where the state is kept.
        cache: Where answers are looked up and stored.
        on_answers: Takes groups of (index, answer), as it does for `answer_all`.
        limits: How long a batch may take to show in the server's list.

    Raises:
        UserError: the server cannot be used, for example because the key has expired.
    """
    with _open(directory, settings, settle_s=limits.settle_s) as place:
        for batch in place.log.batches:
            if batch.batch_id and not batch.has_ended:
                poll(place, batch)
        distinct, times = requests_by_digest(requests, settings)
        standing = _standing(place, distinct, cache=cache)
        deliveries = Deliveries(
            requests, settings, cache=cache, on_answers=on_answers or (lambda _: None)
        )
        answered = list(standing.answers.items())
        for start in range(0, len(answered), N_DELIVERED_AT_ONCE):
            deliveries.deliver(answered[start : start + N_DELIVERED_AT_ONCE])
        deliveries.deliver_cached()
        return state_of(standing, times, distinct, place.log.batches)


def _standing(
    place: Place, distinct: Mapping[str, LLMRequest], *, cache: AnswerCache | None
) -> Standing:
    return find_standing(
        distinct,
        place.settings,
        place.log.batches,
        place.log.directory,
        prices=place.prices,
        cache=cache,
    )
