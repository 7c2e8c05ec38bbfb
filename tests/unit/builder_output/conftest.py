"""Small hand-written rows, and a build folder that holds them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rarft.dataset_builder.row_files import write_rows
from rarft.dataset_builder.types import TASK, Origin, Row
from rarft.harness.types import Query, Span

ORIGIN = Origin(
    source="kitchen",
    split="test",
    licence="CC-BY-4.0",
    citation="Cook, Kitchen Videos, 2020",
    redistributable=True,
    file="/home/you/kitchen.json",
)
RECORD: dict[str, Any] = {
    "config": {"llm_model": "writer-1", "seed": 3, "rows": "/home/you/rows.jsonl"},
    "counts": {"accepted": 6, "missing": 0},
    "costs": {"calls": 12, "usd": 0.25},
    "prompts": {"rewrite": "a1b2"},
    "versions": {"python": "3.11.0"},
    "guessability": {"before": {"auc": 0.81}, "after": {"auc": 0.57}},
}
LEVELS = ("strong", "moderate", "weak")
CATEGORIES = ("Object/ObjectExistence", "Action/FineGrainedAction", "Scene/SceneExistence")


def rows_of(video: str, *, split: str = "test", origin: Origin = ORIGIN) -> list[Row]:
    """A relevant query and its three irrelevant ones."""
    origin = replace(origin, split=split)
    relevant = Query(
        id=f"{video}-0",
        task=TASK,
        video=f"{video}.mp4",
        text="a person opens the red door",
        relevant=True,
        record=f"{video}-0",
        spans=(Span(1.0, 3.5),),
        duration_s=10.0,
        level="original",
        provenance="kitchen.json#0",
    )
    texts = ("a person opens the red box", "a cat opens the red box", "a cat paints the red box")
    irrelevant = [
        replace(
            relevant,
            id=f"{video}-0/{level}",
            text=text,
            relevant=False,
            spans=(),
            level=level,
            categories=CATEGORIES[: number + 1],
            refusal=f"The video shows a person and a door, not what is asked ({level}).",
            relevant_query=relevant.text,
        )
        for number, (level, text) in enumerate(zip(LEVELS, texts, strict=True))
    ]
    return [Row(query=query, origin=origin) for query in (relevant, *irrelevant)]


def write_build(folder: Path, rows: Sequence[Row], *, record: dict[str, Any] | None = None) -> Path:
    """A build's folder with rows and a record."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "accepted.jsonl", rows)
    (folder / "build.json").write_text(json.dumps(RECORD if record is None else record))
    return folder


@pytest.fixture
def make_rows() -> Callable[..., list[Row]]:
    return rows_of


@pytest.fixture
def make_build() -> Callable[..., Path]:
    return write_build


@pytest.fixture
def kitchen(tmp_path: Path) -> Path:
    """A build of four videos, three of them in the train split."""
    videos = {"v0": "train", "v1": "train", "v2": "train", "v3": "test"}
    rows = [row for video, split in videos.items() for row in rows_of(video, split=split)]
    return write_build(tmp_path / "kitchen", rows)
