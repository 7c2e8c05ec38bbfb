"""LongVid, the long videos VideoChat-Flash is trained on: conversations about them.

    {"video": "a.mp4", "conversations": [
      {"from": "human", "value": "When does the query 'a man opens a box' happen?"},
      {"from": "gpt", "value": "From 12.0 to 20.5 seconds."}]}

The form is that of VideoChat-Flash's other training data; no file of the set was at hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from rarft.dataset_builder.sources.instruction_qa import read_instructions
from rarft.dataset_builder.sources.items import Location
from rarft.dataset_builder.sources.source import NOT_STATED, Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield the queries of a file of conversations.

    Raises:
        UserError: the file cannot be read.
    """
    return read_instructions(path, source=LONGVID.name, split=split)


LONGVID = Source(
    name="longvid",
    title="LongVid",
    licence=NOT_STATED,
    citation="Li et al., VideoChat-Flash: Hierarchical Compression for Long-Context Video "
    "Modeling, 2025, arXiv:2501.00574",
    url="https://huggingface.co/datasets/OpenGVLab/VideoChat-Flash-Training-Data",
    redistributable=False,
    verified=False,
    read=read,
)
