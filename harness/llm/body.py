"""The body of POST /v1/chat/completions, for one call or one line of a batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rarft.harness.llm.answer_schema import ReplyFormat, answer_schema, response_format_for
from rarft.harness.llm.request import LLMRequest, Message
from rarft.harness.llm.settings import LLMSettings

LONGEST_QUOTE = 4_000


def chat_body(
    request: LLMRequest, settings: LLMSettings, response_format: ReplyFormat = "json_schema"
) -> dict[str, Any]:
    """Return the JSON body that asks a request.

    Where the server is not given the schema to hold the reply to, the first message tells it.
    """
    return conversation_body(request.messages, request, settings, response_format)


def conversation_body(
    messages: Sequence[Message],
    request: LLMRequest,
    settings: LLMSettings,
    response_format: ReplyFormat,
) -> dict[str, Any]:
    """Return the body for a conversation that began with the request's messages."""
    rows = [{"role": message.role, "content": encodable(message.content)} for message in messages]
    if response_format != "json_schema":
        told = f"Answer with one JSON object and nothing else. Its schema: {_schema_text(request)}"
        if rows and rows[0]["role"] == "system":
            rows[0]["content"] += "\n\n" + told
        else:
            rows.insert(0, {"role": "system", "content": told})
    body: dict[str, Any] = {"model": settings.model, "messages": rows}
    wanted = response_format_for(request.schema, response_format)
    if wanted is not None:
        body["response_format"] = wanted
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    if settings.max_new_tokens is not None:
        body["max_completion_tokens"] = settings.max_new_tokens
    return body


def corrected(
    messages: Sequence[Message], request: LLMRequest, *, reply: str, reason: str
) -> tuple[Message, ...]:
    """Return the conversation that says what was wrong with a reply and asks again."""
    again = (
        f"This reply cannot be used: {reason}. Answer again, with one JSON object and nothing "
        f"else. Its schema: {_schema_text(request)}"
    )
    quoted = Message("assistant", reply.strip()[:LONGEST_QUOTE] or "(empty)")
    return (*messages, quoted, Message("user", again))


def _schema_text(request: LLMRequest) -> str:
    return json.dumps(answer_schema(request.schema))


def encodable(text: str) -> str:
    """Return a text with `?` for the halves of surrogate pairs, which UTF-8 has no bytes for.

    Example:
        >>> encodable("half a pair: " + chr(0xD83D))
        'half a pair: ?'
    """
    return text.encode("utf-8", errors="replace").decode("utf-8")
