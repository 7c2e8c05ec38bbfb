"""Tokens that stand for pictures: a reply must never contain one.

A sampled placeholder would be counted as video in the next pass, which then fails or sees the
wrong frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PLACEHOLDERS: Final = (
    "<|video_pad|>",
    "<|image_pad|>",
    "<|vision_pad|>",
    "<|vision_start|>",
    "<|vision_end|>",
)
NEVER: Final = -100.0
"""The lowest bias that vLLM takes: a factor of 4e-44."""


def placeholder_ids(tokenizer: Any) -> list[int]:
    """Return the tokens that stand for pictures or frame them, as far as the tokenizer has them."""
    vocabulary = tokenizer.get_vocab()
    return sorted(vocabulary[token] for token in PLACEHOLDERS if token in vocabulary)


def generation_settings(
    given: Mapping[str, Any] | None, tokenizer: Any, *, use_vllm: bool
) -> dict[str, Any]:
    """Return the engine's settings with the placeholders forbidden.

    Args:
        given: The user's own `generation_kwargs`; what they forbid stays forbidden.
        tokenizer: The tokenizer.
        use_vllm: Whether vLLM reads the settings, or transformers.
    """
    settings = dict(given or {})
    forbidden = placeholder_ids(tokenizer)
    if use_vllm:
        biases = dict.fromkeys(forbidden, NEVER)
        return {**settings, "logit_bias": {**settings.get("logit_bias", {}), **biases}}
    suppressed = {*(settings.get("suppress_tokens") or ()), *forbidden}
    return {**settings, "suppress_tokens": sorted(suppressed)}
