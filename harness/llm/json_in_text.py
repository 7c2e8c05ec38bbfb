"""The JSON or Python literals that stand in a text, in order."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

LONGEST_TEXT = 100_000
MOST_TRIES = 50

_FENCE = re.compile(r"```[\w-]*[ \t]*\n?(.*?)```", re.DOTALL)
_BARE_PAIR = re.compile(r"""\s*["'“‘]?\w+["'”’]?\s*:""")
_NAMES = {"true": True, "false": False, "null": None}
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "\xa0": " "})
_CLOSING = {"{": "}", "[": "]"}


class _NotFiniteError(ValueError):
    """NaN or Infinity, which JSON does not know."""


def objects_in(text: str) -> list[Any]:
    r"""Return the objects and lists of a text, or the one number or object that is the text.

    Only what can be read without doubt: JSON, else a Python literal. What a model thinks before
    `</think>` is left out.

    Example:
        >>> objects_in("Scores: {'score': 4, 'sure': true,} and [1, 2]")
        [{'score': 4, 'sure': True}, [1, 2]]
        >>> objects_in("```json\n4.5\n```")
        [4.5]
    """
    text = text.rpartition("</think>")[2].strip()[:LONGEST_TEXT]
    fenced = [part.strip() for part in _FENCE.findall(text)]
    for whole in (text, fenced[0] if len(fenced) == 1 else ""):
        for content in _literals(whole):
            return [content]
    pieces = [content for part in fenced for content in _pieces(part)] or list(_pieces(text))
    if not pieces and _BARE_PAIR.match(text):
        pieces = list(_literals("{" + text + "}"))
    return pieces


def _pieces(text: str) -> Iterator[Any]:
    """Yield the outermost brackets that hold a literal."""
    start, n_tries = 0, 0
    while n_tries < MOST_TRIES:
        opening = re.compile(r"[{\[]").search(text, start)
        if opening is None:
            return
        n_tries += 1
        start = opening.start()
        end = _json_end(text, start) or _bracket_end(text, start)
        content = list(_literals(text[start:end])) if end else []
        yield from content
        start = end if end and content else start + 1


def _json_end(text: str, start: int) -> int | None:
    try:
        return json.JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def _bracket_end(text: str, start: int) -> int | None:
    """Return the index after the bracket that closes the one at `start`, strings left out."""
    open_brackets: list[str] = []
    quote = ""
    index = start
    while index < len(text):
        letter = text[index].translate(_STRAIGHT)
        if quote:
            if letter == "\\":
                index += 1
            elif letter == quote:
                quote = ""
        elif letter in "\"'":
            quote = letter
        elif letter in _CLOSING:
            open_brackets.append(_CLOSING[letter])
        elif letter in "}]":
            if letter != open_brackets.pop():
                return None
            if not open_brackets:
                return index + 1
        index += 1
    return None


def _literals(text: str) -> Iterator[Any]:
    """Yield the object, list or number that a whole text is, read in the first way that works."""
    for read, source in (
        (_read_json, text),
        (_read_python, text),
        (_read_json, text.translate(_STRAIGHT)),
        (_read_python, text.translate(_STRAIGHT)),
    ):
        try:
            content = read(source)
            json.dumps(content, allow_nan=False)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(content, dict | list | tuple | int | float):
            yield list(content) if isinstance(content, tuple) else content
            return


def _read_json(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _refuse(name: str) -> None:
    raise _NotFiniteError(name)


def _read_python(text: str) -> Any:
    if not text.startswith(("{", "[", "(")):
        raise ValueError
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        tree = ast.parse(text, mode="eval")
    return ast.literal_eval(_JSONNames().visit(tree))


class _JSONNames(ast.NodeTransformer):
    """Turns true, false and null into Python's constants."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in _NAMES:
            return node
        return ast.copy_location(ast.Constant(_NAMES[node.id]), node)
