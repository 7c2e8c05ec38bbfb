"""HiREST: for each how-to question the videos that answer it, the moment and its steps.

    {"Make a Cupcake Stand": {"TcB42a05yzg.mp4": {"relevant": true, "clip": true,
      "v_duration": 180.97, "bounds": [33, 156],
      "steps": [{"index": 0, "heading": "take a plate", "absolute_bounds": [33, 44]}]}}}

The files are all_data_train.json, all_data_val.json and all_data_test.json. A video without a clip
answers as a whole, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal, get_args

from rarft.dataset_builder.sources.fields import (
    RowError,
    duration_of,
    list_of,
    object_of,
    video_of,
)
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, member_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.errors import UserError
from rarft.harness.types import Query

Of = Literal["moments", "steps"]


def read(path: Location, *, split: str, of: Of = "moments") -> Iterator[Query | Rejected]:
    """Yield a query for each moment, or one for each step of it.

    Raises:
        UserError: the file cannot be read, or `of` is neither.
    """
    if of not in get_args(Of):
        raise UserError(f"got of={of} for the source hirest, expected one of {get_args(Of)}")
    return queries_of(
        member_items(path),
        source=HIREST.name,
        file=file_name(path),
        convert=_query,
        parts=partial(_parts, of=of),
    )


def _parts(item: Item, *, of: Of) -> Iterator[Item]:
    part = 0
    for name, video in object_of(item.value, "videos").items():
        try:
            wanted = list(_wanted(item.key, name, object_of(video, name), of))
        except RowError as error:
            yield Item(row=item.row, key=item.key, part=part, problem=f"{name}: {error}")
            part += 1
            continue
        for value in wanted:
            yield Item(row=item.row, key=item.key, part=part, value=value)
            part += 1


def _wanted(
    question: str, name: str, video: Mapping[str, Any], of: Of
) -> Iterator[tuple[str, object, object, object]]:
    if not (video.get("relevant") and video.get("clip")):
        return
    duration = video.get("v_duration")
    if of == "moments":
        yield name, question, video.get("bounds"), duration
        return
    for step in list_of(video.get("steps"), "steps"):
        row = object_of(step, "step")
        yield name, row.get("heading"), row.get("absolute_bounds"), duration


def _query(item: Item, provenance: str) -> Query:
    name, text, bounds, duration = item.value
    return relevant_query(
        item,
        provenance,
        video=video_of(name),
        text=text,
        pairs=[bounds],
        span_field="bounds",
        duration_s=duration_of(duration, "v_duration"),
    )


HIREST = Source(
    name="hirest",
    title="HiREST",
    licence="MIT",
    citation="Zala et al., Hierarchical Video-Moment Retrieval and Step-Captioning, CVPR 2023",
    url="https://github.com/j-min/HiREST",
    redistributable=True,
    verified=True,
    read=read,
)
