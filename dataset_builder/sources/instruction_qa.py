"""Queries out of instructions: a question that quotes a query, or an answer that lists events.

    q: "Localize the content described by the query 'person opens a door' in the video."
    a: "The given query happens in 0.0 - 6.9 seconds."

    q: "Locate a series of actions or steps in the video."
    a: "21.0 - 22.0 seconds, begin to run up.  23.0 - 24.0 seconds, begin to jump up."

Whatever is asked otherwise (summaries, highlights, speech, chapters without an end) has no query
with a span, and is rejected with that reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.sources.fields import (
    RowError,
    clip_of,
    duration_of,
    list_of,
    object_of,
    problem,
    text_of,
    video_of,
)
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, record_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query

_NUMBER: Final = r"(\d+(?:\.\d+)?)"
_UNIT: Final = r"\s*(?:seconds?|secs?|s)?"
SPAN: Final = re.compile(rf"{_NUMBER}{_UNIT}\s*(?:-|–|to|and)\s*{_NUMBER}{_UNIT}\b", re.IGNORECASE)
_EVENT: Final = re.compile(
    rf"(?:from\s+)?{SPAN.pattern}\s*[,:]\s*(.+?)(?=\s*(?:from\s+)?{SPAN.pattern}\s*[,:]|\s*$)",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED: Final = re.compile(r"query:?\s*(['\"“])", re.IGNORECASE)
_CLOSING: Final = {"“": "”"}
_Plain = Callable[[str], str]


def read_instructions(
    path: Location, *, source: str, split: str, plain: _Plain = str
) -> Iterator[Query | Rejected]:
    """Yield the queries of a file of instructions.

    Args:
        path: A file of `{"video", "QA": [{"q", "a"}]}`, or of `{"video", "conversations"}`.
        source: The name of the source.
        split: Its split.
        plain: Writes a text's times as seconds, where they are written otherwise.

    Raises:
        UserError: the file cannot be read.
    """
    file = file_name(path)
    return queries_of(
        record_items(path, split=split),
        source=source,
        file=file,
        convert=partial(_query, name=Path(file).stem),
        parts=partial(_parts, plain=plain),
    )


def asked_and_found(question: str, answer: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the queries of one question and answer with their spans, or none.

    Example:
        >>> asked_and_found("When is the query 'a dog runs' true?", "In 1.0 - 2.5 seconds.")
        [('a dog runs', [('1.0', '2.5')])]
        >>> asked_and_found("List the steps.", "1 - 2 seconds, run up.  3 - 4 seconds, jump.")
        [('run up.', [('1', '2')]), ('jump.', [('3', '4')])]
        >>> asked_and_found("What is shown?", "A dog.")
        []
    """
    events = list(_EVENT.finditer(answer))
    if events and not answer[: events[0].start()].strip():
        return [(event[3].strip(), [(event[1], event[2])]) for event in events]
    query = _quoted(question)
    spans = [(found[1], found[2]) for found in SPAN.finditer(answer)]
    return [(query, spans)] if query and spans else []


def _quoted(question: str) -> str:
    """Return what a question quotes as its query; transcripts before it may hold quotes too."""
    marks = list(_QUOTED.finditer(question))
    if not marks:
        return ""
    rest = question[marks[-1].end() :]
    return rest.rpartition(_CLOSING.get(marks[-1][1], marks[-1][1]))[0].strip()


def _parts(item: Item, *, plain: _Plain) -> Iterator[Item]:
    row = object_of(item.value)
    part = 0
    for question, answer in _turns(row):
        found = asked_and_found(plain(question), plain(answer))
        if not found:
            error = problem("answer", answer, "seconds of a quoted query, or events with theirs")
            yield Item(row=item.row, part=part, problem=str(error))
            part += 1
        for text, pairs in found:
            yield Item(row=item.row, part=part, value=(row, text, pairs))
            part += 1


def _turns(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the questions of a record with their answers."""
    if "QA" in row:
        turns = [object_of(turn, "QA") for turn in list_of(row["QA"], "QA")]
        pairs = [(turn.get("q"), turn.get("a")) for turn in turns]
    else:
        said = [
            object_of(turn, "conversations").get("value")
            for turn in list_of(row.get("conversations"), "QA or conversations")
        ]
        pairs = list(zip(said[::2], said[1::2], strict=False))
    if not pairs:
        raise RowError("QA: got no question, expected at least one")
    # A caption has an answer and no question.
    return [(q if isinstance(q, str) else "", text_of(a, "answer")) for q, a in pairs]


def _query(item: Item, provenance: str, *, name: str) -> Query:
    row, text, pairs = item.value
    clip = clip_of(row.get("start"), row.get("end"), "start, end")
    shift_s = clip.start_s if clip else 0.0
    shifted = [[float(start) + shift_s, float(end) + shift_s] for start, end in pairs]
    if "video" not in row:
        raise problem("video", None, "the name of a video")
    return relevant_query(
        item,
        provenance,
        video=video_of(row["video"]),
        text=text,
        pairs=shifted,
        span_field="answer",
        clip=clip,
        duration_s=None if clip else duration_of(row.get("duration")),
        id=f"{name}-{item.id}",
    )
