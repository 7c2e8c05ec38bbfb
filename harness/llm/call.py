"""One call: a body sent once, and what came of it as a value, whatever it was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rarft.harness.llm.body import encodable
from rarft.harness.llm.endpoint import Endpoint
from rarft.harness.llm.faults import Fault, fault_of_exception, fault_of_status
from rarft.harness.llm.waits import pause_of_headers, read_retry_after_s

if TYPE_CHECKING:
    from openai import AsyncOpenAI


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A complete chat completion. `refusal` and `is_cut_off` are the server's own words."""

    text: str
    served_model: str = ""
    refusal: str = ""
    is_cut_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of one call: a completion or a fault, what it cost, and the pause wanted.

    `is_uncounted` marks a call that the server may charge for although it told no tokens, such as
    one that timed out.
    """

    outcome: Completion | Fault
    n_prompt_tokens: int = 0
    n_new_tokens: int = 0
    usd: float | None = None
    pause_s: float = 0.0
    is_uncounted: bool = False


async def send(
    client: AsyncOpenAI, body: Mapping[str, Any], *, endpoint: Endpoint, timeout_s: float
) -> Sent:
    """Send one body and read the whole answer within `timeout_s`."""
    import aiohttp
    import httpx2
    from openai import APIError, APIStatusError

    broken = (APIError, httpx2.HTTPError, aiohttp.ClientError, OSError, TimeoutError)
    try:
        async with asyncio.timeout(timeout_s):
            # The typed method walks every field of every body, half of a call's work.
            response = await client.post("/chat/completions", cast_to=httpx2.Response, body=body)
        status, headers = 200, response.headers
        text = endpoint.hide_key(_text(response.content))
    except APIStatusError as error:
        status, headers = error.status_code, error.response.headers
        text = endpoint.scrub(_text(error.response.content))
    except broken as error:
        fault = fault_of_exception(error, timeout_s=timeout_s)
        return Sent(outcome=fault, is_uncounted=not fault.refused)
    limits = {name.lower(): value for name, value in headers.items()}
    pause_s = pause_of_headers(limits)
    if status != 200:
        wait_s = read_retry_after_s(limits)
        fault = fault_of_status(status, text, wait_s=wait_s, model=str(body["model"]))
        if fault.kind == "again":
            pause_s = max(pause_s, wait_s or 0.0)
        return Sent(outcome=fault, pause_s=pause_s)
    return read_completion(text, pause_s=pause_s)


def read_completion(text: str, *, pause_s: float = 0.0) -> Sent:
    """Read the body of a chat completion; anything else is a fault worth another call.

    Example:
        >>> read_completion('{"choices": [').outcome.reason
        'the body of the answer is truncated'
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        reason = "the body of the answer is truncated" if text else "the answer has no body"
        fault = Fault(kind="again", reason=reason)
        return Sent(outcome=fault, pause_s=pause_s, is_uncounted=True)
    usage = _dict(_dict(content).get("usage"))
    n_prompt_tokens, n_new_tokens = (
        _count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens")
    )
    return Sent(
        outcome=_completion(_dict(content)),
        n_prompt_tokens=n_prompt_tokens,
        n_new_tokens=n_new_tokens,
        pause_s=pause_s,
        is_uncounted=n_prompt_tokens == 0,
    )


def _completion(content: dict[str, Any]) -> Completion | Fault:
    choices = content.get("choices")
    first = _dict(choices[0]) if isinstance(choices, list) and choices else {}
    message = first.get("message")
    if not isinstance(message, dict):
        return Fault(kind="again", reason="the body of the answer is no chat completion")
    refusal = message.get("refusal") or ""
    if not refusal and first.get("finish_reason") == "content_filter":
        refusal = "content filter"
    return Completion(
        text=encodable(_message_text(message.get("content"))),
        served_model=encodable(str(content.get("model") or "")),
        refusal=str(refusal),
        is_cut_off=first.get("finish_reason") == "length",
    )


def _message_text(content: Any) -> str:
    """Return the text of a message; some servers send a list of parts."""
    if isinstance(content, list):
        return "".join(str(_dict(part).get("text") or "") for part in content)
    return content if isinstance(content, str) else ""


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _dict(content: Any) -> dict[str, Any]:
    return content if isinstance(content, dict) else {}


def _count(number: Any) -> int:
    return number if isinstance(number, int) and number > 0 else 0
