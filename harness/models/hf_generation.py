"""Decoding settings: what a card may ask for, as transformers' GenerationConfig."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, Final, NamedTuple

from transformers import GenerationConfig

from rarft.harness.errors import UserError
from rarft.harness.models.sampling import is_sampled

DEFAULT_MAX_NEW_TOKENS: Final = 512
_SAMPLING: Final = ("temperature", "top_p", "top_k")


class _Range(NamedTuple):
    """The numbers a setting may be."""

    is_whole: bool
    low: float
    is_low_allowed: bool = True
    high: float = math.inf

    def holds(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int if self.is_whole else Real):
            return False
        number = float(value)
        is_above = number > self.low or (self.is_low_allowed and number == self.low)
        return is_above and number <= self.high and math.isfinite(number)

    def __str__(self) -> str:
        kind = "a whole number" if self.is_whole else "a number"
        most = "" if self.high == math.inf else f" and at most {self.high:g}"
        return f"{kind} {'of at least' if self.is_low_allowed else 'above'} {self.low:g}{most}"


_RANGES: Final = {
    "max_new_tokens": _Range(is_whole=True, low=1),
    "repetition_penalty": _Range(is_whole=False, low=0, is_low_allowed=False),
    "num_beams": _Range(is_whole=True, low=1),
    "no_repeat_ngram_size": _Range(is_whole=True, low=0),
    "temperature": _Range(is_whole=False, low=0),
    "top_p": _Range(is_whole=False, low=0, is_low_allowed=False, high=1),
    "top_k": _Range(is_whole=True, low=0),
}
SETTINGS: Final = ("do_sample", *_RANGES)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings this backend does not know, and values they cannot have.

    Raises:
        UserError: a name is unknown, or a value is of the wrong type or out of range.
    """
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise UserError(
            f"got the generation setting {unknown[0]}, expected one of {', '.join(SETTINGS)}"
        )
    for name, value in settings.items():
        if value is None and name in _SAMPLING:
            continue
        if name == "do_sample":
            if not isinstance(value, bool):
                raise UserError(f"got do_sample={value}, expected true or false")
        elif not _RANGES[name].holds(value):
            raise UserError(f"got {name}={value}, expected {_RANGES[name]}")


def generation_config(settings: Mapping[str, Any], *, own: GenerationConfig) -> GenerationConfig:
    """Return a complete configuration: greedy unless `do_sample` is set and temperature is not 0.

    Args:
        settings: The request's settings.
        own: What the checkpoint ships: its end tokens, and where sampling leaves something open,
            its sampling values.
    """
    do_sample = is_sampled(settings)
    wanted = {name: value for name, value in settings.items() if name != "do_sample"}
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
