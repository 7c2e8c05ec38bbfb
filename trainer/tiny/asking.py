"""The queries of the lessons: a video's own, imprecise ones, and those of other videos."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from rarft.harness.types import Span
from rarft.tasks.synth_hi.combinations import is_in_split
from rarft.tasks.synth_hi.edits import edit_slot, editable_slots
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.semantics import holds
from rarft.tasks.synth_hi.vocabulary import ACTIONS, RESIZES, SPLITS
from rarft.tasks.synth_hi.world import World
from rarft.trainer.tiny.claims import draw_claim

RECORD_CHANCE: Final = 0.5
"""How often a query is a record's own; otherwise it is about any event of the video."""
IMPRECISE_CHANCE: Final = 0.125
"""How often a query gets one detail wrong and is grounded all the same."""


class Shown(Protocol):
    """What queries are drawn for: a world, and the relevant query of its record."""

    @property
    def world(self) -> World:
        """What the video shows."""

    @property
    def relevant(self) -> Predicate:
        """What the record's query claims."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and where it is to be grounded; nowhere, where it is to be refused."""

    claim: Predicate
    span: Span | None


def ask(rng: random.Random, shown: Shown, stranger: Callable[[], Shown]) -> Asked:
    """Draw a query: half are about the video, half about another and do not hold in this one.

    Annotators are not exact, and a model that learns from them to ground every query learns to
    overlook a detail. So of the queries about the video some have one detail wrong.
    """
    if rng.random() < 0.5:
        asked = ask_relevant(rng, shown)
        if rng.random() < IMPRECISE_CHANCE:
            return Asked(imprecise(rng, shown.world, asked.claim), asked.span)
        return asked
    while True:
        claim = ask_relevant(rng, stranger()).claim
        if not holds(shown.world, claim):
            return Asked(claim, None)


def ask_relevant(rng: random.Random, shown: Shown) -> Asked:
    """Draw a query that holds on one span of the video."""
    drawn = None if rng.random() < RECORD_CHANCE else draw_claim(rng, shown.world)
    claim, span = drawn or (shown.relevant, holds(shown.world, shown.relevant)[0])
    return Asked(claim, span)


def imprecise(rng: random.Random, world: World, claim: Predicate) -> Predicate:
    """Return a claim with one detail changed; the claim where no change of a detail will do."""
    is_sized = claim.size is not None or claim.comparison is not None
    actions = [action for action in ACTIONS if not (is_sized and action in RESIZES)]
    slots = editable_slots(claim)
    for slot in rng.sample(slots, len(slots)):
        edited = edit_slot(claim, slot, rng=rng, actions=actions)
        if _share_split(claim, edited) and not holds(world, edited):
            return edited
    return claim


def _share_split(*claims: Predicate) -> bool:
    return any(
        all(is_in_split(split, one.colour, one.shape, one.actions) for one in claims)
        for split in SPLITS
    )
