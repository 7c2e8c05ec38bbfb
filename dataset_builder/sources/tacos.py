"""TACoS: the sentences of a cooking video with the frames they begin and end at.

    {"s30-d52.avi": {"timestamps": [[141, 354]], "sentences": ["He takes a knife."], "fps": 29.4,
                     "num_frames": 7346}}

The files are train.json, val.json and test.json as 2D-TAN and VSLNet have them.
"""

from __future__ import annotations

from collections.abc import Iterator

from rarft.dataset_builder.sources.fields import (
    duration_of,
    list_of,
    number_of,
    object_of,
    problem,
    video_of,
)
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, member_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import NOT_STATED, Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield a query for each sentence, with frames turned to seconds.

    Raises:
        UserError: the file cannot be read.
    """
    return queries_of(
        member_items(path),
        source=TACOS.name,
        file=file_name(path),
        convert=_query,
        parts=_sentences,
    )


def _sentences(item: Item) -> Iterator[Item]:
    video = object_of(item.value)
    fps = duration_of(video.get("fps"), "fps")
    n_frames = duration_of(video.get("num_frames"), "num_frames")
    if fps is None:
        raise problem("fps", None, "frames per second")
    sentences = list_of(video.get("sentences"), "sentences")
    timestamps = list_of(video.get("timestamps"), "timestamps")
    if len(sentences) != len(timestamps):
        raise problem("timestamps", len(timestamps), f"as many as sentences, {len(sentences)}")
    for part, (sentence, frames) in enumerate(zip(sentences, timestamps, strict=True)):
        value = (sentence, frames, fps, n_frames)
        yield Item(row=item.row, key=item.key, part=part, value=value)


def _query(item: Item, provenance: str) -> Query:
    sentence, frames, fps, n_frames = item.value
    return relevant_query(
        item,
        provenance,
        video=video_of(item.key),
        text=sentence,
        pairs=[[number_of(f, "timestamp") / fps for f in list_of(frames, "timestamp")]],
        field="sentence",
        duration_s=n_frames / fps if n_frames else None,
    )


TACOS = Source(
    name="tacos",
    title="TACoS",
    licence=NOT_STATED,
    citation="Regneri et al., Grounding Action Descriptions in Videos, TACL 2013",
    url="https://github.com/jiyanggao/TALL",
    redistributable=False,
    verified=True,
    read=read,
)
