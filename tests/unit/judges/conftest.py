"""Cases of the judges: one irrelevant query with everything to compare with, and a relevant one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rarft.harness.judges.case import Case
from rarft.harness.judges.judged_text import judged_text
from rarft.harness.parsing import parse_reply
from rarft.harness.types import Query, Reply, Span

MakeCase = Callable[..., Case]

QUERY = Query(
    id="00001-1",
    task="example",
    video="a.mp4",
    text="a dog runs left",
    relevant=False,
    record="00001",
    level="strong",
    duration_s=20.0,
    categories=("Object/ObjectExistence",),
    refusal="The animal is a cat, not a dog.",
    relevant_query="a cat runs left",
)


@pytest.fixture
def make_case() -> MakeCase:
    """Return a function from a reply's text, and what differs in the query, to a case."""

    def make(
        reply: str | None,
        *,
        text: Any = "answer",
        n_frames: int | None = None,
        **changes: Any,
    ) -> Case:
        query = replace(QUERY, **changes)
        if query.relevant:
            query = replace(query, categories=(), refusal="", relevant_query=None)
        prediction = parse_reply(reply or "", duration_s=query.duration_s)
        return Case(
            query=query,
            reply=Reply(text=reply, n_frames=n_frames, effective_fps=2.0 if n_frames else None),
            prediction=prediction,
            text=judged_text(reply or "", prediction, text=text),
        )

    return make


@pytest.fixture
def clip() -> Span:
    """Return a clip that begins 30 s into its file."""
    return Span(30.0, 45.0)
