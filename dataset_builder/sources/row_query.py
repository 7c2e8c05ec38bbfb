"""From the records of a file to queries, and to rejected rows where a record is no use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from rarft.dataset_builder.sources.fields import RowError, list_of, number_of, problem, text_of
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.types import TASK, Rejected
from rarft.harness.types import Query, Span

REVERSED: Final = "reversed"
"""The flag of a query one of whose spans had its end before its start."""


def queries_of(
    items: Iterable[Item],
    *,
    source: str,
    file: str,
    convert: Callable[[Item, str], Query],
    parts: Callable[[Item], Iterable[Item]] | None = None,
) -> Iterator[Query | Rejected]:
    """Convert records one by one; a `RowError` costs the record, or the part it is raised for.

    Args:
        items: The records.
        source: The name of the source.
        file: What the provenance calls the file.
        convert: Makes a query of an item and its provenance.
        parts: Splits a record that holds several queries.
    """
    for item in items:
        try:
            if item.problem:
                raise RowError(item.problem)
            split = (item,) if parts is None else tuple(parts(item))
        except RowError as error:
            yield _rejected(error, item, source=source, file=file)
            continue
        for part in split:
            try:
                if part.problem:
                    raise RowError(part.problem)
                yield convert(part, f"{file}#{part.row}")
            except RowError as error:
                yield _rejected(error, part, source=source, file=file)


def relevant_query(
    item: Item,
    provenance: str,
    *,
    video: str,
    text: object,
    pairs: object,
    field: str = "query",
    span_field: str = "timestamp",
    duration_s: float | None = None,
    clip: Span | None = None,
    id: str | None = None,
) -> Query:
    """Return a query that its video answers.

    Args:
        item: The record or part it is made of.
        provenance: The file and row.
        video: The base name of the video.
        text: The query, as it was found.
        pairs: Its [start, end] pairs in seconds from the start of the file, as they were found.
        field: What the file calls the query.
        span_field: What it calls the spans.
        duration_s: The length of the video.
        clip: The part of the video that is shown.
        id: An id of the file's own, where it has one.

    Raises:
        RowError: the text or a span cannot be used.
    """
    spans, flags = _spans(pairs, span_field)
    return Query(
        id=id or item.id,
        task=TASK,
        video=video,
        text=text_of(text, field),
        relevant=True,
        record=id or item.id,
        spans=spans,
        clip=clip,
        duration_s=duration_s,
        level="original",
        provenance=with_flags(provenance, flags),
    )


def with_flags(provenance: str, flags: Sequence[str]) -> str:
    """Return a provenance that also says what is odd about the row.

    Example:
        >>> with_flags(with_flags("a.json#3", ["reversed"]), ["beyond_end"])
        'a.json#3; reversed, beyond_end'
    """
    place, _, known = provenance.partition("; ")
    together = list(dict.fromkeys([*known.split(", "), *flags] if known else flags))
    return f"{place}; {', '.join(together)}" if together else place


def flags_of(provenance: str) -> tuple[str, ...]:
    """Return what `with_flags` added.

    Example:
        >>> flags_of("a.json#3; reversed, beyond_end"), flags_of("a.json#3")
        (('reversed', 'beyond_end'), ())
    """
    known = provenance.partition("; ")[2]
    return tuple(known.split(", ")) if known else ()


def row_of(provenance: str) -> int:
    """Return the row that a provenance names, or 0 where it names none.

    Example:
        >>> row_of("a.json#3; reversed"), row_of("a.json")
        (3, 0)
    """
    number = provenance.partition("; ")[0].rpartition("#")[2]
    return int(number) if number.isdecimal() else 0


def _spans(pairs: object, field: str) -> tuple[tuple[Span, ...], list[str]]:
    """Return spans in order, with the flag of those that were reversed."""
    expected = "[start, end] in seconds"
    spans, flags = [], []
    for pair in list_of(pairs, field):
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise problem(field, pair, expected)
        first, second = (number_of(bound, field, expected=expected) for bound in pair)
        if second < first:
            flags.append(REVERSED)
        spans.append(Span(min(first, second), max(first, second)))
    if not spans:
        raise problem(field, pairs, expected)
    return tuple(spans), flags


def _rejected(error: RowError, item: Item, *, source: str, file: str) -> Rejected:
    where = "" if item.part is None else f"query {item.part}: "
    key = f"{item.key[:60]}: " if item.key else ""
    return Rejected(source=source, file=file, row=item.row, reason=f"{key}{where}{error}")
