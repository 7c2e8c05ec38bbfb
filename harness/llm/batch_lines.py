"""The lines of a batch: requests on the way out, results on the way back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rarft.harness.llm.answer_schema import ReplyFormat
from rarft.harness.llm.body import chat_body
from rarft.harness.llm.budget import LETTERS_A_TOKEN, N_NEW_TOKENS_UNKNOWN
from rarft.harness.llm.call import Completion, Sent, read_completion
from rarft.harness.llm.conversation import read_reply
from rarft.harness.llm.faults import Fault, fault_of_status
from rarft.harness.llm.prices import Prices
from rarft.harness.llm.request import LLMAnswer, LLMRequest
from rarft.harness.llm.settings import LLMSettings

NO_LINE = "no line in the results"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """What one batch may hold, and how long a batch may take to show in the server's list."""

    n_requests: int = 50_000
    n_bytes: int = 200_000_000
    settle_s: float = 60.0


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request of a batch. `usd` is its estimated cost, None where the price is not known."""

    digest: str
    content: bytes
    usd: float | None


def request_line(
    digest: str, request: LLMRequest, settings: LLMSettings, prices: Prices
) -> RequestLine:
    """Return the line that asks a request; its digest is the id by which its result is found.

    Without a format of its own a batch asks for a JSON schema: it cannot try another one.
    """
    wanted: ReplyFormat = (
        "json_schema" if settings.response_format == "auto" else settings.response_format
    )
    body = chat_body(request, settings, wanted)
    row = {"custom_id": digest, "method": "POST", "url": "/v1/chat/completions", "body": body}
    n_letters = sum(len(message["content"]) for message in body["messages"])
    n_new_tokens = settings.max_new_tokens or N_NEW_TOKENS_UNKNOWN
    usd = prices.usd_of(settings.model, n_letters / LETTERS_A_TOKEN, n_new_tokens, batch=True)
    return RequestLine(digest, json.dumps(row).encode("ascii") + b"\n", usd)


def split(lines: Iterable[RequestLine], limits: BatchLimits) -> Iterator[list[RequestLine]]:
    """Yield the lines of one batch after the other; a line that is too long is one by itself."""
    group: list[RequestLine] = []
    n_bytes = 0
    for line in lines:
        is_full = len(group) >= limits.n_requests or n_bytes + len(line.content) > limits.n_bytes
        if group and is_full:
            yield group
            group, n_bytes = [], 0
        group.append(line)
        n_bytes += len(line.content)
    if group:
        yield group


def read_results(content: bytes) -> dict[str, dict[str, Any]]:
    r"""Return the rows of a result file by request; lines that are no row are left out.

    Example:
        >>> read_results(b'{"custom_id": "a", "response": null}\n{"custom_id": "b", "resp')
        {'a': {'custom_id': 'a', 'response': None}}
    """
    rows: dict[str, dict[str, Any]] = {}
    for line in content.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and isinstance(row.get("custom_id"), str):
            rows[row["custom_id"]] = row
    return rows


def completion_of(row: Mapping[str, Any]) -> Sent:
    """Return what one row of a result file says: a completion, or why there is none."""
    response = row.get("response")
    if not isinstance(response, dict):
        error = row.get("error")
        code = error.get("code") or error.get("message") if isinstance(error, dict) else None
        return Sent(outcome=Fault(kind="again", reason=str(code or NO_LINE)))
    status, body = response.get("status_code"), json.dumps(response.get("body"))
    if status == 200:
        return read_completion(body)
    status = status if isinstance(status, int) else 500
    fault = fault_of_status(status, body, wait_s=None, model="")
    if fault.kind == "stop":
        fault = Fault(kind="again", reason=f"HTTP {status}")
    return Sent(outcome=fault)


def answer_of(
    row: Mapping[str, Any], request: LLMRequest, settings: LLMSettings, prices: Prices
) -> LLMAnswer | str:
    """Return the answer that a row holds, or why the request has to be sent again.

    A reply is read as one of a single call is, but never corrected by asking again.
    """
    sent = completion_of(row)
    outcome = sent.outcome
    if isinstance(outcome, Completion):
        value, reason = read_reply(outcome, request)
        return LLMAnswer(
            value=value,
            failure="" if value is not None else reason,
            text=outcome.text,
            served_model=outcome.served_model,
            n_prompt_tokens=sent.n_prompt_tokens,
            n_new_tokens=sent.n_new_tokens,
            usd=usd_of(sent, settings, prices),
            n_calls=1,
        )
    if outcome.kind == "again":
        return outcome.reason
    return LLMAnswer(failure=outcome.reason, usd=0.0, n_calls=1)


def usd_of(sent: Sent, settings: LLMSettings, prices: Prices) -> float | None:
    """Return what a call in a batch cost."""
    return prices.usd_of(settings.model, sent.n_prompt_tokens, sent.n_new_tokens, batch=True)
