"""Charades-STA: one query a line.

    3MSZA 24.3 30.4##person turn a light on.

The files are charades_sta_train.txt and charades_sta_test.txt. They give no durations: the option
`durations` takes them from Charades_v1_train.csv or Charades_v1_test.csv.
"""

from __future__ import annotations

from collections.abc import Iterator

from rarft.dataset_builder.sources.fields import problem, video_of
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, local_file
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.sources.text_files import text_lines
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield a query for each line.

    Raises:
        UserError: the file cannot be read.
    """
    return queries_of(
        (Item(row=row, value=line) for row, line in text_lines(local_file(path))),
        source=CHARADES_STA.name,
        file=file_name(path),
        convert=_query,
    )


def _query(item: Item, provenance: str) -> Query:
    place, mark, text = item.value.partition("##")
    fields = place.split()
    if not mark or len(fields) != 3:
        raise problem("line", item.value, "VIDEO START END##QUERY")
    video, start, end = fields
    return relevant_query(item, provenance, video=video_of(video), text=text, pairs=[[start, end]])


CHARADES_STA = Source(
    name="charades_sta",
    title="Charades-STA",
    licence="Charades licence (non-commercial)",
    citation="Gao et al., TALL: Temporal Activity Localization via Language Query, ICCV 2017",
    url="https://github.com/jiyanggao/TALL",
    redistributable=False,
    verified=True,
    read=read,
)
