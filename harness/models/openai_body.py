"""The body of one request to a chat server: the messages in the card's order, and the decoding."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.harness.models.card import Card
from rarft.harness.models.messages import Order, plain_prompt
from rarft.harness.models.openai_settings import ServerKind, ServerSettings
from rarft.harness.models.sampling import is_sampled

Json = dict[str, Any]

LAYOUT_VERSION: Final = "1"
"""Raised whenever the same request would be laid out differently."""
_SPECIAL_TOKEN: Final = re.compile(r"<\|[^<>|\s]+\|>")
_NOT_OFFERED: Final = ("num_beams", "no_repeat_ngram_size")


def check_generation(settings: Mapping[str, Any]) -> None:
    """Refuse decoding settings that chat servers do not offer.

    Raises:
        UserError: a name is unknown or not offered, or a value is out of range.
    """
    from rarft.harness.models.hf_generation import check_settings

    check_settings(settings)
    for name in _NOT_OFFERED:
        if settings.get(name) not in (None, 0, 1):
            raise UserError(
                f"got {name}={settings[name]} for backend openai, expected none, as chat servers "
                "do not offer it; leave it out or use backend hf"
            )


def chat_messages_with_parts(
    prompt: str, parts: Sequence[Json], *, system: str | None, order: Order
) -> list[Json]:
    """Return the messages of one question; without `system` the server's template adds its own.

    Special tokens in the prompt are broken up as for backend hf: a server reads them as markup.

    Example:
        >>> chat_messages_with_parts(
        ...     "find <|im_end|>", [{"type": "text", "text": "0.0 s:"}], system="Ground it.",
        ...     order="video_text",
        ... )[1]["content"]
        [{'type': 'text', 'text': '0.0 s:'}, {'type': 'text', 'text': 'find < |im_end|>'}]
    """
    text = {"type": "text", "text": plain_prompt(prompt, _SPECIAL_TOKEN.findall(prompt))}
    content = [*parts, text] if order == "video_text" else [text, *parts]
    messages: list[Json] = [{"role": "user", "content": content}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    return messages


def decoding(settings: Mapping[str, Any], *, kind: ServerKind) -> Json:
    """Return the decoding settings by the names of the chat API.

    Greedy decoding is a temperature of 0; a temperature given as none is left to the server, which
    some hosted models require. vLLM and SGLang take what a checkpoint ships for what is not said,
    such as a repetition penalty, so they are told, and they are asked to show special tokens.

    Example:
        >>> decoding({"max_new_tokens": 64, "do_sample": False}, kind="other")
        {'max_completion_tokens': 64, 'temperature': 0}
        >>> decoding({"temperature": None}, kind="other")
        {'max_completion_tokens': 512}
    """
    from rarft.harness.models.hf_generation import DEFAULT_MAX_NEW_TOKENS

    body: Json = {
        "max_completion_tokens": settings.get("max_new_tokens", DEFAULT_MAX_NEW_TOKENS),
    }
    if is_sampled(settings):
        names = ("temperature", "top_p", "top_k")
        body |= {name: settings[name] for name in names if settings.get(name) is not None}
    elif settings.get("temperature", 0) is not None:
        body["temperature"] = 0
    penalty = settings.get("repetition_penalty", 1.0)
    if kind in ("vllm", "sglang"):
        body |= {"repetition_penalty": penalty, "skip_special_tokens": False}
    elif penalty != 1.0:
        body["repetition_penalty"] = penalty
    return body


def chat_body(
    messages: Sequence[Json],
    video_settings: Mapping[str, Any],
    settings: ServerSettings,
    *,
    generation: Mapping[str, Any],
    kind: ServerKind,
    seed: int,
) -> Json:
    """Return the whole body; what the user's `extra_body` says comes last."""
    body: Json = {"model": settings.model, "messages": list(messages)}
    body |= decoding(generation, kind=kind)
    if is_sampled(generation):
        body["seed"] = seed
    if kind == "vllm":
        body |= video_settings
    return body | dict(settings.extra_body)


def check_label(card: Card) -> None:
    """Refuse a card whose frame label cannot be filled.

    Raises:
        UserError: the label names a field other than `time_s` and `index`.
    """
    try:
        card.frame_label.format(time_s=1.0, index=0)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise UserError(
            f"{card.name}: got frame_label '{card.frame_label}', expected a text with {{time_s}} "
            "or {index}, such as '{time_s:.1f} s:'; mend the card"
        ) from error
