"""What is visible where at an instant: the low-level state that is painted.

Oscillating actions have a period of one second and hold their extremes, so that two frames per
second alternate between them whatever the phase of sampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rarft.tasks.synth_hi.vocabulary import DIRECTIONS, Colour, Part, Scene, Shape
from rarft.tasks.synth_hi.world import FPS, Companion, Event, World

SWING_PX: Final = 5.0
SMALLEST_SCALE: Final = 0.6
LARGEST_SCALE: Final = 1.2
_SWING: Final = (1.0, 1.0, 1.0, 0.4, -1.0, -1.0, -1.0, -0.4)


@dataclass(frozen=True, slots=True)
class Sprite:
    """One painted object. `member` is its index in the group, or -1 for the grey ball."""

    event: int
    member: int
    colour: Colour | None
    shape: Shape | None
    part: Part | None
    radius_px: float
    x: float
    y: float


def scene_at(world: World, time_s: float) -> Scene:
    """Return the background at an instant."""
    return next(shot.scene for shot in world.shots if shot.start_s <= time_s < shot.end_s)


def sprites_at(world: World, time_s: float) -> list[Sprite]:
    """Return everything that is visible at an instant, besides background and landmark."""
    sprites: list[Sprite] = []
    for index, event in enumerate(world.events):
        if event.appear_s <= time_s < event.vanish_s:
            sprites += _sprites_of(event, index, time_s)
    return sprites


def _sprites_of(event: Event, index: int, time_s: float) -> Iterator[Sprite]:
    if event.companion:
        x, y = _companion_xy(event, event.companion, time_s)
        yield Sprite(index, -1, None, None, None, event.companion.radius_px, x, y)
    if not is_hidden(event, time_s):
        dx, dy = offset_at(event, time_s)
        radius_px = event.radius_px * scale_at(event, time_s)
        look = (event.colour, event.shape, event.part, radius_px)
        for member, (x, y) in enumerate(event.members):
            yield Sprite(index, member, *look, x + dx, y + dy)


def is_hidden(event: Event, time_s: float) -> bool:
    """Say whether a blinking group is invisible at an instant: every second half second."""
    return any(
        phase.action == "blink"
        and phase.start_s <= time_s < phase.end_s
        and int((time_s - phase.start_s) * 2) % 2 == 1
        for phase in event.phases
    )


def offset_at(event: Event, time_s: float) -> tuple[float, float]:
    """Return how far the group is from where it appeared, in pixels."""
    dx = dy = 0.0
    for phase in event.phases:
        done = _progress(phase.start_s, phase.end_s, time_s)
        if phase.action in DIRECTIONS:
            step_x, step_y = DIRECTIONS[phase.action]
            dx += step_x * phase.travel_px * done
            dy += step_y * phase.travel_px * done
        elif phase.start_s <= time_s < phase.end_s:
            swing = SWING_PX * _SWING[int((time_s - phase.start_s) * FPS) % len(_SWING)]
            dx += swing * (phase.action == "shake")
            dy += swing * (phase.action == "bounce")
    return dx, dy


def scale_at(event: Event, time_s: float) -> float:
    """Return the size of the group's objects relative to `radius_px`."""
    scale: float | None = None
    for phase in event.phases:
        if phase.action not in ("grow", "shrink"):
            continue
        ends = (SMALLEST_SCALE, LARGEST_SCALE)
        before, after = ends if phase.action == "grow" else ends[::-1]
        if scale is None or time_s >= phase.start_s:
            done = _progress(phase.start_s, phase.end_s, time_s)
            scale = before + (after - before) * done
    return 1.0 if scale is None else scale


def _companion_xy(event: Event, companion: Companion, time_s: float) -> tuple[float, float]:
    first = event.phases[0]
    step_x, step_y = DIRECTIONS.get(first.action, (0, 0))
    path_px = companion.travel_px * _progress(first.start_s, first.end_s, time_s)
    return companion.x + step_x * path_px, companion.y + step_y * path_px


def _progress(start_s: float, end_s: float, time_s: float) -> float:
    return min(max((time_s - start_s) / (end_s - start_s), 0.0), 1.0)
