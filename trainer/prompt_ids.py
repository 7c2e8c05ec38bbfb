"""Prompts as token ids, with as many placeholders as each video has tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from rarft.harness.errors import RarftError
from rarft.harness.models.messages import special_tokens
from rarft.trainer.prompts import Message, template_messages
from rarft.trainer.video_rows import VideoRow


class PromptEncoder:
    """A processor's chat template and tokenizer."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    @cached_property
    def special_tokens(self) -> list[str]:
        """Return the tokens that no query may contain."""
        return special_tokens(self._processor.tokenizer)

    def text(self, messages: Sequence[Message]) -> str:
        """Return a prompt up to where the reply begins, one placeholder for its video."""
        text: str = self._processor.apply_chat_template(
            template_messages(messages, self.special_tokens),
            tokenize=False,
            add_generation_prompt=True,
        )
        return text

    def raw_ids(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens with one placeholder, for an engine that expands it itself."""
        ids: list[int] = self._processor.tokenizer(self.text(messages))["input_ids"]
        return ids

    def ids(self, messages: Sequence[Message], row: VideoRow | None) -> list[int]:
        """Return the tokens that the model reads.

        Raises:
            RarftError: the template does not write one placeholder where there is a video.
        """
        raw = self.raw_ids(messages)
        placeholder = self._processor.video_token_id
        found, expected = raw.count(placeholder), 0 if row is None else 1
        if found != expected:
            raise RarftError(
                f"got a chat template that writes {found} video placeholders, expected {expected}; "
                "use the template of a Qwen2.5-VL"
            )
        if row is None:
            return raw
        at = raw.index(placeholder)
        return [*raw[:at], *[placeholder] * row.n_tokens, *raw[at + 1 :]]

    def all_ids(
        self, prompts: Sequence[Sequence[Message]], rows: Sequence[VideoRow | None]
    ) -> list[list[int]]:
        """Return the tokens of a batch; the copies of a prompt are encoded once."""
        known: dict[str, list[int]] = {}
        encoded = []
        for messages, row in zip(prompts, rows, strict=True):
            key = json.dumps(messages)
            if key not in known:
                known[key] = self.ids(messages, row)
            encoded.append(known[key])
        return encoded
