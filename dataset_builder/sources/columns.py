"""Any JSON, JSON lines or Parquet file, or data set of the Hub, by the names of its columns.

Of `{"file": "a.mp4", "caption": "a dog runs", "begin": 1.0, "end": 2.5}` they are given with
`--source_args query=caption,video=file,start=begin,end=end`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from rarft.dataset_builder.column_mapping import KEY, ColumnMapping, Unit
from rarft.dataset_builder.sources.fields import (
    RowError,
    clip_of,
    duration_of,
    number_of,
    object_of,
    problem,
    video_of,
)
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, member_items, record_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import NOT_STATED, Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query


def read(
    path: Location,
    *,
    split: str,
    query: str,
    video: str = "video",
    start: str | None = None,
    end: str | None = None,
    spans: str | None = None,
    duration: str | None = None,
    id: str | None = None,
    clip_start: str | None = None,
    clip_end: str | None = None,
    fps: str | float | None = None,
    unit: Unit = "seconds",
    inside: str = "",
) -> Iterator[Query | Rejected]:
    """Yield a query for each row; the columns are those of `ColumnMapping`.

    Where a column is `$key`, the rows are the members of a JSON object. `inside` names the member
    of a JSON object that holds the rows as a list.

    Raises:
        UserError: the columns do not say what a query is, or the file cannot be read.
    """
    mapping = ColumnMapping(
        query=query,
        video=video,
        start=start,
        end=end,
        spans=spans,
        duration=duration,
        id=id,
        clip_start=clip_start,
        clip_end=clip_end,
        fps=fps,
        unit=unit,
    )
    items = (
        member_items(path)
        if KEY in (query, video, id)
        else record_items(path, split=split, inside=inside, columns=mapping.used)
    )
    return queries_of(
        items,
        source=COLUMNS.name,
        file=file_name(path),
        convert=partial(_query, mapping=mapping),
    )


def _query(item: Item, provenance: str, *, mapping: ColumnMapping) -> Query:
    found = mapping.values_of(object_of(item.value), key=item.key)
    duration_s = duration_of(found["duration"], mapping.duration or "duration")
    second_s = _seconds_of_one(mapping.unit, fps=found["fps"], duration_s=duration_s)
    field = mapping.spans or f"{mapping.start}, {mapping.end}"
    bounds = found["spans"] if mapping.spans else [[found["start"], found["end"]]]
    video, own = found["video"], found["id"]
    return relevant_query(
        item,
        provenance,
        # `datasets` gives a file of a data set with its path.
        video=video_of(video.get("path") if isinstance(video, dict) else video, mapping.video),
        text=found["query"],
        pairs=[[number_of(b, field) * second_s for b in pair] for pair in _pairs(bounds, field)],
        field=mapping.query,
        span_field=field,
        duration_s=duration_s,
        clip=clip_of(found["clip_start"], found["clip_end"]),
        id=str(own) if isinstance(own, int | str) and own != "" else None,
    )


def _pairs(value: object, field: str) -> list[Sequence[Any]]:
    """Return [start, end] pairs, also of one that stands alone."""
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        pairs = list(value) if isinstance(value[0], Sequence) else [value]
        if all(isinstance(p, Sequence) and not isinstance(p, str) and len(p) == 2 for p in pairs):
            return pairs
    raise problem(field, value, "[start, end], or a list of them")


def _seconds_of_one(unit: Unit, *, fps: object, duration_s: float | None) -> float:
    """Return how many seconds one unit of a span is.

    Raises:
        RowError: the row does not say.
    """
    if unit == "frames":
        rate = duration_of(fps, "fps")
        if rate is None:
            raise RowError("fps: got nothing, expected frames per second, as spans count frames")
        return 1 / rate
    if unit == "share":
        if duration_s is None:
            raise RowError("duration: got nothing, expected seconds, as spans are shares of it")
        return duration_s
    return 0.001 if unit == "milliseconds" else 1.0


COLUMNS = Source(
    name="columns",
    title="Any JSON, JSON lines, Parquet or Hub data set",
    licence=NOT_STATED,
    citation="",
    url="",
    redistributable=False,
    verified=True,
    read=read,
)
