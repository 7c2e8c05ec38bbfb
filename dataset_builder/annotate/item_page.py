"""What the page is told of the session, the list and one row, and how it adds a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from rarft.dataset_builder.annotate.annotation import (
    IRRELEVANT_LEVELS,
    annotation_of_row,
    missing_from,
)
from rarft.dataset_builder.annotate.queue import (
    FILTERS,
    PAGE_SIZE,
    annotators,
    counts,
    queue_page,
    resume_at,
)
from rarft.dataset_builder.annotate.rows import added_row
from rarft.dataset_builder.annotate.store import AnnotationStore
from rarft.dataset_builder.types import Row
from rarft.harness.errors import UserError
from rarft.harness.taxonomy import GROUPS
from rarft.harness.types import pairs_from_spans

MAX_NAME: Final = 40


def annotator_name(given: str) -> str:
    """Return a name without space around it.

    Raises:
        UserError: it is empty, long, or holds what cannot be printed.

    Example:
        >>> annotator_name(" Ada ")
        'Ada'
    """
    name = " ".join(given.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise UserError(f"got the name {given[:80]!r}, expected 1 to {MAX_NAME} letters; mend it")
    return name


def session_answer(
    store: AnnotationStore, annotator: str, *, title: str, blank: bool
) -> dict[str, Any]:
    """Return what the page needs before it shows a row."""
    return {
        "title": title,
        "blank": blank,
        "groups": {group: list(children) for group, children in GROUPS.items()},
        "levels": list(IRRELEVANT_LEVELS),
        "filters": list(FILTERS),
        "page_size": PAGE_SIZE,
        "annotators": annotators(store),
        "counts": counts(store, annotator),
        "resume_at": resume_at(store, annotator) if annotator else None,
    }


def queue_answer(store: AnnotationStore, query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of the list with the counts of the whole.

    Raises:
        UserError: the query is none that the page makes.
    """
    annotator = annotator_name(query.get("annotator", ""))
    which = query.get("filter", "all")
    named = [one for one in FILTERS if one == which]
    offset = query.get("offset", "0")
    if not named or not offset.isdecimal() or len(offset) > 9:
        raise UserError(f"got filter={which} and offset={offset}, expected one of {FILTERS} and 0")
    page = queue_page(
        store,
        annotator,
        which=named[0],
        search=query.get("search", ""),
        offset=int(offset),
        containing=query.get("containing"),
    )
    return {**asdict(page), "counts": counts(store, annotator)}


def item_answer(
    store: AnnotationStore, item_id: str, annotator: str, *, blank: bool
) -> dict[str, Any]:
    """Return a row, what the annotator has said of it, and the video's other queries.

    A blank page gets nothing that would give the row's labels away.
    """
    item = store.item(item_id)
    row, query = item.row, item.row.query
    start = annotation_of_row(row, blank=blank and item.added_by is None)
    saved = store.annotation(item_id, annotator)
    others = [] if blank else store.rows_of_video(query.video)
    return {
        "id": query.id,
        "video": query.video,
        "duration_s": query.duration_s,
        "clip": pairs_from_spans([query.clip])[0] if query.clip else None,
        "source": row.origin.source,
        "added_by": item.added_by,
        "start": start.to_json(),
        "annotation": (saved.annotation if saved else start).to_json(),
        "version": saved.version if saved else 0,
        "lacks": missing_from(start),
        "others": [_other(one) for one in others if one.query.id != query.id],
    }


def add_item(store: AnnotationStore, source_id: str, annotator: str) -> dict[str, Any]:
    """Add a query about the video of a row, to be written by the annotator; return its id.

    Of a relevant row the new one is an irrelevant one that starts from its words.
    """
    source = store.item(source_id).row
    query = source.query
    taken = {row.query.id for row in store.rows_of_video(query.video)}
    number = 1
    while (item_id := f"{query.id}.{number}") in taken:
        number += 1
    original = query.text if query.relevant else query.relevant_query or ""
    store.add_item(
        added_row(source, item_id=item_id, relevant_query=original, text=original),
        after=source_id,
        added_by=annotator,
    )
    return {"id": item_id}


def _other(row: Row) -> dict[str, Any]:
    query = row.query
    return {
        "id": query.id,
        "text": query.text,
        "relevant": query.relevant,
        "spans": pairs_from_spans(query.spans),
    }
