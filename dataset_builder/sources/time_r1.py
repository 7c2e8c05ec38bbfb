"""Time-R1's training set train_2k5.json: 2,500 queries about videos of six sets.

    {"video": "./dataset/a.mp4", "duration": 93.29, "timestamp": [1.0, 4.0], "sentence": "A hanger",
     "qid": "my|cosmo|a|A hanger", "video_start": null, "video_end": null, "difficulty": 50.0}

Where `video_start` and `video_end` are given, timestamp and duration are those of the clip. A file
whose name tells the times it was cut at (`a_00:00:39:000_00:01:24:700.mp4`) is the clip itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rarft.dataset_builder.sources.fields import (
    clip_of,
    duration_of,
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
from rarft.harness.types import Query

_CUT: Final = re.compile(r"_\d+:\d\d:\d\d:\d{3}_\d+:\d\d:\d\d:\d{3}\.")


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield a query for each record.

    Raises:
        UserError: the file cannot be read.
    """
    return queries_of(
        record_items(path, split=split),
        source=TIME_R1.name,
        file=file_name(path),
        convert=_query,
    )


def _query(item: Item, provenance: str) -> Query:
    row = object_of(item.value)
    video = video_of(row.get("video"))
    clip = clip_of(row.get("video_start"), row.get("video_end"), "video_start, video_end")
    if _CUT.search(video):
        clip = None
    shift_s = clip.start_s if clip else 0.0
    timestamp = list_of(row.get("timestamp"), "timestamp")
    return relevant_query(
        item,
        provenance,
        video=video,
        text=row.get("sentence"),
        pairs=[[number_of(bound, "timestamp") + shift_s for bound in timestamp]],
        field="sentence",
        clip=clip,
        duration_s=None if clip else duration_of(row.get("duration")),
    )


TIME_R1 = Source(
    name="time_r1",
    title="Time-R1 train_2k5",
    licence="Apache-2.0",
    citation="Wang et al., Time-R1: Post-Training Large Vision Language Model for Temporal Video "
    "Grounding, 2025, arXiv:2503.13377",
    url="https://github.com/xiaomi-research/time-r1",
    redistributable=True,
    verified=True,
    read=read,
)
