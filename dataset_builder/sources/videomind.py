"""The layout in which VideoMind keeps grounding sets: one query a line.

    {"vid": "QtWT8rxUuNk", "duration": 93.3, "query": "A hanger is shown.", "span": [1.0, 4.0]}
    {"vid": "s27-d50", "duration": 200.1, "query": "He peels.", "relevant_windows": [[1.0, 4.0]]}

The licence of each row is that of the set the file holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rarft.dataset_builder.sources.fields import duration_of, object_of, text_of, video_of
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, record_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import NOT_STATED, Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query


def read(path: Location, *, split: str, video_suffix: str = "") -> Iterator[Query | Rejected]:
    """Yield a query for each line.

    Args:
        path: A JSON lines file.
        split: Its split.
        video_suffix: What the name of a file has after the id, such as `-cam-002` for TACoS.

    Raises:
        UserError: the file cannot be read.
    """
    return queries_of(
        record_items(path, split=split),
        source=VIDEOMIND.name,
        file=file_name(path),
        convert=partial(_query, video_suffix=video_suffix),
    )


def _query(item: Item, provenance: str, *, video_suffix: str) -> Query:
    row = object_of(item.value)
    has_windows = "relevant_windows" in row
    return relevant_query(
        item,
        provenance,
        video=video_of(text_of(row.get("vid"), "vid") + video_suffix, "vid"),
        text=row.get("query"),
        pairs=row["relevant_windows"] if has_windows else [row.get("span")],
        span_field="relevant_windows" if has_windows else "span",
        duration_s=duration_of(row.get("duration")),
    )


VIDEOMIND = Source(
    name="videomind",
    title="VideoMind layout",
    licence=NOT_STATED,
    citation="Liu et al., VideoMind: A Chain-of-LoRA Agent for Long Video Reasoning, 2025, "
    "arXiv:2503.13444, and the set a file holds",
    url="https://huggingface.co/datasets/yeliudev/VideoMind-Dataset",
    redistributable=False,
    verified=False,
    read=read,
)
