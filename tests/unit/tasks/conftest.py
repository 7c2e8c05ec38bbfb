import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test away from the user's cache, annotations and network."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("RARFT_CACHE", str(cache))
    monkeypatch.setenv("no_proxy", "*")
    for name in ("RARFT_ANNOTATIONS", "RARFT_ANNOTATIONS_URL", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RARFT_OFFLINE", "1")
    return cache


def record(**changes: Any) -> dict[str, Any]:
    """Return a well-formed record without quirks, with some fields changed; None removes one."""
    fields: dict[str, Any] = {
        "video": "kitchen.mp4",
        "query_text": "a woman opens the oven",
        "timestamp": [3.0, 8.5],
        "duration": 20.0,
        "GRPO": [query(), query(q="a woman opens the fridge", r=False)],
    }
    return {key: value for key, value in (fields | changes).items() if value is not None}


def query(**changes: Any) -> dict[str, Any]:
    """Return a well-formed entry of GRPO without quirks, with some fields changed."""
    relevant = changes.get("r", True)
    fields: dict[str, Any] = {"q": "a woman opens the oven", "r": relevant}
    if relevant:
        fields |= {"a": "<answer>3.0 to 8.5</answer>", "difficulty": "original"}
    else:
        fields |= {
            "a": "<answer>There is no fridge.</answer>",
            "c": ["Object/ObjectExistence"],
            "difficulty": "hard",
        }
    return {key: value for key, value in (fields | changes).items() if value is not None}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write records, or raw text, as an annotation file."""

    def write_annotation(*records: Any, text: str | bytes | None = None) -> Path:
        path = tmp_path / "anno.json"
        source = json.dumps(list(records)) if text is None else text
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        return path

    return write_annotation


@pytest.fixture
def make_record() -> Callable[..., dict[str, Any]]:
    return record


@pytest.fixture
def make_query() -> Callable[..., dict[str, Any]]:
    return query
