"""The ways in which the loopback judge fails, each with its share of the calls."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from judge_answers import score_of_seven, unknown_category, valid_answer

Json = dict[str, Any]

FAULTS = (
    "limited_with_wait",
    "limited",
    "error_500",
    "hangs",
    "dropped",
    "truncated_body",
    "endless",
    "truncated_content",
    "wrong_schema",
    "score_of_7",
    "unknown_category",
    "prose",
)
RARE_FAULTS = ("refusal", "empty", "fenced", "python_literal", "no_usage")
CONTENT_FAULTS = (*FAULTS[7:], *RARE_FAULTS)
PROSE = "The response follows the reference closely, and I would rate it rather high."


@dataclass
class Counts:
    """What the server has seen, by question and by body."""

    by_fault: Counter[str] = field(default_factory=Counter)
    calls_of_body: Counter[str] = field(default_factory=Counter)
    calls_of_question: Counter[str] = field(default_factory=Counter)
    valid_of_question: Counter[str] = field(default_factory=Counter)
    n_calls: int = 0
    n_open: int = 0
    most_open: int = 0


def read_shares(text: str) -> dict[str, float]:
    """Read `rate=0.05` (each of FAULTS) or `hangs=1,prose=0.5`."""
    shares: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, share = part.partition("=")
        names = FAULTS if name == "rate" else (name,)
        for fault in names:
            assert fault in (*FAULTS, *RARE_FAULTS), fault
            shares[fault] = float(share)
    return shares


def draw_fault(shares: dict[str, float], rng: random.Random) -> str:
    """Draw each fault by its share; of several that come together, one."""
    drawn = [name for name, share in shares.items() if rng.random() < share]
    return rng.choice(drawn) if drawn else ""


def faulty_content(fault: str, body: Json) -> str:
    """Return the text of a reply with a fault of content."""
    good = valid_answer(body)
    text = json.dumps(good)
    contents = {
        "truncated_content": text[: max(1, len(text) // 2)],
        "wrong_schema": '{"verdict": "fine"}',
        "score_of_7": json.dumps(score_of_seven(body)),
        "unknown_category": json.dumps(unknown_category(body)),
        "prose": PROSE,
        "refusal": "",
        "empty": "",
        "fenced": f"Here is my judgement:\n```json\n{text}\n```\nAsk me again at any time.",
        "python_literal": repr(good),
        "no_usage": text,
    }
    return contents[fault]


def completion(body: Json, content: str, *, fault: str = "") -> Json:
    """Return a chat completion, with its usage unless that is the fault."""
    letters = sum(len(message["content"]) for message in body["messages"])
    n_prompt_tokens, n_new_tokens = letters // 4, len(content) // 4 + 1
    message: Json = {"role": "assistant", "content": content, "refusal": None}
    if fault == "refusal":
        message |= {"content": None, "refusal": "I cannot help with that."}
    reason = "length" if fault == "truncated_content" else "stop"
    usage = {
        "prompt_tokens": n_prompt_tokens,
        "completion_tokens": n_new_tokens,
        "total_tokens": n_prompt_tokens + n_new_tokens,
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": body["model"] + "-2025-01-01",
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": None if fault == "no_usage" else usage,
    }


def error(status: int, message: str, code: str = "", **headers: str) -> web.Response:
    content = {"error": {"message": message, "type": code or "error", "code": code, "param": None}}
    return web.json_response(content, status=status, headers=headers)


async def transport_fault(
    request: web.Request, fault: str, body: Json, *, retry_after_s: float, rng: random.Random
) -> web.StreamResponse:
    """Answer with a fault of the way, not of the content."""
    if fault == "limited_with_wait":
        wait = {"Retry-After": f"{retry_after_s:g}"}
        return error(429, "slow down", "rate_limit_exceeded", **wait)
    if fault == "limited":
        return error(429, "slow down", "rate_limit_exceeded")
    if fault == "error_500":
        return error(500, "the server had an error")
    if fault == "hangs":
        await asyncio.sleep(3600)
    if fault == "endless":
        return await endless(request, is_slow=rng.random() < 0.5)
    text = json.dumps(completion(body, json.dumps(valid_answer(body))))
    if fault == "truncated_body" and rng.random() < 0.5:
        return web.Response(text=text[: len(text) // 2], content_type="application/json")
    assert request.transport is not None
    if fault == "truncated_body":
        response = web.StreamResponse(headers={"Content-Length": str(len(text))})
        await response.prepare(request)
        await response.write(text[: len(text) // 2].encode())
        request.transport.abort()
        return response
    request.transport.abort()
    return web.Response()


async def endless(request: web.Request, *, is_slow: bool) -> web.StreamResponse:
    """Send a body that never ends: a trickle, or as fast as it goes."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" " * (16 if is_slow else 2**16))
        await asyncio.sleep(0.05 if is_slow else 0)
