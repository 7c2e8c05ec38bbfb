"""Whether decoding settings draw at random, by transformers' names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_sampled(settings: Mapping[str, Any]) -> bool:
    """Say whether two replies to one question may differ: `do_sample` at a temperature above 0.

    Example:
        >>> is_sampled({"do_sample": True}), is_sampled({"do_sample": True, "temperature": 0})
        (True, False)
    """
    return bool(settings.get("do_sample", False)) and settings.get("temperature") != 0


def with_implied_sampling(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a user asked for, sampling where a temperature above 0 is all that is said.

    transformers ignores a temperature without `do_sample`.

    Example:
        >>> with_implied_sampling({"temperature": 0.7})
        {'do_sample': True, 'temperature': 0.7}
        >>> with_implied_sampling({"temperature": 0.7, "do_sample": False})
        {'do_sample': False, 'temperature': 0.7}
    """
    temperature = settings.get("temperature")
    is_number = isinstance(temperature, (int, float)) and not isinstance(temperature, bool)
    is_warm = is_number and temperature is not None and temperature > 0
    return {**({"do_sample": True} if is_warm else {}), **settings}
