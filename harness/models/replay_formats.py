"""What other projects write, as replies: the predictions of NA-VMR, and records like RaTSG's.

Both are models with a score of their own and no text. A span stays with a refusal, as what the
model would have answered at another threshold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

from rarft.harness.types import Reply, Span

Format = Literal["auto", "own", "official", "na_vmr", "ratsg"]
Answered = tuple[str, str, Reply]
"""A video, a query and the reply to it."""

DEFAULT_THRESHOLD: Final = 0.5
_LISTS: Final = ("preds", "predictions", "records")
_VIDEO: Final = ("vid", "video")
_QUERY: Final = ("query", "sentence")
_SCORE: Final = ("irrelevance_score", "case_score", "score")
_SPAN: Final = ("span", "pred_span", "pred_timestamp", "timestamp")


def detect_format(content: Any) -> Format | None:
    """Return which project's rows a JSON value holds, None where it is not one of these.

    Example:
        >>> detect_format({"preds": [{"vid": "v", "query": "q", "pred_class": 0.9}]})
        'na_vmr'
        >>> detect_format([{"vid": "v", "sentence": "s", "irrelevance_score": 0.2}])
        'ratsg'
        >>> detect_format([{"video": "v", "query": "q", "model_output": "1 to 2"}]) is None
        True
    """
    rows, _ = _rows(content)
    first = rows[0] if rows else None
    if not isinstance(first, Mapping):
        return None
    if "pred_class" in first:
        return "na_vmr"
    if "irrelevance_score" in first or "case_score" in first:
        return "ratsg"
    # This harness's own rows have a relevance_score too, and say which query they answer.
    if "relevance_score" in first and "query_id" not in first:
        return "ratsg"
    return None


def read_na_vmr(content: Any, *, threshold: float | None = None) -> list[Answered]:
    """Read NA-VMR's predictions: ranked windows, and `pred_class`, which says how relevant.

    The answer is the window of the highest score, the first of equals. A query is relevant from
    0.5 on, as its own evaluation has it, unless another threshold is given.

    Raises:
        ValueError: a row is not as NA-VMR writes it; the text names the row and what it lacks.

    Example:
        >>> rows = {"preds": [{"vid": "AB", "query": "a dog runs", "pred_class": 0.2,
        ...                    "pred_relevant_windows": [[1.0, 4.5, 0.9], [0, 2, 0.1]]}]}
        >>> [(video, query, reply)] = read_na_vmr(rows)
        >>> video, query, reply.relevant, reply.relevance_score, reply.spans
        ('AB', 'a dog runs', False, 0.2, (Span(start_s=1.0, end_s=4.5),))
    """
    rows, stated = _rows(content)
    limit = _first_number(threshold, stated)
    answered = []
    for number, row in enumerate(rows, start=1):
        with _named(number):
            windows = row.get("pred_relevant_windows") or []
            best = max(windows, key=_score_of_window, default=None)
            score = _number(row["pred_class"])
            reply = Reply(
                relevant=score >= limit,
                spans=_spans(best[:2] if best else None),
                relevance_score=score,
            )
            answered.append((str(row["vid"]), str(row["query"]), reply))
    return answered


def read_ratsg(content: Any, *, threshold: float | None = None) -> list[Answered]:
    """Read records of a video, a sentence, a span and a score that says how irrelevant.

    RaTSG grounds where its score is below the threshold: one given here, else the record's own,
    else the file's, else 0.5. `relevance_score` is 1 minus the score. A record may hold
    `relevance_score` instead, which grounds from the threshold on.

    Raises:
        ValueError: a record lacks its video, sentence or score; the text names the record.

    Example:
        >>> record = {"vid": "AB", "sentence": "a dog runs", "span": [1.0, 4.5],
        ...           "irrelevance_score": 0.75, "threshold": 0.5}
        >>> [(_, _, reply)] = read_ratsg([record])
        >>> reply.relevant, reply.relevance_score, reply.spans
        (False, 0.25, (Span(start_s=1.0, end_s=4.5),))
    """
    rows, stated = _rows(content)
    answered = []
    for number, row in enumerate(rows, start=1):
        with _named(number):
            limit = _first_number(threshold, row.get("threshold"), stated)
            relevant, score = _relevance(row, limit)
            reply = Reply(
                relevant=relevant,
                spans=_spans(next((row[name] for name in _SPAN if name in row), None)),
                relevance_score=score,
            )
            answered.append((str(_first(row, _VIDEO)), str(_first(row, _QUERY)), reply))
    return answered


READERS: Final[dict[str, Callable[..., list[Answered]]]] = {
    "na_vmr": read_na_vmr,
    "ratsg": read_ratsg,
}


def parse_json(text: str) -> Any:
    r"""Read one JSON value, or one on each line; only a newline ends a line.

    Raises:
        ValueError: it is neither.

    Example:
        >>> parse_json('{"a": 1}\n{"a": 2}\n')
        [{'a': 1}, {'a': 2}]
        >>> parse_json('{"a": 1}')
        {'a': 1}
    """
    try:
        return json.loads(text)
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise
        return [json.loads(line) for line in lines]


def _rows(content: Any) -> tuple[Sequence[Any], Any]:
    """Return the rows of a value, and the threshold it states for all of them."""
    if isinstance(content, Mapping):
        named = next((content[name] for name in _LISTS if name in content), None)
        if named is None:
            return [content], None
        return (named if isinstance(named, list) else []), content.get("threshold")
    return (content if isinstance(content, list) else []), None


@contextmanager
def _named(number: int) -> Iterator[None]:
    """Put the number of a row, from 1, before what is wrong with it."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f"row {number} has no {error.args[0]}") from error
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"row {number}: {error}") from error


def _score_of_window(window: Sequence[Any]) -> float:
    return _number(window[2]) if len(window) > 2 else 0.0


def _relevance(row: Mapping[str, Any], threshold: float) -> tuple[bool, float]:
    """Return whether a record grounds, and how relevant it says the query is."""
    if "relevance_score" in row and not any(name in row for name in _SCORE):
        score = _number(row["relevance_score"])
        return score >= threshold, score
    irrelevance = _number(_first(row, _SCORE))
    return irrelevance < threshold, 1.0 - irrelevance


def _first(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    for name in names:
        if name in row:
            return row[name]
    raise KeyError(" or ".join(names))


def _number(value: Any) -> float:
    # A model of one output writes it as a list of one.
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(f"got the score {value}, expected a finite number")
    return number


def _first_number(*values: Any) -> float:
    return next((_number(value) for value in values if value is not None), DEFAULT_THRESHOLD)


def _spans(pair: Any) -> tuple[Span, ...]:
    """Return a span whose bounds may be the wrong way round; none where there are no bounds."""
    if not pair or None in pair:
        return ()
    start, end = sorted(map(_number, pair))
    return (Span(start, end),)
