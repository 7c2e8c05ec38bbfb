"""Queries written by hand for the audit's tests."""

from collections.abc import Callable
from typing import Any

import pytest

from rarft.harness.types import Query

MakeQuery = Callable[..., Query]


@pytest.fixture
def asked() -> MakeQuery:
    """A function that writes one query; what is not given does not matter."""

    def make(id: str, text: str = "a man runs", relevant: bool = True, **fields: Any) -> Query:
        fields = {"task": "t", "video": "a.mp4", "record": id} | fields
        return Query(id=id, text=text, relevant=relevant, **fields)

    return make


@pytest.fixture
def swapped(asked: MakeQuery) -> tuple[Query, ...]:
    """Each video's irrelevant query is the relevant query of the next video."""
    texts = [f"{who} {does}" for who in ("a man", "a dog", "a girl") for does in DEEDS]
    n = len(texts)
    return tuple(
        asked(
            f"{number}-{side}",
            texts[number if side == 0 else (number + 1) % n],
            side == 0,
            video=f"{number}.mp4",
            record=f"{number}",
        )
        for number in range(n)
        for side in (0, 1)
    )


DEEDS = ("runs", "sits", "sings", "eats", "reads", "jumps", "sleeps", "waves", "cooks", "falls")
