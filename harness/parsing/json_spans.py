"""Read spans from JSON, from Python lists of tuples, and from objects with start and end."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rarft.harness.parsing.joins import is_only_times
from rarft.harness.parsing.numbers import find_times
from rarft.harness.parsing.pairs import find_pairs, sign
from rarft.harness.parsing.spans import Pair

_MAX_CHARS = 100_000
_MAX_DEPTH = 6
_START: Final = ("start", "start_time", "start_s", "start_sec", "starttime", "begin", "from", "st")
_END: Final = ("end", "end_time", "end_s", "end_sec", "endtime", "finish", "to", "stop", "ed")
_HOLDERS: Final = (
    "spans",
    "span",
    "segments",
    "segment",
    "timestamps",
    "timestamp",
    "time",
    "times",
    "time_span",
    "time_range",
    "intervals",
    "interval",
    "windows",
    "moments",
    "events",
    "event",
    "results",
    "result",
    "answer",
    "answers",
    "prediction",
    "predictions",
    "relevant_windows",
    "pred_relevant_windows",
)
_RELEVANCE: Final = ("relevant", "is_relevant", "exists", "found", "answerable", "present")
_REASONS: Final = ("explanation", "reason", "refusal", "message", "answer", "response", "comment")
_OPEN = re.compile(r"[\[{]")


@dataclass(frozen=True, slots=True)
class JsonReading:
    """What a JSON value says: its pairs, or that there is none, with the reason it gives.

    `start` and `end` are the characters it takes in the text.
    """

    pairs: tuple[Pair, ...]
    empty: bool
    reason: str
    start: int
    end: int

    def alone(self, text: str) -> bool:
        """Return whether nothing else is said in `text`."""
        return not (text[: self.start] + text[self.end :]).strip(" \t\r\n.;,")

    def blanked(self, text: str) -> str:
        """Return `text` with the JSON replaced by a sentence of spaces."""
        blanks = " " * (self.end - self.start - 2)
        return f"{text[: self.start]}\n{blanks}\n{text[self.end :]}"


def read_json(text: str, *, anywhere: bool = False) -> JsonReading | None:
    """Read the JSON value that is `text`, or that stands in it where `anywhere` is set.

    Returns None where there is no JSON, or JSON that says nothing about times.

    Example:
        >>> read_json('[{"start": "00:12.5", "end": 17}]').pairs
        (Pair(first_s=12.5, second_s=17.0, start=1, end=32, unit=''),)
        >>> read_json("[]").empty
        True
        >>> read_json("[(12.5, 17.8), (30, 40)]").pairs[1].first_s
        30.0
    """
    start, end = _extent(text, anywhere)
    if start < 0 or end - start > _MAX_CHARS:
        return None
    value = _load(text[start:end])
    if value is None:
        return None
    pairs = tuple(Pair(a, b, start + 1, end - 1) for a, b in _pairs(value, 0))
    empty = not pairs and _says_none(value)
    if not pairs and not empty:
        return None
    if _says_irrelevant(value):
        pairs, empty = (), True
    return JsonReading(pairs, empty, _reason(value), start, end)


def _extent(text: str, anywhere: bool) -> tuple[int, int]:
    first = _OPEN.search(text)
    if not first:
        return -1, -1
    start, end = first.start(), max(text.rfind("]"), text.rfind("}")) + 1
    if not anywhere and (text[:start].strip() or text[end:].strip(" \t\r\n.;,")):
        return -1, -1
    return (start, end) if end > start else (-1, -1)


def _load(text: str) -> Any:
    """Return the value of JSON or of Python literals in JSON's place, or None."""
    tuples = text.replace("(", "[").replace(")", "]")
    quotes = tuples.replace("'", '"').replace("None", "null").replace("False", "false")
    for candidate in (text, tuples, quotes.replace("True", "true")):
        try:
            value = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, list | dict) else None
    return None


def _pairs(value: Any, depth: int) -> Iterator[tuple[float, float]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        times = [seconds_of(item) for item in value]
        if len(times) == 2 and times[0] is not None and times[1] is not None:
            yield times[0], times[1]
            return
        for item in value:
            yield from _pairs(item, depth + 1)
    elif isinstance(value, dict):
        yield from _object_pairs(value, depth)
    elif isinstance(value, str):
        times_in_text = find_times(value)
        if is_only_times(value, times_in_text):
            yield from ((pair.first_s, pair.second_s) for pair in find_pairs(value))


def _object_pairs(value: Mapping[str, Any], depth: int) -> Iterator[tuple[float, float]]:
    fields = _normalised(value)
    start = next((seconds_of(fields[key]) for key in _START if key in fields), None)
    end = next((seconds_of(fields[key]) for key in _END if key in fields), None)
    if start is not None and end is not None:
        yield start, end
        return
    for key in _HOLDERS:
        if key in fields:
            yield from _pairs(fields[key], depth + 1)


def _normalised(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        re.sub(r"[\s-]+", "_", key.strip().lower()).removesuffix("_(s)"): item
        for key, item in value.items()
    }


def seconds_of(value: Any) -> float | None:
    """Return the seconds a JSON scalar means: a number, "12.5", "12.5 s" or "00:12.5".

    Example:
        >>> [seconds_of(v) for v in (3, "00:12.5", "9 s", "soon", True, None)]
        [3.0, 12.5, 9.0, None, None, None]
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _finite(value)
    if not isinstance(value, str) or len(value) > 64:
        return None
    times = find_times(value)
    if len(times) != 1 or times[0].unit == "%" or not is_only_times(value, times):
        return None
    return sign(value, times[0]) * times[0].seconds


def _finite(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _says_none(value: Any) -> bool:
    """Return whether a value without pairs means "no segment": empty, null, or irrelevant."""
    if value is None or value == [] or value == {}:
        return True
    if isinstance(value, list):
        return all(_says_none(item) for item in value)
    if not isinstance(value, dict):
        return False
    fields = _normalised(value)
    if _says_irrelevant(value):
        return True
    times = [fields[key] for key in (*_START, *_END, *_HOLDERS) if key in fields]
    return bool(times) and all(_says_none(item) or _is_none_word(item) for item in times)


def _is_none_word(item: Any) -> bool:
    return isinstance(item, str) and item.strip().lower() in ("", "none", "null", "n/a", "nil")


def _says_irrelevant(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    fields = _normalised(value)
    return any(fields.get(key) in (False, "false", "no", "No", "False") for key in _RELEVANCE)


def _reason(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    fields = _normalised(value)
    texts = (fields[key] for key in _REASONS if isinstance(fields.get(key), str))
    return next((text for text in texts if len(text.split()) >= 2), "")
