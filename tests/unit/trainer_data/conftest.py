"""Annotations in the official schema, with small files that stand for their videos."""

import json
from pathlib import Path

import pytest

from rarft.harness.models import find_card

DIFFICULTIES = ("hard", "medium", "easy")


def official_record(number: int, *, n_irrelevant: int = 3, **changes: object) -> dict:
    """One record with a relevant query and a pool of irrelevant ones, one of each difficulty."""
    text = f"person {number} opens a door"
    relevant = {"q": text, "a": "<answer>2 to 5</answer>", "r": True, "difficulty": "original"}
    irrelevant = [
        {
            "q": f"person {number} closes {word}",
            "a": f"<answer>Nobody closes {word}.</answer>",
            "r": False,
            "c": ["Action/FineGrainedAction"],
            "difficulty": DIFFICULTIES[place],
        }
        for place, word in enumerate(("a door", "a window", "a red box")[:n_irrelevant])
    ]
    record = {
        "video": f"/elsewhere/v{number}.mp4",
        "query_text": text,
        "timestamp": [2.0, 5.0],
        "duration": 10.0 + number,
        "GRPO": [relevant, *irrelevant],
    }
    return {**record, **changes}


@pytest.fixture
def card():
    return find_card("tiny")[0]


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder with a file for each of four videos; nothing here looks inside."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for number in range(4):
        (folder / f"v{number}.mp4").write_bytes(b"x" * 1000 * (number + 1))
    return folder


@pytest.fixture
def annotate(tmp_path: Path):
    """A function that writes records to a file."""

    def write(records: list[dict]) -> Path:
        path = tmp_path / "train.json"
        path.write_text(json.dumps(records))
        return path

    return write


@pytest.fixture
def make_rows(annotate, videos, card):
    """A function from records to rows and their report."""
    from rarft.trainer.config import DataArguments
    from rarft.trainer.data import training_rows

    def make(records: list[dict], *, seed: int = 0, **asked: object):
        return training_rows(
            DataArguments(
                **{
                    "dataset_name": str(annotate(records)),
                    "video_folder": str(videos),
                    **asked,
                }
            ),
            card=card,
            prompt="Query: {query}",
            seed=seed,
        )

    return make


@pytest.fixture
def record():
    return official_record


@pytest.fixture
def records() -> list[dict]:
    return [official_record(number) for number in range(4)]
