"""TimePro, the instructions TimeSuite is trained on, one file a task and set.

    {"video": "v_uqiMw7tQ1Cc.mp4", "start": 0.0, "end": 20.0, "QA": [
      {"i": "", "q": "When does the query 'a man sits' happen?", "a": "4.0 - 9.0 seconds"}]}

Where `start` and `end` are given, that part of the video is shown and times count from it. The form
is what TimeSuite's loader reads; no file of the set was at hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from rarft.dataset_builder.sources.instruction_qa import read_instructions
from rarft.dataset_builder.sources.items import Location
from rarft.dataset_builder.sources.source import NOT_STATED, Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield the queries of a file of instructions.

    Raises:
        UserError: the file cannot be read.
    """
    return read_instructions(path, source=TIMEPRO.name, split=split)


TIMEPRO = Source(
    name="timepro",
    title="TimePro",
    licence=NOT_STATED,
    citation="Zeng et al., TimeSuite: Improving MLLMs for Long Video Understanding via Grounded "
    "Tuning, ICLR 2025, and the set a file holds",
    url="https://huggingface.co/Lanxingxuan/TimeSuite",
    redistributable=False,
    verified=False,
    read=read,
)
