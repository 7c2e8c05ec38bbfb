"""The list beside the video: which rows an annotator sees, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from rarft.dataset_builder.annotate.store import AnnotationStore

Filter = Literal["all", "open", "accepted", "edited", "rejected", "disagreement"]
FILTERS: Final[tuple[Filter, ...]] = get_args(Filter)
PAGE_SIZE: Final = 50
_MINE: Final = "items left join annotations on item = id and annotator = :annotator"
_DISAGREED: Final = """id in (
  select item from annotations where decision != 'open'
  group by item having count(distinct decision) > 1 or count(distinct relevant) > 1
)"""
_CONDITIONS: Final[dict[Filter, str]] = {
    "all": "1",
    "open": "coalesce(decision, 'open') = 'open'",
    "accepted": "decision = 'accepted'",
    "edited": "decision = 'accepted' and edited",
    "rejected": "decision = 'rejected'",
    "disagreement": _DISAGREED,
}
_FOUND: Final = (
    "(:search = '' or items.text like :like escape '\\' or video like :like escape '\\' "
    "or id like :like escape '\\')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """One page of the list: `total` counts the rows of the filter, `items` are those shown."""

    total: int
    offset: int
    items: tuple[dict[str, Any], ...]


def queue_page(
    store: AnnotationStore,
    annotator: str,
    *,
    which: Filter = "all",
    search: str = "",
    offset: int = 0,
    containing: str | None = None,
) -> QueuePage:
    """Return the rows of a filter from an offset on, or the page that holds a row.

    A row shows the annotator's own text and relevance, never those of the file before somebody
    has looked at it, so that the list tells no more than the page.
    """
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {"annotator": annotator, "search": search, "like": f"%{escaped}%"}
    where = f"{_CONDITIONS[which]} and {_FOUND}"
    with store.told():
        connection = store.connection
        (total,) = connection.execute(
            f"select count(*) from {_MINE} where {where}", values
        ).fetchone()
        if containing is not None:
            before = connection.execute(
                f"select count(*) from {_MINE} where {where} and (position, serial, id) < "
                "(select position, serial, id from items where id = :containing)",
                {**values, "containing": containing},
            ).fetchone()
            offset = before[0] // PAGE_SIZE * PAGE_SIZE
        found = connection.execute(
            "select id, video, coalesce(json_extract(annotation, '$.text'), items.text), "
            "coalesce(decision, 'open'), coalesce(edited, 0), relevant, added_by "
            f"from {_MINE} where {where} order by position, serial, id limit :limit offset :offset",
            {**values, "limit": PAGE_SIZE, "offset": offset},
        ).fetchall()
    names = ("id", "video", "text", "decision", "edited", "relevant", "added_by")
    items = tuple(dict(zip(names, row, strict=True)) for row in found)
    return QueuePage(total=total, offset=offset, items=items)


def counts(store: AnnotationStore, annotator: str) -> dict[str, int]:
    """Return how many rows there are, and of each decision of one annotator."""
    with store.told():
        (n_items,) = store.connection.execute("select count(*) from items").fetchone()
        decided = dict(
            store.connection.execute(
                "select decision, count(*) from annotations where annotator = ? group by decision",
                (annotator,),
            ).fetchall()
        )
    accepted, rejected = decided.get("accepted", 0), decided.get("rejected", 0)
    return {
        "all": n_items,
        "open": n_items - accepted - rejected,
        "accepted": accepted,
        "rejected": rejected,
    }


def annotators(store: AnnotationStore) -> list[str]:
    """Return who has saved anything, by name."""
    with store.told():
        found = store.connection.execute("select distinct annotator from annotations order by 1")
        return [name for (name,) in found]


def resume_at(store: AnnotationStore, annotator: str) -> str | None:
    """Return the row an annotator goes on with: the one left open last, else the first open one."""
    last = (
        "select item, decision from annotations where annotator = ? order by saved_at desc, "
        "item desc limit 1"
    )
    first_open = (
        f"select id from {_MINE} where {_CONDITIONS['open']} order by position, serial, id limit 1"
    )
    with store.told():
        left = store.connection.execute(last, (annotator,)).fetchone()
        if left and left[1] == "open":
            return str(left[0])
        found = store.connection.execute(first_open, {"annotator": annotator}).fetchone()
        if found is None:
            found = store.connection.execute(
                "select id from items order by position, serial, id limit 1"
            ).fetchone()
    return None if found is None else str(found[0])
