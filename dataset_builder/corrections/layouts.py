"""How each original annotation file lays its rows out: one function from a row to its queries.

Sources of the layouts: TVGBench and TimeRFT of Time-R1, QVHighlights of Moment-DETR, Charades-STA
of TALL, the relevance-feedback sets of RaTSG, ActivityNet Captions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rarft.harness.types import Span

Entry = tuple[str, str, tuple[Span, ...], Span | None]
"""Video, query, spans in seconds of the whole video file, and the clip the spans were stated in."""

_ANSWER: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*")
_CHARADES_STA: Final = re.compile(r"\s*(\S+)\s+(\S+)\s+(\S+)\s*##(.*\S)\s*")
LAYOUTS: Final = (
    "a JSON list or JSONL of TVGBench, TimeRFT or QVHighlights, a JSON object of RaTSG or "
    "ActivityNet Captions, or the lines of Charades-STA"
)


def of_record(row: Any) -> Iterator[Entry]:
    """Yield the query of one record of TVGBench, TimeRFT or QVHighlights.

    Raises:
        ValueError: the row is none of them, or a value cannot be used.

    Example:
        >>> list(of_record({"path": "a/b.mp4", "question": "a dog", "answer": "1.5-4",
        ...                 "start": 10.0, "end": 30.0}))[0][2]
        (Span(start_s=11.5, end_s=14.0),)
    """
    if not isinstance(row, dict):
        raise ValueError(f"got {type(row).__name__}, expected a JSON object")
    if "question" in row:
        yield _of_tvgbench(row)
    elif "relevant_windows" in row:
        windows = tuple(span_of(window) for window in _list(row["relevant_windows"]))
        yield _text(row, "vid"), _text(row, "query"), windows, None
    elif "timestamp" in row:
        clip = _clip(row.get("video_start"), row.get("video_end"))
        yield _text(row, "video"), _text(row, "sentence"), (span_of(row["timestamp"]),), clip
    else:
        raise ValueError("got no question, relevant_windows or timestamp, expected one of them")


def _of_tvgbench(row: Mapping[str, Any]) -> Entry:
    """Return an item whose answer is counted from the start of its clip."""
    answer = _ANSWER.fullmatch(str(row.get("answer")))
    if answer is None:
        raise ValueError(f"got answer {row.get('answer')!r}, expected two numbers and a hyphen")
    clip = _clip(row.get("start"), row.get("end"))
    offset_s = clip.start_s if clip else 0.0
    stated = span_of([float(answer[1]), float(answer[2])])
    span = Span(round(offset_s + stated.start_s, 3), round(offset_s + stated.end_s, 3))
    return _text(row, "path"), _text(row, "question"), (span,), clip


def of_video(video: str, row: Any) -> Iterator[Entry]:
    """Yield the relevant queries of one video of RaTSG or ActivityNet Captions.

    Raises:
        ValueError: the row is neither, or a value cannot be used.

    Example:
        >>> row = {"timestamps": [[0, 4.5]], "sentences": [" A dog barks."]}
        >>> list(of_video("v_1", row))
        [('v_1', ' A dog barks.', (Span(start_s=0.0, end_s=4.5),), None)]
    """
    if isinstance(row, dict) and "sts" in row:
        for item in _list(row["sts"]):
            if not item.get("no_answer"):
                yield video, _text(item, "sentence"), (span_of(item.get("timestamp")),), None
    elif isinstance(row, dict) and "timestamps" in row and "sentences" in row:
        times, sentences = _list(row["timestamps"]), _list(row["sentences"])
        if len(times) != len(sentences):
            raise ValueError(f"got {len(times)} timestamps of {len(sentences)} sentences")
        for time, sentence in zip(times, sentences, strict=True):
            yield video, _text({"sentence": sentence}, "sentence"), (span_of(time),), None
    else:
        raise ValueError("got neither sts nor timestamps and sentences, expected one of them")


def of_line(line: str) -> Iterator[Entry]:
    """Yield the query of one line of Charades-STA.

    Raises:
        ValueError: it is no such line.

    Example:
        >>> next(of_line("3MSZA 24.3 30.4##person turn a light on."))[1:3]
        ('person turn a light on.', (Span(start_s=24.3, end_s=30.4),))
    """
    parts = _CHARADES_STA.fullmatch(line)
    if parts is None:
        raise ValueError("got no line of the form `VIDEO START END##QUERY`")
    yield parts[1], parts[4], (span_of([float(parts[2]), float(parts[3])]),), None


def span_of(value: Any) -> Span:
    """Return a [start, end] pair of seconds as a span.

    Raises:
        ValueError: it is none, or its end lies before its start.
    """
    pair = [_seconds(bound) for bound in value] if isinstance(value, list) else []
    if len(pair) != 2 or not 0 <= pair[0] <= pair[1]:
        raise ValueError(f"got span {value!r}, expected [start, end] with 0 <= start <= end")
    return Span(pair[0], pair[1])


def _clip(start: Any, end: Any) -> Span | None:
    return None if start is None or end is None else span_of([start, end])


def _seconds(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise ValueError(f"got {value!r}, expected seconds")
    return float(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"got {value!r}, expected a list that is not empty")
    return value


def _text(row: Any, key: str) -> str:
    value = row.get(key) if isinstance(row, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"got {value!r} as {key}, expected a text")
    return value
