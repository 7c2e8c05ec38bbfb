"""Read one official annotation file into records, or say which field of which record is wrong.

The file is a JSON list of {video, timestamp, GRPO: [{q, r, a?, c?, difficulty?}], duration?, ...}.
Only what decides a score is checked strictly; the rest is kept as written for the load report.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarft.harness.errors import AnnotationError
from rarft.harness.types import Span

ABSENT = object()
"""Stands for a missing key, which JSON cannot express."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialQuery:
    """One entry of a record's `GRPO` list; `difficulty` is whatever the file says."""

    text: str
    relevant: bool
    answer: str
    difficulty: Any
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialRecord:
    """One record; `video` is the path as written, `span` its timestamp in seconds.

    `half_clip` is true when only one end of the clip is stated.
    """

    video: str
    query_text: str | None
    span: Span | None
    duration_s: float | None
    clip: Span | None
    half_clip: bool
    queries: tuple[OfficialQuery, ...]


class _FieldError(Exception):
    """A field that cannot be read; the caller knows the file and the record."""

    def __init__(self, field: str, got: object, expected: str) -> None:
        shown = "nothing" if got is ABSENT else _shorten(repr(got))
        super().__init__(f"field {field}: got {shown}, expected {expected}")


def read_records(source: bytes, *, path: Path) -> list[OfficialRecord]:
    """Parse the bytes of an annotation file; `path` only names it in errors.

    Raises:
        AnnotationError: not JSON, not a list of records, or a field that cannot be read.

    Example:
        >>> source = b'[{"video": "a.mp4", "timestamp": [1, 2], "GRPO": [{"q": "hi", "r": true}]}]'
        >>> read_records(source, path=Path("a.json"))[0].span
        Span(start_s=1.0, end_s=2.0)
    """
    try:
        rows = json.loads(source)
    except RecursionError:
        raise AnnotationError(f"{path}: got JSON nested too deeply, expected a list") from None
    except ValueError as problem:
        what = _shorten(" ".join(str(problem).split()), limit=200)
        raise AnnotationError(
            f"{path}: got a file that is not JSON ({what}), expected a JSON list of records; "
            "write it again or point the task at another file"
        ) from None
    if not isinstance(rows, list) or not rows:
        shown = "an empty list" if rows == [] else type(rows).__name__
        raise AnnotationError(
            f"{path}: got {shown}, expected a JSON list of at least one record; "
            "point the task's `annotation` at an annotation file"
        )
    records = []
    for index, row in enumerate(rows):
        try:
            records.append(_record(row))
        except _FieldError as problem:
            raise AnnotationError(
                f"{path}: record {index} (from 0), {problem}; mend the record or leave it out"
            ) from None
    return records


def _record(row: object) -> OfficialRecord:
    if not isinstance(row, dict):
        raise _FieldError("(whole record)", row, "a JSON object")
    queries = _queries(row.get("GRPO", ABSENT))
    any_relevant = any(query.relevant for query in queries)
    start, end = row.get("video_start"), row.get("video_end")
    query_text = row.get("query_text")
    return OfficialRecord(
        video=_video(row.get("video", ABSENT)),
        query_text=query_text if isinstance(query_text, str) else None,
        span=_timestamp(row.get("timestamp", ABSENT), required=any_relevant),
        duration_s=_duration(row.get("duration")),
        clip=None if start is None or end is None else _clip(start, end),
        half_clip=(start is None) != (end is None),
        queries=queries,
    )


def _video(value: object) -> str:
    video = _text("video", value)
    if not base_name(video):
        raise _FieldError("video", value, "a path that ends in a file name")
    return video


def base_name(video: str) -> str:
    r"""Return the file name of a path written on any system.

    Example:
        >>> base_name("/data/Charades_v1/3MSZA.mp4"), base_name("D:\\clips\\a.avi")
        ('3MSZA.mp4', 'a.avi')
    """
    return video.replace("\\", "/").rsplit("/", 1)[-1].strip()


def _queries(value: object) -> tuple[OfficialQuery, ...]:
    if not isinstance(value, list):
        raise _FieldError("GRPO", value, "a list of queries")
    return tuple(_query(item, f"GRPO[{position}]") for position, item in enumerate(value))


def _query(item: object, where: str) -> OfficialQuery:
    if not isinstance(item, dict):
        raise _FieldError(where, item, "a JSON object")
    relevant = item.get("r", ABSENT)
    if not isinstance(relevant, bool):
        raise _FieldError(f"{where}.r", relevant, "true or false")
    answer = item.get("a")
    return OfficialQuery(
        text=_text(f"{where}.q", item.get("q", ABSENT)),
        relevant=relevant,
        answer="" if answer is None or answer == "" else _text(f"{where}.a", answer),
        difficulty=item.get("difficulty"),
        categories=_categories(item.get("c"), where),
    )


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise _FieldError(field, value, "a text")
    if not value or value.isspace():
        raise _FieldError(field, value, "a text that is not empty")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _FieldError(field, value, "a text without half of a surrogate pair") from None
    return value


def _categories(value: object, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _FieldError(f"{where}.c", value, "a list of category names")
    return tuple(dict.fromkeys(value))


def _timestamp(value: object, *, required: bool) -> Span | None:
    """Read [start, end]; an empty or missing one is fine where no query needs it."""
    if not required and (value is ABSENT or value is None or value == []):
        return None
    expected = "[start, end] in seconds with 0 <= start <= end"
    if not isinstance(value, list) or len(value) != 2:
        raise _FieldError("timestamp", value, expected)
    start, end = map(_seconds, value)
    if start is None or end is None or not 0 <= start <= end:
        raise _FieldError("timestamp", value, expected)
    return Span(start, end)


def _duration(value: object) -> float | None:
    if value is None:
        return None
    duration = _seconds(value)
    if duration is None or duration <= 0:
        raise _FieldError("duration", value, "a positive number of seconds")
    return duration


def _clip(start: object, end: object) -> Span:
    start_s, end_s = _seconds(start), _seconds(end)
    if start_s is None or end_s is None or not 0 <= start_s < end_s:
        raise _FieldError(
            "video_start, video_end", [start, end], "seconds with 0 <= video_start < video_end"
        )
    return Span(start_s, end_s)


def _seconds(value: object) -> float | None:
    """Return a finite number as a float, anything else as None; true and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None


def _shorten(text: str, *, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."
