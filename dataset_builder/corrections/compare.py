"""Hold the spans of an annotation against those of the original files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rarft.dataset_builder.corrections.originals import Original, Originals
from rarft.harness.types import Query, Span
from rarft.tasks.overlays import Reason

Found = Literal["same", "wrong", "ambiguous", "not_found"]
Spans = tuple[Span, ...]

TOLERANCE_S: Final = 0.02
"""Bounds that lie so near are the same: annotations state hundredths of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One relevant query against its original; `original` and `reason` where it is wrong.

    `ambiguous` means that the originals hold the query several times with other spans, none of
    them the annotation's; nothing is known of such a query.
    """

    query: Query
    found: Found
    original: Original | None = None
    reason: Reason | None = None


def compare(queries: Iterable[Query], originals: Originals) -> Iterator[Comparison]:
    """Yield a comparison for every relevant query, in their order.

    Queries of one record must stand side by side, as the loader gives them.
    """
    records: defaultdict[str, list[Query]] = defaultdict(list)
    relevant = [query for query in queries if query.relevant]
    for query in relevant:
        records[query.record].append(query)
    for query in relevant:
        others = [
            original.spans
            for other in records[query.record]
            if other.id != query.id
            for original in originals.of(other.video, other.text)
        ]
        yield _compared(query, originals.of(query.video, query.text), others)


def _compared(query: Query, found: Sequence[Original], others: Sequence[Spans]) -> Comparison:
    if not found:
        return Comparison(query=query, found="not_found")
    if any(is_same(query.spans, original.spans) for original in found):
        return Comparison(query=query, found="same")
    reasons = [(original, reason_of(query.spans, original, others)) for original in found]
    explained = [one for one in reasons if one[1] != "differs"]
    # A known defect tells which of several originals the row was made from.
    likely = explained or reasons
    original, reason = likely[0]
    if any(not is_same(original.spans, other.spans) for other, _ in likely):
        return Comparison(query=query, found="ambiguous")
    return Comparison(query=query, found="wrong", original=original, reason=reason)


def reason_of(spans: Spans, original: Original, others: Sequence[Spans]) -> Reason:
    """Say how spans that are not the original's came about.

    Args:
        spans: what the annotation says.
        original: what is right.
        others: the original spans of the other queries of the record.

    Example:
        >>> from rarft.tasks.overlays import OriginalRow
        >>> original = Original(video="a", text="a dog", spans=(Span(176.0, 191.0),),
        ...                     clip=Span(81.13, 221.12),
        ...                     source=OriginalRow(file="a.json", row=0, sha256="0" * 64))
        >>> reason_of((Span(176.0, 330.99),), original, ())
        'clip_end_added'
    """
    if any(is_same(spans, other) for other in others):
        return "other_query"
    if len(spans) != 1:
        return "differs"
    [old] = spans
    if len(original.spans) > 1 and any(is_same(spans, (right,)) for right in original.spans):
        return "more_windows"
    if original.clip is None:
        return "differs"
    return _reason_of_clip(old, original.spans[0], original.clip)


def _reason_of_clip(old: Span, right: Span, clip: Span) -> Reason:
    shifts_s = (0.0, clip.start_s, -clip.start_s)
    for shift_s in shifts_s:
        if not _near(old.start_s, right.start_s + shift_s):
            continue
        if _near(old.end_s, right.end_s + shift_s + clip.duration_s):
            return "clip_end_added"
        if _near(old.end_s, right.end_s + shift_s):
            return "clip_shift"
    return "differs"


def is_same(a: Sequence[Span], b: Sequence[Span]) -> bool:
    """Say whether two lists hold the same spans, up to the tolerance and their order.

    Example:
        >>> is_same([Span(1.0, 2.0)], [Span(1.01, 2.0)]), is_same([Span(1.0, 2.0)], [])
        (True, False)
    """
    return len(a) == len(b) and all(
        _near(one.start_s, other.start_s) and _near(one.end_s, other.end_s)
        for one, other in zip(sorted(a), sorted(b), strict=True)
    )


def _near(a_s: float, b_s: float) -> bool:
    return abs(a_s - b_s) <= TOLERANCE_S
