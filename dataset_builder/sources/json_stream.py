"""JSON of any size, one record at a time.

A list or an object is walked with one record in memory. A record that is no JSON is named and
passed over where its end can be told; what follows a record without an end is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, TextIO

from rarft.dataset_builder.sources.item import Item

MAX_RECORD: Final = 64 * 1024**2
"""Characters of the longest record."""
_CHUNK: Final = 256 * 1024
_DECODER: Final = json.JSONDecoder()
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_STRUCTURE: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*("?)|[{}\[\]]', re.DOTALL)
_SCALAR_END: Final = re.compile(r"[,\]}\s]")
_OPENING: Final = {"}": "{", "]": "["}


class _BrokenValueError(Exception):
    """A value that is no JSON; the walk stands behind it."""


class _LostError(Exception):
    """The end of a value cannot be told."""


class _Walk:
    """The part of a stream that is not read yet."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._at = 0
        self._ended = False

    def next_character(self) -> str:
        """Pass over white space and return the character there, or "" at the end."""
        while True:
            self._at = _end_of_match(_SPACE, self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._read_on()

    def take(self, character: str) -> bool:
        """Pass over one character where it comes next."""
        found = self.next_character() == character
        self._at += found
        return found

    def value(self) -> Any:
        """Return the value that begins here, and stand behind it."""
        is_scalar = self.next_character() not in ("{", "[", '"')
        while True:
            may_go_on = not self._ended and self._n_left() <= MAX_RECORD
            if is_scalar and may_go_on and not _SCALAR_END.search(self._text, self._at):
                # A number may go on in what is not read yet.
                self._read_on()
                continue
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                found = _end_of_value(self._text, self._at)
                if found is None and may_go_on:
                    self._read_on()
                    continue
                if found is None:
                    raise _LostError(_reason(error)) from None
                self._at = found
                raise _BrokenValueError(_reason(error)) from None
            self._at = end
            return value

    def _n_left(self) -> int:
        return len(self._text) - self._at

    def _read_on(self) -> None:
        read = self._stream.read(max(_CHUNK, self._n_left()))
        self._ended = not read
        self._text = self._text[self._at :] + read
        self._at = 0


def json_items(stream: TextIO, *, inside: str = "") -> Iterator[Item]:
    """Yield the records of a JSON list, or the members of a JSON object with their keys.

    `inside` names the member of an object in which the records lie.

    Example:
        >>> import io
        >>> [item.value for item in json_items(io.StringIO('[{"a": 1}, {"a": }, {"a": 3}]'))]
        [{'a': 1}, None, {'a': 3}]
        >>> [item.key for item in json_items(io.StringIO('{"v1": [1, 2], "v2": []}'))]
        ['v1', 'v2']
        >>> [item.value for item in json_items(io.StringIO('{"n": 2, "r": [7]}'), inside="r")]
        [7]
    """
    walk = _Walk(stream)
    if not inside:
        yield from _items(walk)
        return
    if not walk.take("{"):
        yield Item(row=0, problem=f"got no JSON object, expected one with the member {inside}")
        return
    for key in _keys(walk):
        if key == inside:
            yield from _items(walk)
            return
        try:
            walk.value()
        except _BrokenValueError:
            continue
        except _LostError as error:
            yield Item(row=0, problem=f"member {key} {error}; what follows it cannot be read")
            return
    yield Item(row=0, problem=f"got a JSON object without the member {inside}")


def _items(walk: _Walk) -> Iterator[Item]:
    """Yield what lies between the brackets that begin here."""
    is_object = walk.take("{")
    if not is_object and not walk.take("["):
        found = walk.next_character()
        yield Item(row=0, problem=f"got {found or 'nothing'}, expected a JSON list or object")
        return
    closing = "}" if is_object else "]"
    row = 0
    while not walk.take(closing):
        if not walk.next_character():
            yield Item(row=row, problem=f"the file ends here, without a closing {closing}")
            return
        key = ""
        try:
            if is_object:
                key = _key(walk)
            yield Item(row=row, key=key, value=walk.value())
        except _BrokenValueError as error:
            yield Item(row=row, key=key, problem=str(error))
        except _LostError as error:
            yield Item(row=row, key=key, problem=f"{error}; what follows it cannot be read")
            return
        row += 1
        if not walk.take(",") and walk.next_character() not in ("", closing):
            got = walk.next_character()
            yield Item(row=row, problem=f"got {got!r}, expected a comma; the rest is lost")
            return


def _keys(walk: _Walk) -> Iterator[str]:
    """Yield the keys of an object; whoever takes one reads its value."""
    while walk.next_character() not in ("", "}"):
        try:
            yield _key(walk)
        except (_BrokenValueError, _LostError):
            return
        walk.take(",")


def _key(walk: _Walk) -> str:
    key = walk.value()
    if not isinstance(key, str) or not walk.take(":"):
        raise _LostError(f"got {str(key)[:40]!r} where a key and a colon are expected")
    return key


def _end_of_value(text: str, start: int) -> int | None:
    """Return where a malformed value ends, or None where its end is not in the text."""
    if text[start : start + 1] not in ("{", "[", '"'):
        scalar = _SCALAR_END.search(text, start)
        return scalar.start() if scalar else None
    opened: list[str] = []
    for found in _STRUCTURE.finditer(text, start):
        token = found.group()
        if token[0] == '"':
            if not found.group(1):
                return None
        elif token in "{[":
            opened.append(token)
            continue
        elif _OPENING[token] not in opened:
            return found.start()
        else:
            # What is still open inside was never closed.
            while opened.pop() != _OPENING[token]:
                pass
        if not opened:
            return found.end()
    return None


def _end_of_match(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    return f"is no JSON ({' '.join(what.split())[:80]})"
