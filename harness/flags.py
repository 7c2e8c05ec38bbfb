"""Turn the text of a flag into its value, or say in one line what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

from rarft.harness.errors import UserError


def parse_pairs(text: str, *, flag: str) -> dict[str, Any]:
    """Read `key=value,key=value`, or a JSON object.

    Raises:
        UserError: the text is neither.

    Example:
        >>> parse_pairs("path=a.jsonl,missing=skip,limit=3,fast=true", flag="--model_args")
        {'path': 'a.jsonl', 'missing': 'skip', 'limit': 3, 'fast': True}
    """
    text = text.strip()
    if not text:
        return {}
    if text.startswith("{"):
        return parse_object(text, flag=flag)
    values = {}
    for pair in text.split(","):
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UserError(f"got {flag} '{text}', expected key=value,key=value or a JSON object")
        values[key.strip()] = _scalar(value.strip())
    return values


def parse_object(text: str, *, flag: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        UserError: the text is not one.
    """
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UserError(f"got {flag} '{text}', expected a JSON object such as '{{\"seed\": 1}}'")
    return value


def parse_batch_size(text: str) -> int | None:
    """Read a batch size; `auto` is None and leaves it to the backend.

    Raises:
        UserError: the text is neither `auto` nor a number above 0.
    """
    if text == "auto":
        return None
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise UserError(f"got --batch_size {text}, expected 'auto' or a number above 0")
    return int(text)


def parse_limit(text: str | None) -> float | None:
    """Read a limit: a number of queries per task, or below 1 a share of them.

    Raises:
        UserError: the text is not a number above 0.

    Example:
        >>> parse_limit("200"), parse_limit("0.1"), parse_limit(None)
        (200.0, 0.1, None)
    """
    if text is None:
        return None
    try:
        limit = float(text)
    except ValueError:
        limit = 0.0
    if not 0 < limit < float("inf"):
        raise UserError(f"got --limit {text}, expected a number of queries or a share below 1")
    return limit


def _scalar(text: str) -> Any:
    lowered = text.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return None if lowered == "none" else text
