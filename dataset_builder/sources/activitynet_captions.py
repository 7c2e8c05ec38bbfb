"""ActivityNet Captions: the sentences of a video with their times, one video a member.

    {"v_uqiMw7tQ1Cc": {"duration": 55.15, "timestamps": [[0.28, 55.15]], "sentences": [" A man"]}}

The files are train.json, val_1.json and val_2.json; grounding papers call val_2 their test split.
"""

from __future__ import annotations

from collections.abc import Iterator

from rarft.dataset_builder.sources.fields import duration_of, list_of, object_of, problem, video_of
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, member_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import NOT_STATED, Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield a query for each sentence.

    Raises:
        UserError: the file cannot be read.
    """
    return queries_of(
        member_items(path),
        source=ACTIVITYNET_CAPTIONS.name,
        file=file_name(path),
        convert=_query,
        parts=_sentences,
    )


def _sentences(item: Item) -> Iterator[Item]:
    video = object_of(item.value)
    sentences = list_of(video.get("sentences"), "sentences")
    timestamps = list_of(video.get("timestamps"), "timestamps")
    if len(sentences) != len(timestamps):
        raise problem("timestamps", len(timestamps), f"as many as sentences, {len(sentences)}")
    for part, (sentence, timestamp) in enumerate(zip(sentences, timestamps, strict=True)):
        value = (sentence, timestamp, video.get("duration"))
        yield Item(row=item.row, key=item.key, part=part, value=value)


def _query(item: Item, provenance: str) -> Query:
    sentence, timestamp, duration = item.value
    return relevant_query(
        item,
        provenance,
        video=video_of(item.key),
        text=sentence,
        pairs=[timestamp],
        field="sentence",
        duration_s=duration_of(duration),
    )


ACTIVITYNET_CAPTIONS = Source(
    name="activitynet_captions",
    title="ActivityNet Captions",
    licence=NOT_STATED,
    citation="Krishna et al., Dense-Captioning Events in Videos, ICCV 2017",
    url="https://cs.stanford.edu/people/ranjaykrishna/densevid",
    redistributable=False,
    verified=True,
    read=read,
)
