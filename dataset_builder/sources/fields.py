"""Read one field of a record, or say what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rarft.harness.types import Span
from rarft.harness.video.locate import stem
from rarft.tasks.records import base_name

ABSENT: Final = object()
_SHOWN: Final = 60


class RowError(Exception):
    """A record that cannot be used; the caller knows the file and the row."""


def problem(field: str, got: object, expected: str) -> RowError:
    """Return the error of one field.

    Example:
        >>> str(problem("duration", -1, "seconds above 0"))
        'duration: got -1, expected seconds above 0'
    """
    shown = "nothing" if got is ABSENT or got is None else repr(got)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}..."
    return RowError(f"{field}: got {shown}, expected {expected}")


def object_of(value: object, field: str = "record") -> Mapping[str, Any]:
    """Return a JSON object.

    Raises:
        RowError: it is none.
    """
    if not isinstance(value, Mapping):
        raise problem(field, value, "a JSON object")
    return value


def list_of(value: object, field: str) -> Sequence[Any]:
    """Return a JSON list.

    Raises:
        RowError: it is none.
    """
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise problem(field, value, "a list")
    return value


def text_of(value: object, field: str) -> str:
    """Return a text that says something.

    Raises:
        RowError: it is no text, is empty, or was no UTF-8.
    """
    if not isinstance(value, str) or not value.strip():
        raise problem(field, value, "a text that is not empty")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise problem(field, value, "a text in UTF-8") from None
    return value


def video_of(value: object, field: str = "video") -> str:
    """Return the base name of a video; an id without an extension gets `.mp4`.

    Raises:
        RowError: it is no text, or ends in no name.

    Example:
        >>> video_of("/data/Charades_v1/3MSZA.avi"), video_of("NUsG9BgSes0_210.0_360.0")
        ('3MSZA.avi', 'NUsG9BgSes0_210.0_360.0.mp4')
    """
    name = base_name(text_of(value, field))
    if not name:
        raise problem(field, value, "a path that ends in a file name")
    return name if stem(name) != name else f"{name}.mp4"


def number_of(value: object, field: str, *, expected: str = "a number") -> float:
    """Return a finite number, which may be written as a text.

    Raises:
        RowError: it is none.
    """
    number = math.nan
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if not math.isfinite(number):
        raise problem(field, value, expected)
    return number


def duration_of(value: object, field: str = "duration") -> float | None:
    """Return a length in seconds, or None where none is given.

    Raises:
        RowError: it is given and not above 0.
    """
    if value is None or value is ABSENT:
        return None
    duration_s = number_of(value, field, expected="seconds above 0")
    if duration_s <= 0:
        raise problem(field, value, "seconds above 0")
    return duration_s


def clip_of(start: object, end: object, field: str = "clip") -> Span | None:
    """Return the part of the video that is shown, or None where neither end is given.

    Raises:
        RowError: one end is missing, or they are in the wrong order.
    """
    if start is None and end is None:
        return None
    start_s, end_s = number_of(start, field), number_of(end, field)
    if not start_s < end_s:
        raise problem(field, [start, end], "a start before its end, in seconds")
    return Span(max(start_s, 0.0), end_s)
