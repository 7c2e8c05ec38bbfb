"""What all requests of a run share: the client, the gate, the money, and what was learnt."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rarft.harness.errors import UserError
from rarft.harness.llm.answer_schema import FormatMemory
from rarft.harness.llm.budget import Ledger
from rarft.harness.llm.call import Sent, send
from rarft.harness.llm.endpoint import Endpoint
from rarft.harness.llm.faults import Fault
from rarft.harness.llm.settings import LLMSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI


SPREAD_S = 0.05
N_TRIES_EACH = 3


class BudgetSpentError(Exception):
    """One more call does not fit the budget."""


class Gate:
    """Holds back every call until the latest pause that was asked for is over."""

    def __init__(self, *, rng: random.Random) -> None:
        self._opens_at = 0.0
        self._rng = rng

    def pause(self, seconds: float) -> None:
        """Keep the gate closed for this long from now, or longer if it is already."""
        self._opens_at = max(self._opens_at, time.monotonic() + seconds)

    async def wait(self) -> None:
        """Return once the gate is open, a little spread so that not all leave at one instant."""
        while (left_s := self._opens_at - time.monotonic()) > 0:
            await asyncio.sleep(left_s + self._rng.uniform(0, SPREAD_S))


class Reach:
    """Ends a run whose server refuses every connection, instead of failing each request in turn."""

    def __init__(self, base_url: str, *, n_workers: int) -> None:
        self._base_url = base_url
        self._most_in_a_row = N_TRIES_EACH * n_workers
        self._n_in_a_row = 0

    def record(self, *, refused: bool) -> None:
        """Count one call.

        Raises:
            UserError: three calls of every worker in a row found no server.
        """
        self._n_in_a_row = self._n_in_a_row + 1 if refused else 0
        if self._n_in_a_row >= self._most_in_a_row:
            raise UserError(
                f"got no connection to {self._base_url} in {self._n_in_a_row} calls, expected a "
                "server that listens there; start it or mend the address and run again, answers "
                "so far are kept"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One run's way to the server; every call goes through `send`."""

    client: AsyncOpenAI
    endpoint: Endpoint
    settings: LLMSettings
    gate: Gate
    ledger: Ledger
    formats: FormatMemory
    reach: Reach
    rng: random.Random
    settled: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, body: Mapping[str, Any]) -> Sent:
        """Send one body when the gate is open and the budget allows it, and count what it cost.

        Raises:
            UserError: the server cannot be reached at all.
            BudgetSpentError: the call does not fit the budget, and nothing is under way.
        """
        n_letters = sum(len(message["content"]) for message in body["messages"])
        await self.gate.wait()
        reserved_usd = await self._reserve(n_letters)
        sent = Sent(outcome=Fault(kind="again", reason="the run ended"))
        try:
            sent = await send(
                self.client, body, endpoint=self.endpoint, timeout_s=self.settings.timeout_s
            )
        finally:
            usd = self.ledger.record(
                n_letters,
                sent.n_prompt_tokens,
                sent.n_new_tokens,
                charged_usd=reserved_usd if sent.is_uncounted else 0.0,
            )
            self.ledger.release(reserved_usd)
        async with self.settled:
            self.settled.notify_all()
        if sent.pause_s:
            self.gate.pause(sent.pause_s)
        self.reach.record(refused=isinstance(sent.outcome, Fault) and sent.outcome.refused)
        return replace(sent, usd=usd)

    async def _reserve(self, n_letters: int) -> float:
        """Set the cost of a call aside, once the calls under way leave room for it."""
        async with self.settled:
            while (reserved_usd := self.ledger.reserve(n_letters)) is None:
                if self.ledger.is_idle:
                    raise BudgetSpentError
                await self.settled.wait()
        return reserved_usd
