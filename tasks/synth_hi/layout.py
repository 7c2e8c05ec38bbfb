"""Where a group of objects starts and how far it travels, so that it fits its part of the frame.

A group takes the whole frame; or, beside the landmark, the half of the frame on its side; or,
with a grey ball, one half while the ball takes the other.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, TypeVar

from rarft.harness.errors import RarftError
from rarft.harness.types import Span
from rarft.tasks.synth_hi.motion import LARGEST_SCALE, SWING_PX
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.semantics import DOWN_EXTENT, UP_EXTENT, Box, sides_of
from rarft.tasks.synth_hi.timeline import Timing
from rarft.tasks.synth_hi.vocabulary import DIRECTIONS, RESIZES, Action, Side, Size
from rarft.tasks.synth_hi.world import (
    LANDMARK_RADIUS_PX,
    LANDMARK_XY,
    SIDE_PX,
    Companion,
    Event,
    Phase,
)

RADIUS_PX: Final[dict[tuple[Size, bool], float]] = {
    ("small", False): 9.0,
    ("large", False): 14.0,
    ("small", True): 8.0,
    ("large", True): 12.0,
}
"""By size, and whether there are several objects."""
RESIZED_RADIUS_PX: Final = {False: 11.5, True: 10.0}
"""Of objects that grow or shrink, which reach beyond their radius; by whether there are several."""
COMPANION_RATIO: Final = 1.6
TRAVELS_PX: Final = (44.0, 40.0, 36.0, 32.0, 28.0, 25.0, 22.0, 20.0, 18.0, 16.0, 14.0, 12.0)
SLOW_TRAVELS_PX: Final = (26.0, 24.0, 22.0, 20.0)
SPEED_RATIO: Final = 2.5
_GAP_PX: Final = 3.0
_EDGE_PX: Final = 1.0
_TRIES: Final = 12
_Value = TypeVar("_Value")


class LayoutError(RarftError):
    """A drawn event does not fit; the builder draws again."""


def place(spec: Predicate, timing: Timing, *, layout_seed: int) -> Event:
    """Place a fully specified event: `spec` claims count and size, and None means absent.

    Raises:
        LayoutError: no arrangement fits.
    """
    rng = random.Random(layout_seed)
    own, other = _regions(rng, spec)
    radius_px = _radius_px(spec)
    travels = SLOW_TRAVELS_PX if spec.comparison == "slower" else TRAVELS_PX
    for travel_px in travels[rng.randrange(3) :]:
        phases = _phases(spec.actions, timing, travel_px)
        extents = _extents(spec, radius_px, phases)
        companion = _companion(rng, spec, radius_px, travel_px, other)
        for _ in range(_TRIES):
            step, extent = rng.choice(extents)
            start = _fit(rng, extent, own)
            if start is None:
                continue
            event = Event(
                colour=spec.colour,
                shape=spec.shape,
                size=_given(spec.size),
                part=spec.part,
                radius_px=radius_px,
                members=_members(start, step, _given(spec.count)),
                phases=phases,
                appear_s=timing.appear_s,
                vanish_s=timing.vanish_s,
                companion=companion,
                side=spec.side,
                layout_seed=layout_seed,
            )
            whole = Span(timing.appear_s, timing.vanish_s)
            if spec.side is None or sides_of(event, whole) == (spec.side,):
                return event
    raise LayoutError(f"no room for {spec}")


def _given(value: _Value | None) -> _Value:
    assert value is not None, "a specification states count and size"
    return value


def _radius_px(spec: Predicate) -> float:
    is_group = _given(spec.count) > 1
    if set(RESIZES) & set(spec.actions):
        return RESIZED_RADIUS_PX[is_group]
    return RADIUS_PX[_given(spec.size), is_group]


def _phases(actions: Sequence[Action], timing: Timing, travel_px: float) -> tuple[Phase, ...]:
    return tuple(
        Phase(
            action=action,
            start_s=start_s,
            end_s=end_s,
            travel_px=travel_px if action in DIRECTIONS else 0.0,
        )
        for action, (start_s, end_s) in zip(actions, timing.phases, strict=True)
    )


def _regions(rng: random.Random, spec: Predicate) -> tuple[Box, Box]:
    """Return the region of the group and that of its grey ball."""
    low, high, middle = _EDGE_PX, SIDE_PX - _EDGE_PX, SIDE_PX / 2
    whole = (low, low, high, high)
    if spec.side:
        return _half(whole, spec.side), whole
    if spec.comparison is None:
        return whole, whole
    is_vertical = spec.actions[0] in ("up", "down")
    if is_vertical:
        halves = [(low, low, middle, high), (middle, low, high, high)]
    else:
        halves = [(low, low, high, middle), (low, middle, high, high)]
    rng.shuffle(halves)
    return halves[0], halves[1]


def _half(whole: Box, side: Side) -> Box:
    left, top, right, bottom = whole
    x, y = LANDMARK_XY
    clear_px = LANDMARK_RADIUS_PX + 0.5
    regions: dict[Side, Box] = {
        "left": (left, top, x - clear_px, bottom),
        "right": (x + clear_px, top, right, bottom),
        "above": (left, top, right, y - clear_px),
        "below": (left, y + clear_px, right, bottom),
    }
    return regions[side]


def _companion(
    rng: random.Random, spec: Predicate, radius_px: float, travel_px: float, region: Box
) -> Companion | None:
    if spec.comparison is None:
        return None
    radii = {"larger": radius_px / COMPANION_RATIO, "smaller": radius_px * COMPANION_RATIO}
    travels = {"faster": travel_px / SPEED_RATIO, "slower": travel_px * SPEED_RATIO}
    ball_px = radii.get(spec.comparison, radius_px)
    ball_travel_px = travels.get(spec.comparison, 0.0)
    step_x, step_y = DIRECTIONS.get(spec.actions[0], (0, 0))
    end = (step_x * ball_travel_px, step_y * ball_travel_px)
    path = (min(0.0, end[0]), min(0.0, end[1]), max(0.0, end[0]), max(0.0, end[1]))
    extent = (path[0] - ball_px, path[1] - ball_px, path[2] + ball_px, path[3] + ball_px)
    start = _fit(rng, extent, region)
    if start is None:
        raise LayoutError(f"no room for the grey ball of {spec}")
    return Companion(x=start[0], y=start[1], radius_px=ball_px, travel_px=ball_travel_px)


def _extents(
    spec: Predicate, radius_px: float, phases: Sequence[Phase]
) -> list[tuple[tuple[float, float], Box]]:
    """Return a row and a column: the step between members, and the box their path needs."""
    n_steps = _given(spec.count) - 1
    part = spec.part or ""
    across = radius_px * (LARGEST_SCALE if set(RESIZES) & set(spec.actions) else 1.0)
    up, down = across * UP_EXTENT.get(part, 1.0), across * DOWN_EXTENT.get(part, 1.0)
    left, top, right, bottom = _path_box(phases)
    extents = []
    for step_x, step_y in ((2 * across + _GAP_PX, 0.0), (0.0, up + down + _GAP_PX)):
        box = (
            left - across,
            top - up,
            right + n_steps * step_x + across,
            bottom + n_steps * step_y + down,
        )
        extents.append(((step_x, step_y), box))
    return extents


def _members(
    start: tuple[float, float], step: tuple[float, float], count: int
) -> tuple[tuple[float, float], ...]:
    return tuple((start[0] + i * step[0], start[1] + i * step[1]) for i in range(count))


def _fit(rng: random.Random, extent: Box, region: Box) -> tuple[float, float] | None:
    """Draw an origin such that `extent` around it lies inside `region`, if there is any."""
    low_x, high_x = region[0] - extent[0], region[2] - extent[2]
    low_y, high_y = region[1] - extent[1], region[3] - extent[3]
    if low_x > high_x or low_y > high_y:
        return None
    return round(rng.uniform(low_x, high_x), 2), round(rng.uniform(low_y, high_y), 2)


def _path_box(phases: Sequence[Phase]) -> Box:
    x = y = 0.0
    xs, ys = [0.0], [0.0]
    for phase in phases:
        step_x, step_y = DIRECTIONS.get(phase.action, (0, 0))
        swing_x = SWING_PX * (phase.action == "shake")
        swing_y = SWING_PX * (phase.action == "bounce")
        xs += [x - swing_x, x + swing_x]
        ys += [y - swing_y, y + swing_y]
        x, y = x + step_x * phase.travel_px, y + step_y * phase.travel_px
        xs.append(x)
        ys.append(y)
    return min(xs), min(ys), max(xs), max(ys)
