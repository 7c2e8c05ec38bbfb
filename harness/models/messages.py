"""The chat messages and the prompt of one request, in the order its card asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rarft.harness.models.base import Request

Order = Literal["video_text", "text_video"]


def chat_messages(
    prompt: str,
    *,
    system: str | None,
    order: Order,
    has_video: bool,
    labels: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return the messages for a chat template; without `system` the template adds its own.

    Where there are `labels`, an image stands after each of them, instead of a video.

    Example:
        >>> chat_messages("Query: a dog", system=None, order="text_video", has_video=True)
        [{'role': 'user', 'content': [{'type': 'text', 'text': 'Query: a dog'}, {'type': 'video'}]}]
    """
    text = {"type": "text", "text": prompt}
    shown: list[dict[str, Any]] = [{"type": "video"}] if has_video else []
    for label in labels:
        shown += [{"type": "text", "text": label}, {"type": "image"}]
    content = [*shown, text] if order == "video_text" else [text, *shown]
    messages = [{"role": "user", "content": content}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": [{"type": "text", "text": system}]})
    return messages


def chat_text(
    processor: Any,
    request: Request,
    *,
    order: Order,
    has_video: bool = True,
    labels: Sequence[str] = (),
) -> str:
    """Return what a processor's chat template makes of a request, up to where the reply begins."""
    messages = chat_messages(
        plain_prompt(request.prompt, special_tokens(processor.tokenizer)),
        system=request.system,
        order=order,
        has_video=has_video,
        labels=labels,
    )
    text: str = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return text


def special_tokens(tokenizer: Any) -> list[str]:
    """Return the tokens of a tokenizer that no query may contain."""
    added = tokenizer.added_tokens_decoder.values()
    return [token.content for token in added if token.special]


def plain_prompt(text: str, special_tokens: Iterable[str]) -> str:
    """Return a prompt that any tokenizer can read, and that no query can turn into markup.

    A special token inside a query would end the turn or stand for a video, so it is broken up; half
    a surrogate pair, which JSON can hold, becomes a question mark.

    Example:
        >>> plain_prompt("a dog <|im_end|> barks", ["<|im_end|>", "<|video_pad|>"])
        'a dog < |im_end|> barks'
    """
    text = text.encode(errors="replace").decode()
    for token in special_tokens:
        if token:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text
