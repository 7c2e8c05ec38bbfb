"""What a query claims: a structured predicate, from which its sentence is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rarft.tasks.synth_hi.vocabulary import (
    Action,
    Colour,
    Comparison,
    Part,
    Scene,
    Shape,
    Side,
    Size,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """A claim that somewhere in the video a group of alike objects does something.

    `actions` holds one action, or two that follow one another at once. `count` is exact. A slot
    that is None claims nothing. `side` is relative to the landmark, `comparison` to the grey ball
    that shares the event. `scene` must last for the whole span; `transition` is a cut from one
    scene to another inside it. See `semantics.holds` for the truth conditions.
    """

    colour: Colour
    shape: Shape
    actions: tuple[Action, ...]
    count: int | None = None
    size: Size | None = None
    part: Part | None = None
    side: Side | None = None
    comparison: Comparison | None = None
    scene: Scene | None = None
    transition: tuple[Scene, Scene] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the predicate as a JSON object."""
        row = asdict(self)
        row["actions"] = list(self.actions)
        row["transition"] = list(self.transition) if self.transition else None
        return row


def predicate_from_json(row: Mapping[str, Any]) -> Predicate:
    """Read what `Predicate.to_json` wrote.

    Example:
        >>> red = Predicate(colour="red", shape="star", actions=("left",), count=2)
        >>> predicate_from_json(red.to_json()) == red
        True
    """
    transition = row["transition"]
    return Predicate(
        **{
            **row,
            "actions": tuple(row["actions"]),
            "transition": tuple(transition) if transition else None,
        }
    )
