"""What an annotation file says against itself: signs of the known defects, with no other file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rarft.dataset_builder.corrections.annotations import Annotation
from rarft.harness.errors import AnnotationError
from rarft.harness.parsing import parse_reply
from rarft.harness.types import Query, Span
from rarft.tasks.records import read_records

ANSWER_TOLERANCE_S: Final = 0.06
"""Reference answers are rounded to tenths of a second."""
SIGNS: Final[dict[str, str]] = {
    "shared_timestamp": "further relevant queries of a record, with the span of the first",
    "answer_differs": "relevant queries whose reference answer names another span",
    "past_end": "relevant queries whose span ends more than 1 s after the stated duration",
    "longer_than_clip": "relevant queries whose span is longer than the stated clip",
}
"""Every sign, with what is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Counts of the signs in SIGNS, and the ids of the first queries that show each."""

    n_relevant: int
    counts: Mapping[str, int]
    examples: Mapping[str, tuple[str, ...]]


def inspect_annotation(annotation: Annotation, *, n_examples: int = 5) -> Inspection:
    """Count the signs of known defects in an annotation file.

    None of them proves a defect: two events can share a span. Only the original files tell.
    """
    relevant = [query for query in annotation.queries if query.relevant]
    answers = _answers(annotation)
    shown: defaultdict[str, list[str]] = defaultdict(list)
    first_of: dict[str, str] = {}
    for query in relevant:
        if first_of.setdefault(query.record, query.id) != query.id:
            shown["shared_timestamp"].append(query.id)
        for sign in _signs(query, answers.get(query.id, "")):
            shown[sign].append(query.id)
    return Inspection(
        n_relevant=len(relevant),
        counts={sign: len(shown[sign]) for sign in SIGNS if shown[sign]},
        examples={sign: tuple(shown[sign][:n_examples]) for sign in SIGNS if shown[sign]},
    )


def _signs(query: Query, answer: str) -> list[str]:
    if not query.spans:
        return []
    [span] = query.spans
    is_odd = {
        "answer_differs": _differs(answer, span, query.duration_s),
        "past_end": query.duration_s is not None and span.end_s > query.duration_s + 1,
        "longer_than_clip": query.clip is not None and span.duration_s > query.clip.duration_s + 1,
    }
    return [sign for sign, odd in is_odd.items() if odd]


def _differs(answer: str, span: Span, duration_s: float | None) -> bool:
    named = parse_reply(answer, duration_s=duration_s).spans if answer else ()
    return bool(named) and (
        abs(named[0].start_s - span.start_s) > ANSWER_TOLERANCE_S
        or abs(named[0].end_s - span.end_s) > ANSWER_TOLERANCE_S
    )


def _answers(annotation: Annotation) -> dict[str, str]:
    """Return the reference answer of each relevant query, by its id."""
    try:
        content = annotation.path.read_bytes()
    except OSError as problem:
        raise AnnotationError(
            f"{annotation.path}: got {problem.strerror}, expected the file that was read before"
        ) from None
    ids = iter(query.id for query in annotation.queries)
    return {
        next(ids): query.answer
        for record in read_records(content, path=annotation.path)
        for query in record.queries
    }
