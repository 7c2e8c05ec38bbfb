"""Ego4D NLQ: questions about what the wearer of a camera did, by video, clip and annotator.

    {"version": "2.0", "videos": [{"video_uid": "72295d26", "clips": [{"clip_uid": "cc2d7790",
      "video_start_sec": 0.0, "video_end_sec": 480.04, "clip_start_sec": 0, "clip_end_sec": 480.02,
      "annotations": [{"language_queries": [{"clip_start_sec": 28.6, "clip_end_sec": 29.0,
        "video_start_sec": 28.6, "video_end_sec": 29.0, "query": "Where is the drill?"}]}]}]}]}

Some questions have no text. The Ego4D agreement forbids handing annotations on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal, get_args

from rarft.dataset_builder.sources.fields import (
    RowError,
    clip_of,
    list_of,
    number_of,
    object_of,
    video_of,
)
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, record_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.errors import UserError
from rarft.harness.types import Query

Of = Literal["clips", "videos"]


def read(path: Location, *, split: str, of: Of = "clips") -> Iterator[Query | Rejected]:
    """Yield a query for each question about a clip's file, or about the clip within its video.

    Args:
        path: nlq_train.json or nlq_val.json.
        split: Its split.
        of: "clips" where the files are named by clip_uid, "videos" where by video_uid.

    Raises:
        UserError: the file cannot be read, or `of` is neither.
    """
    if of not in get_args(Of):
        raise UserError(f"got of={of} for the source ego4d_nlq, expected one of {get_args(Of)}")
    return queries_of(
        record_items(path, split=split, inside="videos"),
        source=EGO4D_NLQ.name,
        file=file_name(path),
        convert=partial(_query, of=of),
        parts=_questions,
    )


def _questions(item: Item) -> Iterator[Item]:
    video = object_of(item.value)
    part = 0
    for clip in list_of(video.get("clips"), "clips"):
        try:
            asked = [
                (video.get("video_uid"), clip, question)
                for annotation in list_of(object_of(clip, "clip").get("annotations"), "annotations")
                for question in list_of(
                    object_of(annotation, "annotation").get("language_queries"), "language_queries"
                )
            ]
        except RowError as error:
            yield Item(row=item.row, part=part, problem=str(error))
            part += 1
            continue
        for value in asked:
            yield Item(row=item.row, part=part, value=value)
            part += 1


def _query(item: Item, provenance: str, *, of: Of) -> Query:
    video_uid, clip, asked = item.value
    question = object_of(asked, "language_query")
    place = "clip" if of == "clips" else "video"
    shown = clip_of(clip.get(f"{place}_start_sec"), clip.get(f"{place}_end_sec"), place)
    return relevant_query(
        item,
        provenance,
        video=video_of(clip.get("clip_uid") if of == "clips" else video_uid, f"{place}_uid"),
        text=question.get("query"),
        pairs=[_bounds(question, place)],
        span_field=f"{place}_start_sec, {place}_end_sec",
        clip=shown if of == "videos" else None,
        duration_s=shown.end_s if shown and of == "clips" else None,
    )


def _bounds(question: Any, place: str) -> list[float]:
    return [
        number_of(question.get(f"{place}_{end}_sec"), f"{place}_{end}_sec")
        for end in ("start", "end")
    ]


EGO4D_NLQ = Source(
    name="ego4d_nlq",
    title="Ego4D Natural Language Queries v2",
    licence="Ego4D licence agreement",
    citation="Grauman et al., Ego4D: Around the World in 3,000 Hours of Egocentric Video, CVPR "
    "2022",
    url="https://ego4d-data.org",
    redistributable=False,
    verified=True,
    read=read,
)
