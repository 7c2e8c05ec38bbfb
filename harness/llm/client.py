"""Ask a language model many requests, each distinct one once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from rarft.harness.llm.answer_cache import AnswerCache
from rarft.harness.llm.answer_schema import FormatMemory
from rarft.harness.llm.budget import Ledger, Spending, Stopped
from rarft.harness.llm.conversation import ask
from rarft.harness.llm.deliveries import Deliveries, OnAnswers
from rarft.harness.llm.endpoint import find_endpoint, open_client
from rarft.harness.llm.event_loop import run_in_loop
from rarft.harness.llm.line import BudgetSpentError, Gate, Line, Reach
from rarft.harness.llm.outbox import Outbox
from rarft.harness.llm.prices import read_prices
from rarft.harness.llm.request import LLMAnswer, LLMRequest
from rarft.harness.llm.settings import LLMSettings

MOST_CONNECTIONS = 1000


def _ignore(answers: Sequence[tuple[int, LLMAnswer]]) -> None:
    """Take answers that only the cache is to keep."""


def answer_all(
    requests: Sequence[LLMRequest],
    settings: LLMSettings,
    *,
    cache: AnswerCache | None = None,
    on_answers: OnAnswers = _ignore,
) -> Spending:
    """Answer requests and hand the answers on in groups, in the order in which they come.

    Requests with one digest are asked once. Every index is handed on at most once: with a value or
    a failure, or not at all where the budget or an error ended the run before. Cached answers come
    first, in one group. An answer is in the cache before it is handed on; failures never are. What
    a request cost is told with the first index of its digest.

    Args:
        requests: What to ask.
        settings: The endpoint and the limits.
        cache: Where answers are looked up and stored; without one, every request is asked.
        on_answers: Takes groups of (index, answer), one at a time and never interrupted, in a
            thread that waits for no answer.

    Raises:
        UserError: the run cannot go on, for example because the key has expired or no server can be
            reached. What was answered before has been handed on.
    """
    started_s = time.monotonic()
    ledger = Ledger(settings, read_prices(settings.prices))
    deliveries = Deliveries(requests, settings, cache=cache, on_answers=on_answers)
    deliveries.deliver_cached()
    stopped: Stopped = ""
    if deliveries.left:
        stopped = _run(deliveries, settings, ledger)
    return Spending(
        n_requests=deliveries.n_delivered,
        n_calls=ledger.n_calls,
        n_cached=deliveries.n_cached,
        n_failed=deliveries.n_failed,
        n_prompt_tokens=ledger.n_prompt_tokens,
        n_new_tokens=ledger.n_new_tokens,
        usd=ledger.usd,
        seconds=time.monotonic() - started_s,
        stopped=stopped,
    )


def _run(deliveries: Deliveries, settings: LLMSettings, ledger: Ledger) -> Stopped:
    if settings.budget_usd == 0:
        return "budget"
    return run_in_loop(lambda: _ask_left(deliveries, settings, ledger))


async def _ask_left(deliveries: Deliveries, settings: LLMSettings, ledger: Ledger) -> Stopped:
    """Ask what the cache did not hold, and hand on what has come even where the run ends early."""
    endpoint = find_endpoint(settings)
    n_workers = min(settings.n_concurrent, len(deliveries.left), MOST_CONNECTIONS)
    # Jitter keeps runs apart, so it must not repeat: the seed comes from the system.
    rng = random.Random()
    with ThreadPoolExecutor(1) as executor:
        async with open_client(endpoint, timeout_s=settings.timeout_s) as client:
            line = Line(
                client=client,
                endpoint=endpoint,
                settings=settings,
                gate=Gate(rng=rng),
                ledger=ledger,
                formats=FormatMemory(settings.response_format),
                reach=Reach(endpoint.base_url, n_workers=n_workers),
                rng=rng,
            )
            outbox = Outbox(deliveries.deliver, executor=executor)
            try:
                return await _run_workers(line, deliveries, outbox, n_workers=n_workers)
            except BaseExceptionGroup as failures:
                raise _first(failures) from None
            finally:
                outbox.close()


async def _run_workers(
    line: Line,
    deliveries: Deliveries,
    outbox: Outbox[tuple[str, LLMAnswer]],
    *,
    n_workers: int,
) -> Stopped:
    """Ask by a fixed number of workers over one iterator."""
    waiting = iter(list(deliveries.left))
    stops: list[Stopped] = []
    async with asyncio.TaskGroup() as group:
        handing_on = group.create_task(outbox.run())
        workers = [
            group.create_task(_work(waiting, line, deliveries, outbox, stops))
            for _ in range(n_workers)
        ]
        await asyncio.wait(workers)
        handing_on.cancel()
    return stops[0] if stops else ""


async def _work(
    waiting: Iterator[str],
    line: Line,
    deliveries: Deliveries,
    outbox: Outbox[tuple[str, LLMAnswer]],
    stops: list[Stopped],
) -> None:
    """Answer one request after another until none is left or the budget is used up."""
    for digest in waiting:
        if stops:
            return
        try:
            answer = await ask(line, deliveries.request_of(digest))
        except BudgetSpentError:
            stops.append("budget")
            return
        outbox.put((digest, answer))


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first of several failures: the others follow from it."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
