"""Decoding settings: what a card may ask for, as transformers' GenerationConfig."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from transformers import GenerationConfig

from rarft.harness.errors import UserError

DEFAULT_MAX_NEW_TOKENS: Final = 512
_SAMPLING: Final = ("temperature", "top_p", "top_k")
SETTINGS: Final = (
    "max_new_tokens",
    "do_sample",
    "repetition_penalty",
    "num_beams",
    "no_repeat_ngram_size",
    *_SAMPLING,
)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings this backend does not know.

    Raises:
        UserError: a name is unknown, or `max_new_tokens` is no positive whole number.
    """
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise UserError(
            f"got the generation setting {unknown[0]}, expected one of {', '.join(SETTINGS)}"
        )
    n_new = settings.get("max_new_tokens", DEFAULT_MAX_NEW_TOKENS)
    if not isinstance(n_new, int) or n_new < 1:
        raise UserError(f"got max_new_tokens={n_new}, expected a whole number above 0")


def generation_config(settings: Mapping[str, Any], *, own: GenerationConfig) -> GenerationConfig:
    """Return a complete configuration: greedy unless `do_sample` is set and temperature is not 0.

    Args:
        settings: The request's settings.
        own: What the checkpoint ships: its end tokens, and where sampling leaves something open,
            its sampling values.
    """
    wanted = dict(settings)
    do_sample = bool(wanted.pop("do_sample", False)) and wanted.get("temperature") != 0
    sampling = {name: wanted.pop(name, None) for name in _SAMPLING}
    if do_sample:
        shipped = {name: getattr(own, name) for name in _SAMPLING}
        given = {name: value for name, value in sampling.items() if value is not None}
        wanted |= {name: value for name, value in (shipped | given).items() if value is not None}
    end_tokens = end_token_ids(own)
    return GenerationConfig(
        **{"max_new_tokens": DEFAULT_MAX_NEW_TOKENS, "repetition_penalty": 1.0, **wanted},
        do_sample=do_sample,
        eos_token_id=end_tokens,
        pad_token_id=own.pad_token_id if own.pad_token_id is not None else end_tokens[0],
    )


def end_token_ids(own: GenerationConfig) -> list[int]:
    """Return the tokens that end a reply.

    Example:
        >>> end_token_ids(GenerationConfig(eos_token_id=7))
        [7]
    """
    end_tokens = own.eos_token_id
    return list(end_tokens) if isinstance(end_tokens, Sequence) else [int(end_tokens)]


def until_end(token_ids: Sequence[int], end_tokens: Sequence[int]) -> list[int]:
    """Cut a padded row after its first end token, which stays.

    Example:
        >>> until_end([5, 6, 2, 0, 0], end_tokens=[2, 0])
        [5, 6, 2]
        >>> until_end([5, 6], end_tokens=[2])
        [5, 6]
    """
    for position, token_id in enumerate(token_ids):
        if token_id in end_tokens:
            return list(token_ids[: position + 1])
    return list(token_ids)
