"""When a predicate is true in a world: the ground truth of every query.

Truth conditions. A predicate is true on a span when one event (a group of alike objects) has, in
consecutive phases that fill exactly this span, the claimed actions in the claimed order, and

- colour, shape: those of every object of the group;
- count: the group has exactly this many objects; with no count claimed, at least one;
- part: that of every object; with none claimed, any;
- size: that of every object as it is seen when the span begins; objects may grow and shrink;
- side: every object lies wholly on that side of the landmark's middle, during the whole span;
- larger, smaller: than the grey ball of the same event, by a quarter of the radius or more;
- faster, slower: than the grey ball, which moves too, by a quarter of the speed or more;
- scene: the background is this one during the whole span;
- transition: a cut from the first scene to the second lies strictly inside the span.

Nothing else is claimed, so a predicate is existential: one such span anywhere makes it true.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rarft.harness.types import Span
from rarft.tasks.synth_hi.motion import offset_at, scale_at
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.vocabulary import Comparison, Side, Size
from rarft.tasks.synth_hi.world import (
    FPS,
    LANDMARK_XY,
    Event,
    Phase,
    World,
)

CLEAR_RATIO: Final = 1.25
SIZE_BORDER_PX: Final = 10.0
"""Between the radii of small and of large objects, alone or in a group."""
UP_EXTENT: Final = {"hat": 1.3}
DOWN_EXTENT: Final = {"feet": 1.3}
"""How far a part reaches beyond the radius, as a multiple of it; 1 where absent."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


def holds(world: World, predicate: Predicate) -> list[Span]:
    """Return every span on which the predicate is true, in the order of time."""
    spans = []
    for event in world.events:
        if not _look_matches(event, predicate):
            continue
        n_actions = len(predicate.actions)
        for first in range(len(event.phases) - n_actions + 1):
            phases = event.phases[first : first + n_actions]
            span = Span(phases[0].start_s, phases[-1].end_s)
            if (
                tuple(phase.action for phase in phases) == predicate.actions
                and predicate.size in (None, size_at(event, span.start_s))
                and _surroundings_match(world, event, predicate, span)
                and _comparison_matches(event, phases, predicate.comparison)
            ):
                spans.append(span)
    return sorted(spans)


def _look_matches(event: Event, predicate: Predicate) -> bool:
    return (
        event.colour == predicate.colour
        and event.shape == predicate.shape
        and predicate.count in (None, len(event.members))
        and predicate.part in (None, event.part)
    )


def _surroundings_match(world: World, event: Event, predicate: Predicate, span: Span) -> bool:
    if predicate.side and not (world.landmark and predicate.side in sides_of(event, span)):
        return False
    if predicate.scene and not any(
        shot.scene == predicate.scene and shot.start_s <= span.start_s and span.end_s <= shot.end_s
        for shot in world.shots
    ):
        return False
    return predicate.transition is None or any(
        (before.scene, after.scene) == predicate.transition
        and span.start_s < after.start_s < span.end_s
        for before, after in zip(world.shots, world.shots[1:], strict=False)
    )


def _comparison_matches(
    event: Event, phases: Sequence[Phase], comparison: Comparison | None
) -> bool:
    if comparison is None:
        return True
    if event.companion is None:
        return False
    if comparison in ("larger", "smaller"):
        mine, other = event.radius_px, event.companion.radius_px
    elif phases[0] is event.phases[0]:
        mine, other = phases[0].travel_px, event.companion.travel_px
    else:
        return False
    if min(mine, other) <= 0:
        return False
    if comparison in ("larger", "faster"):
        return mine >= CLEAR_RATIO * other
    return other >= CLEAR_RATIO * mine


def size_at(event: Event, time_s: float) -> Size:
    """Return the size that the objects of a group are seen to have."""
    return "large" if event.radius_px * scale_at(event, time_s) > SIZE_BORDER_PX else "small"


def sides_of(event: Event, span: Span) -> tuple[Side, ...]:
    """Return the sides of the landmark's middle on which the whole group stays during the span."""
    left, top, right, bottom = bounds(event, span)
    x, y = LANDMARK_XY
    is_on: dict[Side, bool] = {
        "left": right < x,
        "right": left > x,
        "above": bottom < y,
        "below": top > y,
    }
    return tuple(side for side, value in is_on.items() if value)


def bounds(event: Event, span: Span) -> Box:
    """Return the box in which the whole group stays during the span."""
    boxes = [_box_at(event, frame / FPS) for frame in _frames(span)]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _frames(span: Span) -> range:
    return range(round(span.start_s * FPS), round(span.end_s * FPS))


def _box_at(event: Event, time_s: float) -> Box:
    dx, dy = offset_at(event, time_s)
    radius_px = event.radius_px * scale_at(event, time_s)
    xs, ys = zip(*event.members, strict=True)
    part = event.part or ""
    return (
        min(xs) + dx - radius_px,
        min(ys) + dy - radius_px * UP_EXTENT.get(part, 1.0),
        max(xs) + dx + radius_px,
        max(ys) + dy + radius_px * DOWN_EXTENT.get(part, 1.0),
    )
