"""What a call that failed means: send it again, change the format, give it up, or stop the run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from rarft.harness.llm.endpoint import KEY_VARIABLE

FaultKind = Literal["again", "format", "give_up", "stop"]

SENT_AGAIN = (408, 409, 425, 429)
FORMAT_WORDS = ("response_format", "json_schema", "json_object", "structured output", "guided")
SETTING_WORDS = ("temperature", "max_completion_tokens", "max_tokens")
UNKNOWN_WORDS = ("unsupported", "not support", "unrecognized", "unknown", "not permitted")
NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
LONGEST_SHOWN = 200
LONGEST_WAIT_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a call gave no completion.

    `wait_s` is what the server asks to wait. `refused` marks a server that cannot be reached at
    all. A fault that stops the run has a whole line for the user as its reason.
    """

    kind: FaultKind
    reason: str
    wait_s: float | None = None
    refused: bool = False


def fault_of_exception(error: BaseException, *, timeout_s: float) -> Fault:
    """Return the fault of a call that got no complete response."""
    import aiohttp

    from rarft.harness.llm.limited_body import BodyTooLongError

    causes = _causes(error)
    if any(isinstance(cause, BodyTooLongError) for cause in causes):
        return Fault(kind="again", reason="the body of the answer does not end")
    if any(isinstance(cause, aiohttp.ClientConnectorError) for cause in causes):
        return Fault(kind="again", reason="the server cannot be reached", refused=True)
    if any(isinstance(cause, aiohttp.ClientPayloadError) for cause in causes):
        return Fault(kind="again", reason="the body of the answer is truncated")
    timeouts = (TimeoutError, aiohttp.ServerTimeoutError)
    if any(isinstance(cause, timeouts) for cause in causes):
        return Fault(kind="again", reason=f"no complete answer within {timeout_s:g} s")
    return Fault(kind="again", reason="the connection was dropped")


def fault_of_status(status: int, text: str, *, wait_s: float | None, model: str) -> Fault:
    """Return the fault of an HTTP status other than 200. `text` is the body without the key.

    Example:
        >>> fault_of_status(503, "busy", wait_s=2.0, model="m")
        Fault(kind='again', reason='HTTP 503: busy', wait_s=2.0, refused=False)
        >>> fault_of_status(400, '{"error": {"message": "too long"}}', wait_s=None, model="m").kind
        'give_up'
    """
    message, code = _error_of(text)
    shown = f"HTTP {status}" + (f": {message}" if message else "")
    if status in (401, 403):
        return _stop(shown, f"a key that may use {model!r}", f"set another {KEY_VARIABLE}")
    if status == 404:
        return _stop(
            shown, f"a server that knows {model!r}", "name another model, or mend the address"
        )
    if status == 402 or (status == 429 and code in NO_CREDIT):
        return _stop(shown, "credit left for this key", "add some")
    if status in SENT_AGAIN or status >= 500:
        if wait_s is not None and wait_s > LONGEST_WAIT_S:
            asked = f"{shown}, and to wait {wait_s:.0f} s"
            return _stop(asked, f"at most {LONGEST_WAIT_S:.0f} s", "wait")
        return Fault(kind="again", reason=shown, wait_s=wait_s)
    lowered = text.lower()
    if status in (400, 422) and any(word in lowered for word in FORMAT_WORDS):
        return Fault(kind="format", reason=shown)
    is_unknown = any(word in lowered for word in UNKNOWN_WORDS)
    if status in (400, 422) and is_unknown and any(word in lowered for word in SETTING_WORDS):
        return _stop(shown, f"settings that {model!r} takes", "change them")
    return Fault(kind="give_up", reason=shown)


def _stop(got: str, expected: str, do: str) -> Fault:
    reason = f"got {got}, expected {expected}; {do} and run again, answers so far are kept"
    return Fault(kind="stop", reason=reason)


def _error_of(text: str) -> tuple[str, str]:
    """Return the message, on one line, and the code of an error body."""
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        return _one_line(text), ""
    error = content.get("error", content) if isinstance(content, dict) else content
    if not isinstance(error, dict):
        return _one_line(str(error)), ""
    named = error.get("code") or error.get("type") or ""
    return _one_line(str(error.get("message") or error.get("detail") or "")), str(named)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line[:LONGEST_SHOWN] + "..." if len(line) > LONGEST_SHOWN else line


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in causes:
        causes.append(current)
        current = current.__cause__ or current.__context__
    return causes
