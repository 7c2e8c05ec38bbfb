"""TVGBench: 800 questions about videos of five sets, some of them about a clip.

    {"path": "./dataset/a.mp4", "question": "check the gas", "answer": "9.94-45.94",
     "start": 53.05, "end": 152.42, "duration": 99.37, "dataset_name": "hirest"}

Where `start` and `end` are given, the answer and the duration are those of the clip: the span is
moved to the file's times, and only the clip is shown. A fifth of the rows are Ego4D's.
"""

from __future__ import annotations

from collections.abc import Iterator

from rarft.dataset_builder.sources.fields import (
    clip_of,
    duration_of,
    number_of,
    object_of,
    problem,
    text_of,
    video_of,
)
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, record_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield a query for each question.

    Raises:
        UserError: the file cannot be read.
    """
    return queries_of(
        record_items(path, split=split),
        source=TVGBENCH.name,
        file=file_name(path),
        convert=_query,
    )


def _query(item: Item, provenance: str) -> Query:
    row = object_of(item.value)
    bounds = text_of(row.get("answer"), "answer").split("-")
    if len(bounds) != 2:
        raise problem("answer", row.get("answer"), "START-END in seconds")
    clip = clip_of(row.get("start"), row.get("end"), "start, end")
    shift_s = clip.start_s if clip else 0.0
    return relevant_query(
        item,
        provenance,
        video=video_of(row.get("path"), "path"),
        text=row.get("question"),
        pairs=[[number_of(bound, "answer") + shift_s for bound in bounds]],
        field="question",
        span_field="answer",
        clip=clip,
        duration_s=None if clip else duration_of(row.get("duration")),
    )


TVGBENCH = Source(
    name="tvgbench",
    title="TVGBench",
    licence="Apache-2.0, and the licences of its sources, Ego4D's among them",
    citation="Wang et al., Time-R1: Post-Training Large Vision Language Model for Temporal Video "
    "Grounding, 2025, arXiv:2503.13377",
    url="https://github.com/xiaomi-research/time-r1",
    redistributable=False,
    verified=True,
    read=read,
)
