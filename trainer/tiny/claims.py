"""Queries for any video: claims that hold on one span of it, and claims of other videos."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from rarft.harness.types import Span
from rarft.tasks.synth_hi.edits import Edit
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.semantics import holds
from rarft.tasks.synth_hi.world import World
from rarft.trainer.tiny.captions import describe

_CHANCES: Final[Mapping[str, float]] = {
    "count": 0.35,
    "size": 0.3,
    "part": 0.5,
    "side": 0.4,
    "comparison": 0.5,
    "scene": 0.25,
    "transition": 0.7,
}
"""How often a claim names what an event has."""
_LOOKS: Final = ("colour", "size", "count", "shape", "part", "side", "comparison", "scene")
_TRIES: Final = 20


def draw_claim(rng: random.Random, world: World) -> tuple[Predicate, Span] | None:
    """Draw a claim that holds on one span of the world; None where chance gave none."""
    for _ in range(_TRIES):
        spec = describe(world, rng.choice(world.events))
        resizes = {"grow", "shrink"} & set(spec.actions)
        silent: dict[str, Any] = {
            slot: None
            for slot, chance in _CHANCES.items()
            if rng.random() >= chance or (slot == "size" and resizes)
        }
        claim = replace(spec, **silent)
        spans = holds(world, claim)
        if len(spans) == 1:
            return claim, spans[0]
    return None


def differences(shown: Predicate, claimed: Predicate) -> list[Edit]:
    """Return what a claim says otherwise than the full description of an event.

    Example:
        >>> shown = Predicate(colour="red", shape="star", actions=("left",), count=1)
        >>> claimed = Predicate(colour="blue", shape="star", actions=("blink",))
        >>> [(edit.slot, edit.claimed) for edit in differences(shown, claimed)]
        [('colour', 'blue'), ('gesture', 'blink')]
    """
    edits = []
    for slot in _LOOKS:
        seen, said = getattr(shown, slot), getattr(claimed, slot)
        if said is not None and said != seen:
            edits.append(Edit(slot=slot, shown=seen, claimed=said))
    if claimed.transition is not None and claimed.transition != shown.transition:
        edits.append(Edit(slot="transition", shown=shown.transition, claimed=claimed.transition))
    return edits + _action_differences(shown, claimed)


def _action_differences(shown: Predicate, claimed: Predicate) -> list[Edit]:
    if shown.actions == claimed.actions:
        return []
    if sorted(shown.actions) == sorted(claimed.actions):
        return [Edit(slot="order", shown=shown.actions, claimed=claimed.actions)]
    missing = [action for action in claimed.actions if action not in shown.actions]
    others = [action for action in shown.actions if action not in claimed.actions]
    pairs = zip(others or shown.actions[-1:], missing or claimed.actions[-1:], strict=False)
    return [Edit(slot="gesture", shown=seen, claimed=said) for seen, said in pairs]


def nearest(world: World, claim: Predicate) -> tuple[Predicate, list[Edit]]:
    """Return the event that differs least from a claim, the first of several, and in what."""
    found = [
        (spec, differences(spec, claim)) for spec in (describe(world, e) for e in world.events)
    ]
    return min(found, key=lambda pair: len(pair[1]))
