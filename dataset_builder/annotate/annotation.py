"""What one annotator says of one row: the fields of the page, and the decision.

Fields that do not apply are kept, so that calling a query relevant and back loses no refusal; the
exported row holds only those that apply.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Literal, cast, get_args

from rarft.dataset_builder.types import Row
from rarft.harness.errors import UserError
from rarft.harness.taxonomy import CATEGORIES, LEVELS, Level
from rarft.harness.types import Span, pairs_from_spans

Decision = Literal["open", "accepted", "rejected"]
DECISIONS: Final[tuple[Decision, ...]] = get_args(Decision)
IRRELEVANT_LEVELS: Final[tuple[Level, ...]] = tuple(one for one in LEVELS if one != "original")
MAX_CHARACTERS: Final = 20_000
MAX_SPANS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One annotator's view of a row.

    `relevant` is None until somebody says. `level` is of an irrelevant query; `correction` is the
    query that would be relevant. `note` goes to nobody but the readers of the database.
    """

    decision: Decision = "open"
    text: str = ""
    relevant: bool | None = None
    spans: tuple[Span, ...] = ()
    categories: tuple[str, ...] = ()
    level: Level | None = None
    refusal: str = ""
    correction: str = ""
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the annotation as the JSON object the page reads and writes."""
        written = {"spans": pairs_from_spans(self.spans), "categories": list(self.categories)}
        return {**asdict(self), **written}


def annotation_of_row(row: Row, *, blank: bool = False) -> Annotation:
    """Return what an annotator begins with: what the row says, or its text alone."""
    query = row.query
    if blank:
        return Annotation(text=_one_line(query.text))
    return Annotation(
        text=_one_line(query.text),
        relevant=query.relevant,
        spans=tuple(sorted(query.spans)),
        categories=_in_order(query.categories),
        level=query.level if query.level in IRRELEVANT_LEVELS else None,
        refusal=_one_line(query.refusal),
        correction=_one_line(query.relevant_query or ""),
    )


def is_edited(annotation: Annotation, row: Row) -> bool:
    """Say whether the annotation says anything else than the row did."""
    return replace(annotation, decision="open", note="") != annotation_of_row(row)


def row_of_annotation(annotation: Annotation, row: Row) -> Row:
    """Return the row as the annotator left it; an unedited one is the row itself."""
    if not is_edited(annotation, row):
        return row
    before, relevant = row.query, annotation.relevant is True
    query = replace(
        before,
        text=annotation.text,
        relevant=relevant,
        spans=annotation.spans if relevant else (),
        level=_relevant_level(row) if relevant else annotation.level,
        categories=() if relevant else annotation.categories,
        refusal="" if relevant else annotation.refusal,
        relevant_query=None if relevant else annotation.correction or None,
    )
    return replace(row, query=query)


def _relevant_level(row: Row) -> Level | None:
    return row.query.level if row.query.relevant else "original"


def missing_from(annotation: Annotation) -> str | None:
    """Return what an annotation lacks to be accepted, None where it lacks nothing.

    Example:
        >>> missing_from(Annotation(text="a dog barks", relevant=True))
        'a span'
    """
    if not annotation.text:
        return "a query"
    if annotation.relevant is None:
        return "whether the query is in the video"
    if annotation.relevant and not annotation.spans:
        return "a span"
    return None


def annotation_from_json(body: object) -> Annotation:
    """Read what the page sends.

    Raises:
        UserError: a field that is absent, unknown or of the wrong kind, or an annotation that is
            accepted and lacks something.

    Example:
        >>> written = Annotation(text="a dog", relevant=True, spans=(Span(1.0, 2.5),))
        >>> annotation_from_json(written.to_json()) == written
        True
    """
    names = {field.name for field in fields(Annotation)}
    if not isinstance(body, Mapping) or set(body) != names:
        shown = sorted(body) if isinstance(body, Mapping) else type(body).__name__
        raise UserError(f"got an annotation of {shown}, expected {sorted(names)}; reload the page")
    decision, level, relevant = body["decision"], body["level"], body["relevant"]
    _check(decision in DECISIONS, "decision", decision, f"one of {', '.join(DECISIONS)}")
    _check(level in (None, *IRRELEVANT_LEVELS), "level", level, "a level or null")
    is_known = relevant is None or isinstance(relevant, bool)
    _check(is_known, "relevant", relevant, "true, false or null")
    annotation = Annotation(
        decision=decision,
        text=_text(body, "text"),
        relevant=relevant,
        spans=_spans(body["spans"]),
        categories=_categories(body["categories"]),
        level=level,
        refusal=_text(body, "refusal"),
        correction=_text(body, "correction"),
        note=_text(body, "note"),
    )
    lacking = missing_from(annotation)
    if decision == "accepted" and lacking:
        raise UserError(f"got an accepted row without {lacking}, expected one; add it or reject")
    return annotation


def _text(body: Mapping[str, Any], field: str) -> str:
    value = body[field]
    _check(
        isinstance(value, str) and len(value) <= MAX_CHARACTERS,
        field,
        value,
        f"a text of at most {MAX_CHARACTERS} characters",
    )
    text = cast("str", value)
    _check(text.isascii() or _is_encodable(text), field, text, "a text without half a character")
    return _one_line(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _spans(value: object) -> tuple[Span, ...]:
    expected = f"at most {MAX_SPANS} pairs [start_s, end_s] with 0 <= start_s <= end_s"
    _check(isinstance(value, list) and len(value) <= MAX_SPANS, "spans", value, expected)
    spans = []
    for pair in cast("list[object]", value):
        is_pair = isinstance(pair, list) and len(pair) == 2 and all(map(_is_seconds, pair))
        _check(is_pair, "spans", pair, expected)
        start_s, end_s = cast("list[float]", pair)
        _check(start_s <= end_s, "spans", pair, expected)
        spans.append(Span(float(start_s), float(end_s)))
    return tuple(sorted(spans))


def _is_seconds(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(cast("float", value)) and 0 <= cast("float", value) < 1e7


def _categories(value: object) -> tuple[str, ...]:
    is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    _check(is_list, "categories", value, "a list of names")
    named = set(cast("list[str]", value))
    _check(named <= set(CATEGORIES), "categories", value, "names of the taxonomy")
    return _in_order(named)


def _in_order(named: Iterable[str]) -> tuple[str, ...]:
    """Return the known categories of the named ones in the taxonomy's order."""
    wanted = set(named)
    return tuple(category for category in CATEGORIES if category in wanted)


def _check(is_fine: bool, field: str, got: object, expected: str) -> None:
    if not is_fine:
        shown = repr(got)
        short = shown if len(shown) <= 80 else f"{shown[:80]}..."
        raise UserError(f"got {field}={short}, expected {expected}; mend it")
