"""HT-Step: the steps of cooking articles in videos, by number; the taxonomy has their words.

    {"a4dK9q0VcEc": {"activity": "Make Pastel De Papa", "subset": "train",
                     "annotations": [{"id": 0, "segment": [12.0, 31.5]}]}}

and, in taxonomy.csv, `global_step_index,activity,step_index,variation,variation_index,headline,
paragraph`. The form is what the official evaluation reads; annotations.json was not at hand.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import partial

from rarft.dataset_builder.sources.fields import list_of, object_of, problem, video_of
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, local_file, member_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.sources.text_files import opened
from rarft.dataset_builder.types import Rejected
from rarft.harness.errors import AnnotationError
from rarft.harness.types import Query


def read(
    path: Location, *, split: str, taxonomy: Location, subset: str | None = None
) -> Iterator[Query | Rejected]:
    """Yield a query for each step found in a video.

    Args:
        path: annotations.json.
        split: The split that the rows carry.
        taxonomy: taxonomy.csv.
        subset: Only videos of this subset, such as `train` or `val_seen`.

    Raises:
        UserError: a file cannot be read.
    """
    return queries_of(
        member_items(path),
        source=HT_STEP.name,
        file=file_name(path),
        convert=partial(_query, headlines=_headlines(taxonomy)),
        parts=partial(_segments, subset=subset),
    )


def _headlines(taxonomy: Location) -> Mapping[str, str]:
    with opened(local_file(taxonomy)) as lines:
        rows = csv.DictReader(lines)
        if not {"global_step_index", "headline"} <= set(rows.fieldnames or ()):
            raise AnnotationError(
                f"{taxonomy}: got the columns {rows.fieldnames}, expected global_step_index and "
                "headline; point taxonomy at HT-Step's taxonomy.csv"
            )
        return {row["global_step_index"]: row["headline"] or "" for row in rows}


def _segments(item: Item, *, subset: str | None) -> Iterator[Item]:
    video = object_of(item.value)
    if subset is not None and video.get("subset") != subset:
        return
    for part, segment in enumerate(list_of(video.get("annotations"), "annotations")):
        yield Item(row=item.row, key=item.key, part=part, value=segment)


def _query(item: Item, provenance: str, *, headlines: Mapping[str, str]) -> Query:
    segment = object_of(item.value, "annotation")
    headline = headlines.get(str(segment.get("id")))
    if headline is None:
        raise problem("id", segment.get("id"), "a global_step_index of the taxonomy")
    return relevant_query(
        item,
        provenance,
        video=video_of(item.key),
        text=headline,
        pairs=[segment.get("segment")],
        field="headline",
        span_field="segment",
    )


HT_STEP = Source(
    name="ht_step",
    title="HT-Step",
    licence="CC-BY-NC-4.0",
    citation="Afouras et al., HT-Step: Aligning Instructional Articles with How-To Videos, NeurIPS "
    "2023",
    url="https://github.com/facebookresearch/htstep",
    redistributable=True,
    verified=False,
    read=read,
)
