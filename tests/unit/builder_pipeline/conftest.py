"""Relevant rows written for the purpose, and a build over them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rarft.dataset_builder.row_files import write_rows
from rarft.dataset_builder.types import TASK, Origin, Row
from rarft.harness.types import Query, Span

TEXTS = (
    "a person opens the door of the kitchen.",
    "the person puts a cup on the table.",
    "a person throws a pillow onto the couch.",
    "person is eating a sandwich in the bedroom.",
    "a man takes a book from the shelf.",
    "the person closes a laptop.",
)

MakeRows = Callable[..., list[Row]]


def made_row(index: int, text: str, *, video: str) -> Row:
    origin = Origin(
        source="own", split="train", licence="MIT", citation="", redistributable=True, row=index
    )
    query = Query(
        id=f"q{index}",
        task=TASK,
        video=video,
        text=text,
        relevant=True,
        record=f"q{index}",
        spans=(Span(1.0 + index, 4.5 + index),),
        duration_s=30.0,
        provenance=f"own.json#{index}",
    )
    return Row(query=query, origin=origin)


@pytest.fixture
def make_rows() -> MakeRows:
    """A function that makes rows of texts, two a video."""

    def make(texts: Sequence[str] = TEXTS) -> list[Row]:
        return [made_row(k, text, video=f"v{k // 2}.mp4") for k, text in enumerate(texts)]

    return make


@pytest.fixture
def rows_file(tmp_path: Path, make_rows: MakeRows) -> Path:
    path = tmp_path / "own_rows.jsonl"
    write_rows(path, make_rows())
    return path
