"""Edits: one changed element of a predicate, and the benchmark category it belongs to.

Every edit can be undone by an edit of the same slot, so no direction is privileged.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.vocabulary import (
    COLOURS,
    COUNTS,
    GESTURES,
    MOVES,
    PARTS,
    SCENES,
    SHAPES,
    SIDES,
    SIZE_COMPARISONS,
    SIZES,
    SPEED_COMPARISONS,
    Action,
)

Slot = Literal[
    "colour",
    "size",
    "count",
    "shape",
    "part",
    "move",
    "gesture",
    "order",
    "side",
    "comparison",
    "scene",
    "transition",
]

CATEGORY_OF_SLOT: Final[dict[Slot, str]] = {
    "colour": "Attribute/AttributeValue",
    "size": "Attribute/AttributeValue",
    "count": "Attribute/Counting",
    "shape": "Object/ObjectExistence",
    "part": "Object/ObjectPartRelation",
    "move": "Object/ObjectMoving",
    "gesture": "Action/FineGrainedAction",
    "order": "Action/ActionSequence",
    "side": "Object/ObjectSpatialRelation",
    "comparison": "Attribute/Comparison",
    "scene": "Scene/SceneExistence",
    "transition": "Scene/SceneTransition",
}
SLOTS: Final[tuple[Slot, ...]] = tuple(CATEGORY_OF_SLOT)
_VALUES: Final[Mapping[str, Sequence[Any]]] = {
    "colour": COLOURS,
    "size": SIZES,
    "count": COUNTS,
    "shape": SHAPES,
    "part": PARTS,
    "side": SIDES,
    "scene": SCENES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One changed element: `shown` is what the video shows, `claimed` what the query says.

    Both are values of the slot; for `order` and `transition` they are ordered pairs.
    """

    slot: Slot
    shown: Any
    claimed: Any

    @property
    def category(self) -> str:
        """Return the benchmark category of the slot."""
        return CATEGORY_OF_SLOT[self.slot]

    def to_json(self) -> dict[str, Any]:
        """Return the edit as a JSON object."""
        pair = self.slot in ("order", "transition")
        return {
            "slot": self.slot,
            "category": self.category,
            "shown": list(self.shown) if pair else self.shown,
            "claimed": list(self.claimed) if pair else self.claimed,
        }


def editable_slots(predicate: Predicate) -> tuple[Slot, ...]:
    """Return the slots of which the predicate claims something."""
    present: dict[Slot, bool] = {
        "order": len(predicate.actions) == 2,
        "move": any(action in MOVES for action in predicate.actions),
        "gesture": any(action in GESTURES for action in predicate.actions),
    }
    return tuple(
        slot
        for slot in SLOTS
        if (present[slot] if slot in present else getattr(predicate, slot) is not None)
    )


def edit_slot(
    predicate: Predicate, slot: Slot, *, rng: random.Random, actions: Sequence[Action]
) -> Predicate:
    """Return the predicate with another value in one slot, drawn uniformly.

    `actions` are the actions that may be drawn. Raises IndexError when there is no other value.
    """
    if slot in _VALUES:
        current = getattr(predicate, slot)
        return replace(predicate, **{slot: rng.choice([v for v in _VALUES[slot] if v != current])})
    if slot == "comparison":
        kinds = (SIZE_COMPARISONS, SPEED_COMPARISONS)
        kind = next(kind for kind in kinds if predicate.comparison in kind)
        return replace(predicate, comparison=kind[1 - kind.index(predicate.comparison)])
    if slot == "transition":
        assert predicate.transition is not None
        first, second = predicate.transition
        return replace(predicate, transition=(second, first))
    if slot == "order":
        return replace(predicate, actions=predicate.actions[::-1])
    return replace(predicate, actions=_with_other_action(predicate.actions, slot, rng, actions))


def _with_other_action(
    current: tuple[Action, ...], slot: Slot, rng: random.Random, allowed: Sequence[Action]
) -> tuple[Action, ...]:
    kind = MOVES if slot == "move" else GESTURES
    place = rng.choice([i for i, action in enumerate(current) if action in kind])
    other = rng.choice([a for a in kind if a in allowed and a not in current])
    return (*current[:place], other, *current[place + 1 :])


def edits_between(shown: Predicate, claimed: Predicate) -> tuple[Edit, ...]:
    """Return the edits that lead from what is shown to what is claimed.

    Example:
        >>> a = Predicate(colour="red", shape="star", actions=("left", "blink"))
        >>> b = Predicate(colour="red", shape="star", actions=("blink", "up"))
        >>> [(edit.slot, edit.claimed) for edit in edits_between(a, b)]
        [('move', 'up'), ('order', ('blink', 'up'))]
    """
    edits = []
    for slot in SLOTS:
        if slot in ("move", "gesture", "order"):
            continue
        before, after = getattr(shown, slot), getattr(claimed, slot)
        if before != after:
            edits.append(Edit(slot=slot, shown=before, claimed=after))
    return (*edits, *_action_edits(shown.actions, claimed.actions))


def _action_edits(shown: tuple[Action, ...], claimed: tuple[Action, ...]) -> list[Edit]:
    edits: list[Edit] = []
    replaced = shown
    for slot, kind in (("move", MOVES), ("gesture", GESTURES)):
        lost = [a for a in shown if a in kind and a not in claimed]
        new = [a for a in claimed if a in kind and a not in shown]
        for before, after in zip(lost, new, strict=True):
            edits.append(Edit(slot=slot, shown=before, claimed=after))  # type: ignore[arg-type]
            replaced = tuple(after if a == before else a for a in replaced)
    if replaced != claimed:
        edits.append(Edit(slot="order", shown=replaced[::1], claimed=claimed))
    return edits


def apply_edit(predicate: Predicate, edit: Edit) -> Predicate:
    """Return the predicate with this edit alone made."""
    if edit.slot == "order":
        return replace(predicate, actions=predicate.actions[::-1])
    if edit.slot in ("move", "gesture"):
        actions = tuple(edit.claimed if a == edit.shown else a for a in predicate.actions)
        return replace(predicate, actions=actions)
    return replace(predicate, **{edit.slot: edit.claimed})
