"""QVHighlights: one query a line, with all the windows it is true in.

    {"qid": 2579, "query": "A girl cooks.", "duration": 150, "vid": "NUsG9BgSes0_210.0_360.0",
     "relevant_windows": [[82, 150]], "relevant_clip_ids": [41], "saliency_scores": [[1, 1, 2]]}

The files are highlight_train_release.jsonl, highlight_val_release.jsonl and
highlight_test_with_gt.jsonl; the older test file has no windows, so that none of it can be used.
"""

from __future__ import annotations

from collections.abc import Iterator

from rarft.dataset_builder.sources.fields import duration_of, object_of, video_of
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, record_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield a query for each line; its id is the file's own.

    Raises:
        UserError: the file cannot be read.
    """
    return queries_of(
        record_items(path, split=split),
        source=QVHIGHLIGHTS.name,
        file=file_name(path),
        convert=_query,
    )


def _query(item: Item, provenance: str) -> Query:
    row = object_of(item.value)
    qid = row.get("qid")
    return relevant_query(
        item,
        provenance,
        video=video_of(row.get("vid"), "vid"),
        text=row.get("query"),
        pairs=row.get("relevant_windows"),
        span_field="relevant_windows",
        duration_s=duration_of(row.get("duration")),
        id=str(qid) if isinstance(qid, int | str) else None,
    )


QVHIGHLIGHTS = Source(
    name="qvhighlights",
    title="QVHighlights",
    licence="CC-BY-NC-SA-4.0",
    citation="Lei et al., QVHighlights: Detecting Moments and Highlights in Videos via Natural "
    "Language Queries, NeurIPS 2021",
    url="https://github.com/jayleicn/moment_detr",
    redistributable=True,
    verified=True,
    read=read,
)
