"""One request until its answer is valid, or until it is certain that none comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from rarft.harness.errors import ReplyError, UserError
from rarft.harness.llm.answer_schema import ReplyFormat
from rarft.harness.llm.body import conversation_body, corrected
from rarft.harness.llm.call import Completion, Sent
from rarft.harness.llm.faults import Fault
from rarft.harness.llm.line import Line
from rarft.harness.llm.request import LLMAnswer, LLMRequest, Message
from rarft.harness.llm.structured import read_value
from rarft.harness.llm.waits import backoff_s

N_CORRECTIONS = 2


@dataclass(slots=True)
class _Cost:
    """What the calls of one request have cost so far; `usd` None is unknown."""

    n_calls: int = 0
    n_prompt_tokens: int = 0
    n_new_tokens: int = 0
    usd: float | None = 0.0

    def add(self, sent: Sent) -> None:
        self.n_calls += 1
        self.n_prompt_tokens += sent.n_prompt_tokens
        self.n_new_tokens += sent.n_new_tokens
        self.usd = None if sent.usd is None or self.usd is None else self.usd + sent.usd


def _ignore(sent: Sent) -> None:
    """Take a call that nobody counts."""


async def ask(line: Line, request: LLMRequest) -> LLMAnswer:
    """Ask one request: send again after faults on the way, correct unusable replies.

    Raises:
        UserError: no request can be answered, for example because the key has expired.
        BudgetSpentError: one more call does not fit the budget.
    """
    cost, messages, completion, reason = _Cost(), request.messages, Completion(text=""), ""
    for _ in range(1 + N_CORRECTIONS):
        used, outcome = await _complete(line, request, messages, cost)
        if isinstance(outcome, Fault):
            reason = outcome.reason
            break
        completion = outcome
        value, reason = read_reply(outcome, request)
        if messages is request.messages:
            line.formats.answered(used, usable=value is not None)
        if value is not None:
            return _answer(completion, cost, value=value)
        messages = corrected(messages, request, reply=outcome.text, reason=reason)
    return _answer(completion, cost, failure=reason)


async def _complete(
    line: Line, request: LLMRequest, messages: tuple[Message, ...], cost: _Cost
) -> tuple[ReplyFormat, Completion | Fault]:
    """Send a conversation until it is answered; say in which format."""

    def body(used: ReplyFormat) -> Mapping[str, Any]:
        return conversation_body(messages, request, line.settings, used)

    used, sent = await send_until_answered(line, body, on_sent=cost.add)
    return used, sent.outcome


async def send_until_answered(
    line: Line,
    body: Callable[[ReplyFormat], Mapping[str, Any]],
    *,
    on_sent: Callable[[Sent], None] = _ignore,
) -> tuple[ReplyFormat, Sent]:
    """Send a body until it is answered, at most `n_attempts` times; say in which format it was.

    Args:
        line: The way to the server.
        body: What is sent where replies are asked for in a format.
        on_sent: Told of every call.

    Raises:
        UserError: no request can be answered, for example because the key has expired.
        BudgetSpentError: one more call does not fit the budget.
    """
    n_failed = 0
    while True:
        used = line.formats.current
        sent = await line.send(body(used))
        on_sent(sent)
        fault = sent.outcome
        if isinstance(fault, Completion):
            return used, sent
        if fault.kind == "stop":
            raise UserError(f"{line.endpoint.base_url}: {fault.reason}")
        if fault.kind == "format" and line.formats.can_fall_back(used):
            line.formats.refused(used)
            continue
        n_failed += 1
        if fault.kind != "again" or n_failed >= line.settings.n_attempts:
            return used, sent
        await asyncio.sleep(max(backoff_s(n_failed, rng=line.rng), fault.wait_s or 0.0))


def read_reply(completion: Completion, request: LLMRequest) -> tuple[BaseModel | None, str]:
    """Return the value of a reply, or why it has none."""
    try:
        return read_value(completion.text, request.schema), ""
    except ReplyError as error:
        if completion.refusal:
            return None, f"the model refused ({completion.refusal[:200]})"
        if completion.is_cut_off:
            return None, f"the reply was cut off at the token limit ({error})"
        return None, str(error)


def _answer(
    completion: Completion, cost: _Cost, *, value: BaseModel | None = None, failure: str = ""
) -> LLMAnswer:
    return LLMAnswer(
        value=value,
        failure=failure,
        text=completion.text,
        served_model=completion.served_model,
        n_prompt_tokens=cost.n_prompt_tokens,
        n_new_tokens=cost.n_new_tokens,
        usd=cost.usd,
        n_calls=cost.n_calls,
    )
