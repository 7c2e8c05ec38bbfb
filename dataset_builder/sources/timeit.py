"""TimeIT: instructions about when things happen, one file a task and set.

    {"video": "Charades/videos/AO8RW.mp4", "QA": [
      {"q": "Find the video segment that corresponds to the given textual query 'person laughs'",
       "a": "The given query happens in 0.0 - 6.9 seconds."}]}

Of its tasks grounding, step localisation and dense captioning hold queries with a span.
"""

from __future__ import annotations

from collections.abc import Iterator

from rarft.dataset_builder.sources.instruction_qa import read_instructions
from rarft.dataset_builder.sources.items import Location
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield the queries of a file of instructions.

    Raises:
        UserError: the file cannot be read.
    """
    return read_instructions(path, source=TIMEIT.name, split=split)


TIMEIT = Source(
    name="timeit",
    title="TimeIT",
    licence="CC-BY-4.0",
    citation="Ren et al., TimeChat: A Time-sensitive Multimodal Large Language Model for Long "
    "Video Understanding, CVPR 2024, and the set a file holds",
    url="https://huggingface.co/datasets/ShuhuaiRen/TimeIT",
    redistributable=True,
    verified=True,
    read=read,
)
