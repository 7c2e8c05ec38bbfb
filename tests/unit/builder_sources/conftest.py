"""Sources are given small files in the form their owners write."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rarft.dataset_builder.sources import SOURCES
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query

Read = Callable[..., tuple[list[Query], list[Rejected]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """A function that writes a file and returns what a source makes of it."""

    def read_content(
        source: str, content: Any, *, name: str = "anno.json", split: str = "train", **options: Any
    ) -> tuple[list[Query], list[Rejected]]:
        path = tmp_path / name
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        found = list(SOURCES[source].read(path, split=split, **options))
        return (
            [one for one in found if isinstance(one, Query)],
            [one for one in found if isinstance(one, Rejected)],
        )

    return read_content


@pytest.fixture
def as_lines() -> Callable[..., str]:
    """A function that writes JSON lines."""
    return lambda *rows: "".join(
        (row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows
    )
