"""Models that look at nothing: the scores that any real model must be read against.

Each answers with a class and a span, not with text. None reads a video.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.harness.models.base import Model, Request
from rarft.harness.models.card import Card
from rarft.harness.types import Query, Reply, Span

Answer = Callable[[Query], Reply]


def always_ground(query: Query) -> Reply:
    """Answer the whole video; the span is unknown where the duration is.

    Example:
        >>> query = Query(id="1", task="t", video="a.mp4", text="a man cooks", relevant=False,
        ...               record="1", duration_s=9.5)
        >>> always_ground(query).spans
        (Span(start_s=0.0, end_s=9.5),)
    """
    return Reply(relevant=True, spans=whole_video(query))


def always_refuse(query: Query) -> Reply:
    """Refuse.

    Example:
        >>> query = Query(id="1", task="t", video="a.mp4", text="a man cooks", relevant=True,
        ...               record="1")
        >>> always_refuse(query).relevant
        False
    """
    return Reply(relevant=False)


def oracle(query: Query) -> Reply:
    """Answer with the reference: its spans where the query is relevant, a refusal otherwise.

    A zero-length reference span has no overlap even with itself, so it cannot be answered right.

    Example:
        >>> query = Query(id="1", task="t", video="a.mp4", text="a man cooks", relevant=True,
        ...               record="1", spans=(Span(2.0, 5.0),))
        >>> oracle(query).spans
        (Span(start_s=2.0, end_s=5.0),)
    """
    spans = query.spans if query.relevant else ()
    return Reply(relevant=query.relevant, spans=spans, relevance_score=float(query.relevant))


def toss(query: Query, *, seed: int) -> Reply:
    """Toss a fair coin for relevance and draw a span from all spans of the video alike.

    A refusal carries its span too, as what it would have answered at a lower threshold.
    The draw depends on the seed and the query's task and id alone, so it is the same in any order
    and after any restart.

    Example:
        >>> query = Query(id="1", task="t", video="a.mp4", text="a man cooks", relevant=True,
        ...               record="1", duration_s=10.0)
        >>> toss(query, seed=0) == toss(query, seed=0)
        True
    """
    digest = hashlib.sha256(f"{seed}\n{query.task}\n{query.id}".encode()).digest()
    generator = random.Random(int.from_bytes(digest[:8]))
    relevance_score = generator.random()
    first, second = sorted((generator.random(), generator.random()))
    spans = tuple(Span(first * span.end_s, second * span.end_s) for span in whole_video(query))
    return Reply(relevant=relevance_score >= 0.5, spans=spans, relevance_score=relevance_score)


def whole_video(query: Query) -> tuple[Span, ...]:
    """Return the span of the whole video, or none where its duration is unknown."""
    return () if query.duration_s is None else (Span(0.0, query.duration_s),)


FLOORS: Final[dict[str, Answer]] = {
    "always_ground": always_ground,
    "always_refuse": always_refuse,
    "oracle": oracle,
}


@dataclass(frozen=True, slots=True)
class FloorModel:
    """A model whose answer is a function of the query."""

    answer: Answer

    @property
    def engine(self) -> Mapping[str, str]:
        """Return this package's version; nothing else takes part."""
        return {"rarft": version("rarft")}

    def prepare(self, queries: Sequence[Query]) -> None:
        """Ignore the queries: each answer depends on its own query."""

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer every request, in order."""
        return [self.answer(request.query) for request in requests]

    def close(self) -> None:
        """Hold nothing, release nothing."""


def load(
    card: Card,
    *,
    model_args: Mapping[str, Any],
    generation: Mapping[str, Any],
    batch_size: int,
    seed: int,
    cache: Path,
) -> Model:
    """Return the floor that the card names.

    Raises:
        UserError: the card's name is not a floor's, or model_args are given.
    """
    if model_args:
        raise UserError(
            f"got model_args {', '.join(sorted(model_args))} for model '{card.name}', "
            "expected none; leave them out"
        )
    if card.name == "random":
        return FloorModel(partial(toss, seed=seed))
    if card.name not in FLOORS:
        raise UserError(
            f"got a card '{card.name}' of backend 'floors', expected one of "
            f"{', '.join(sorted((*FLOORS, 'random')))}; name the card so or change its backend"
        )
    return FloorModel(FLOORS[card.name])
