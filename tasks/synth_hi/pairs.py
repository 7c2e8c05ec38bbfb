"""Pairs of predicates that differ by one, two or three edits.

A pair is drawn with no role for either member: which one the video will show is decided later, by
a coin of its own. That is what makes labels exchangeable given the text.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Any, Final

from rarft.harness.taxonomy import CATEGORIES
from rarft.tasks.synth_hi.combinations import actions_of, is_in_split
from rarft.tasks.synth_hi.edits import CATEGORY_OF_SLOT, Slot, edit_slot
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.vocabulary import (
    ACTIONS,
    COLOURS,
    COUNTS,
    GESTURES,
    MOVES,
    PARTS,
    RESIZES,
    SCENES,
    SHAPES,
    SIDES,
    SIZE_COMPARISONS,
    SIZES,
    SPEED_COMPARISONS,
    Action,
    Split,
)

_EXCLUSIVE: Final = (
    {CATEGORY_OF_SLOT["scene"], CATEGORY_OF_SLOT["transition"]},
    {CATEGORY_OF_SLOT["side"], CATEGORY_OF_SLOT["comparison"]},
)
_EXTRA_CHANCE: Final[dict[Slot, float]] = {
    "count": 0.25,
    "size": 0.15,
    "part": 0.2,
    "side": 0.12,
    "comparison": 0.12,
    "scene": 0.15,
    "transition": 0.1,
}
_MAX_EXTRA: Final = 2
_TWO_ACTIONS_CHANCE: Final = 0.2
_MAX_OUTLINES: Final = 1_000
_TRIES_PER_OUTLINE: Final = 100


@dataclass(frozen=True, slots=True)
class _Outline:
    """What a pair is about, before any value is drawn."""

    edited: tuple[Slot, ...]
    present: frozenset[Slot]
    n_moves: int
    n_gestures: int
    by_speed: bool

    @property
    def actions(self) -> tuple[Action, ...]:
        """Return the actions that may occur: a changing size is never compared."""
        fixed = self.present & {"size", "comparison"}
        return tuple(a for a in ACTIONS if not (fixed and a in RESIZES))


@cache
def category_sets(n_edits: int) -> tuple[tuple[str, ...], ...]:
    """Return the sets of categories that can be edited together."""
    return tuple(
        chosen
        for chosen in combinations(CATEGORIES, n_edits)
        if not any(pair <= set(chosen) for pair in _EXCLUSIVE)
    )


def draw_pair(rng: random.Random, *, split: Split, n_edits: int) -> tuple[Predicate, Predicate]:
    """Draw two predicates of a split that differ in `n_edits` slots of distinct categories."""
    categories = rng.choice(category_sets(n_edits))
    for _ in range(_MAX_OUTLINES):
        outline = _draw_outline(rng, categories)
        for _ in range(_TRIES_PER_OUTLINE):
            first = _draw_first(rng, split, outline)
            second = first and _draw_second(rng, split, outline, first)
            if first and second:
                return first, second
    raise RuntimeError(f"no pair with {categories = } in {split = }")


def _draw_outline(rng: random.Random, categories: Sequence[str]) -> _Outline:
    edited = tuple(_slot_of(rng, category) for category in categories)
    n_moves, n_gestures = _draw_structure(rng, edited)
    present = set(edited) | _draw_extra(rng, edited)
    single_move = (n_moves, n_gestures) == (1, 0)
    return _Outline(
        edited=edited,
        present=frozenset(present),
        n_moves=n_moves,
        n_gestures=n_gestures,
        by_speed="comparison" in present and single_move and rng.random() < 0.6,
    )


def _slot_of(rng: random.Random, category: str) -> Slot:
    slots: Sequence[Slot] = [slot for slot, name in CATEGORY_OF_SLOT.items() if name == category]
    return slots[0] if len(slots) == 1 or rng.random() < 0.7 else slots[1]


def _draw_structure(rng: random.Random, edited: Sequence[Slot]) -> tuple[int, int]:
    """Return how many moves and gestures the predicates name."""
    move, gesture = "move" in edited, "gesture" in edited
    order = "order" in edited
    if (move and gesture) or (order and (move or gesture)):
        return 1, 1
    if move or gesture:
        return int(move), int(gesture)
    if order or rng.random() < _TWO_ACTIONS_CHANCE:
        return rng.choice([(2, 0), (1, 1), (1, 1), (0, 2)])
    return rng.choice([(1, 0), (0, 1)])


def _draw_extra(rng: random.Random, edited: Sequence[Slot]) -> set[Slot]:
    taken = {CATEGORY_OF_SLOT[slot] for slot in edited}
    extra: set[Slot] = set()
    for slot in rng.sample(list(_EXTRA_CHANCE), len(_EXTRA_CHANCE)):
        category = CATEGORY_OF_SLOT[slot]
        clashes = any(category in pair and pair & taken for pair in _EXCLUSIVE)
        if len(extra) < _MAX_EXTRA and not clashes and rng.random() < _EXTRA_CHANCE[slot]:
            extra.add(slot)
            taken.add(category)
    return extra


def _draw_first(rng: random.Random, split: Split, outline: _Outline) -> Predicate | None:
    colour, shape = rng.choice(COLOURS), rng.choice(SHAPES)
    owned = [a for a in actions_of(split, colour, shape) if a in outline.actions]
    moves = [action for action in owned if action in MOVES]
    gestures = [action for action in owned if action in GESTURES]
    if len(moves) < outline.n_moves or len(gestures) < outline.n_gestures:
        return None
    actions = rng.sample(moves, outline.n_moves) + rng.sample(gestures, outline.n_gestures)
    rng.shuffle(actions)
    claims = _draw_claims(rng, outline)
    return replace(Predicate(colour=colour, shape=shape, actions=tuple(actions)), **claims)


def _draw_claims(rng: random.Random, outline: _Outline) -> dict[str, Any]:
    comparisons = SPEED_COMPARISONS if outline.by_speed else SIZE_COMPARISONS
    values: dict[Slot, Sequence[Any]] = {
        "count": COUNTS,
        "size": SIZES,
        "part": PARTS,
        "side": SIDES,
        "comparison": comparisons,
        "scene": SCENES,
    }
    claims: dict[str, Any] = {
        slot: rng.choice(values[slot]) for slot in values if slot in outline.present
    }
    if "transition" in outline.present:
        claims["transition"] = tuple(rng.sample(SCENES, 2))
    return claims


def _draw_second(
    rng: random.Random, split: Split, outline: _Outline, first: Predicate
) -> Predicate | None:
    second = first
    for slot in sorted(outline.edited, key=lambda slot: slot == "order"):
        second = edit_slot(second, slot, rng=rng, actions=outline.actions)
    if is_in_split(split, second.colour, second.shape, second.actions):
        return second
    return None
