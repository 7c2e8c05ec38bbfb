"""The official RA-RFT files, hi_vtg_*.json and ss_vtg_*.json, as the tasks read them.

    [{"video": "/data/3MSZA.mp4", "timestamp": [24.3, 30.4], "duration": 30.96, "GRPO": [
      {"q": "person turns a light on", "r": true, "difficulty": "original"},
      {"q": "person turns a fan on", "r": false, "a": "<answer>No fan is shown.</answer>",
       "c": ["Object/ObjectExistence"], "difficulty": "hard"}]}]

A file whose records are all sound is read as it is; of another the broken records are left out.
The relevant queries of hi_vtg_tvgbench.json are TVGBench's, so that its terms hold for them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args

from rarft.dataset_builder.sources.items import Location, file_name, local_file, record_items
from rarft.dataset_builder.sources.source import Source, Terms
from rarft.dataset_builder.sources.tvgbench import TVGBENCH
from rarft.dataset_builder.types import TASK, Rejected
from rarft.harness.errors import AnnotationError, UserError
from rarft.harness.taxonomy import LEVELS, Level
from rarft.harness.types import Query
from rarft.tasks.official import Select, read_queries
from rarft.tasks.records import read_records

_LEFT_OUT: Final = {"video": "left out", "GRPO": []}
"""Stands for a broken record, so that the others keep their numbers."""


def read(
    path: Location,
    *,
    split: str,
    select: Literal["all", "relevant"] = "all",
    negatives: Level | None = None,
) -> Iterator[Query | Rejected]:
    """Yield the queries of an official file, relevant and irrelevant, with levels and refusals.

    Args:
        path: The file.
        split: Its split.
        select: "relevant" leaves irrelevant queries out.
        negatives: The level of every irrelevant query; `shuffled` for the ss files.

    Raises:
        UserError: the file cannot be read, or an option has another value.
    """
    if select not in get_args(Select):
        raise UserError(f"got select={select} for the source ra_rft, expected all or relevant")
    if negatives not in (None, *LEVELS):
        raise UserError(f"got negatives={negatives} for the source ra_rft, expected a level")
    file = local_file(path)
    broken = list(_broken(file))
    yield from broken
    is_as_it_is = not broken and file.suffix != ".gz"
    with tempfile.TemporaryDirectory() as folder:
        left_out = {row.row for row in broken}
        sound = file if is_as_it_is else _without(file, left_out, Path(folder))
        queries, _ = read_queries(sound, task=TASK, select=select, negatives=negatives)
    yield from queries


def _broken(path: Path) -> Iterator[Rejected]:
    for item in record_items(path):
        reason = item.problem or _objection(item.value)
        if reason:
            yield Rejected(source=RA_RFT.name, file=file_name(path), row=item.row, reason=reason)


def _objection(record: Any) -> str:
    """Return what the tasks' reader says of a record, without its number in the file."""
    try:
        read_records(json.dumps([record]).encode(), path=Path())
    except AnnotationError as error:
        return str(error).partition("(from 0), ")[2].partition("; mend the record")[0]
    return ""


def _without(path: Path, broken: set[int], folder: Path) -> Path:
    sound = folder / path.name.removesuffix(".gz")
    records = [_LEFT_OUT if item.row in broken else item.value for item in record_items(path)]
    sound.write_text(json.dumps(records), encoding="utf-8")
    return sound


RA_RFT = Source(
    name="ra_rft",
    title="RA-RFT: HI-VTG, SS-VTG and the human set",
    licence="Apache-2.0",
    citation="Lee et al., Learning to Refuse: Refusal-Aware Reinforcement Fine-Tuning for "
    "Hard-Irrelevant Queries in Video Temporal Grounding, CVPR 2026, arXiv:2511.23151",
    url="https://github.com/JINSUBY/RA-RFT",
    redistributable=True,
    verified=True,
    read=read,
    benchmark=True,
    files={
        "hi_vtg_tvgbench.json": Terms(
            licence=TVGBENCH.licence, redistributable=TVGBENCH.redistributable
        )
    },
)
