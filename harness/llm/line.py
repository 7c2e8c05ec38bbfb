"""What all requests of a run share: the client, the gate, the money, and what was learnt."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rarft.harness.llm.budget import Ledger
from rarft.harness.llm.call import Sent, send
from rarft.harness.llm.endpoint import Endpoint
from rarft.harness.llm.faults import Fault
from rarft.harness.llm.gate import Gate
from rarft.harness.llm.reach import Reach
from rarft.harness.llm.reply_format import FormatMemory
from rarft.harness.llm.settings import LLMSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class BudgetSpentError(Exception):
    """One more call does not fit the budget."""


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
