"""JSON of strangers: size, depth, numbers and keys are checked before or while it is read."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rarft.leaderboard.entries.limits import (
    MAX_INTEGER_DIGITS,
    MAX_JSON_DEPTH,
    MAX_JSON_VALUES,
    MAX_KEY,
)
from rarft.leaderboard.entries.refusal import EntryRefused, shown

_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
"""A text, a bracket or a comma. A text without an end goes to the end of the file and nothing is
tried twice, so that the time is that of reading it once."""


def read_json(content: bytes | str, *, place: str, max_depth: int = MAX_JSON_DEPTH) -> Any:
    """Read JSON whose size the caller has bounded; `place` names it in messages.

    Raises:
        EntryRefused: it is not UTF-8 or not JSON, nests too deep, repeats a key, or holds a number
            that is not finite.

    Example:
        >>> read_json('{"a": [1, 2.5]}', place="a.json")
        {'a': [1, 2.5]}
    """
    text = content if isinstance(content, str) else _decoded(content, place)
    _check_nesting(text, place, max_depth)
    try:
        return _DECODER.decode(text)
    except _FaultError as fault:
        raise EntryRefused(fault.refused.reason, f"{place}: {fault.refused}") from fault
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise EntryRefused(
            "malformed_json",
            f"{place}: got text that is not JSON ({reason}), expected one JSON value; "
            "make the entry again",
        ) from error


class _FaultError(Exception):
    """What one of the hooks found; it does not know the file."""

    def __init__(self, refused: EntryRefused) -> None:
        super().__init__()
        self.refused = refused


def _decoded(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EntryRefused(
            "bad_text", f"{place}: got bytes that are not UTF-8, expected UTF-8; make it again"
        ) from error


def _check_nesting(text: str, place: str, max_depth: int) -> None:
    # Most rows hold fewer brackets than may be nested, and need no closer look.
    if text.count("[") + text.count("{") <= max_depth and len(text) < MAX_JSON_VALUES:
        return
    depth = 0
    n_values = 1
    for found in _TOKEN.finditer(text):
        token = found.group()
        if token in "[{":
            depth += 1
            n_values += 1
            if depth > max_depth:
                raise EntryRefused(
                    "too_deep",
                    f"{place}: got JSON nested deeper than {max_depth}, expected an entry's file; "
                    "make the entry again",
                )
        elif token in "]}":
            depth -= 1
        elif token == ",":
            n_values += 1
            if n_values > MAX_JSON_VALUES:
                raise EntryRefused(
                    "too_large",
                    f"{place}: got more than {MAX_JSON_VALUES} values, expected an entry's file; "
                    "make the entry again",
                )


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise _FaultError(
            EntryRefused(
                "duplicate_key",
                f"got the key {shown(twice)} twice, expected each once; make the entry again",
            )
        )
    for name in found:
        if len(name) > MAX_KEY:
            raise _FaultError(
                EntryRefused(
                    "too_large",
                    f"got a key of {len(name)} characters, expected at most {MAX_KEY}; "
                    "make the entry again",
                )
            )
    return found


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _not_finite(text)
    return number


def _integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS:
        raise _not_finite(text)
    return int(text)


def _constant(text: str) -> float:
    raise _not_finite(text)


def _not_finite(text: str) -> _FaultError:
    return _FaultError(
        EntryRefused(
            "not_finite",
            f"got the number {shown(text)[1:-1]}, expected a finite one that fits 64 bits; "
            "make the entry again",
        )
    )


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_float,
    parse_int=_integer,
    parse_constant=_constant,
)
