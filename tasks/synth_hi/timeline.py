"""When events happen and which shot each of them is in, in units of half a second.

Every boundary lies on the half-second grid, so that it coincides with a frame sampled at 2 fps.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.vocabulary import SCENES, Action, Scene
from rarft.tasks.synth_hi.world import Shot

MIN_UNITS: Final = 20
MAX_UNITS: Final = 28
"""Shortest and longest video, in half seconds."""
_MAX_ACTION_UNITS: Final = 7
_MAX_STEP_UNITS: Final = 5
_MAX_GAP_UNITS: Final = 4


@dataclass(frozen=True, slots=True)
class Timing:
    """When a group is visible, and when each of its actions happens."""

    appear_s: float
    phases: tuple[tuple[float, float], ...]
    vanish_s: float


@dataclass(slots=True)
class _Slots:
    """Lengths being grown: gap before, stillness, actions, stillness; per event."""

    gap: int
    lead: int
    actions: list[int]
    tail: int

    @property
    def total(self) -> int:
        """Return the sum of all lengths."""
        return self.gap + self.lead + sum(self.actions) + self.tail


def schedule(
    rng: random.Random, specs: Sequence[Predicate]
) -> tuple[float, list[Timing], tuple[Shot, ...]] | None:
    """Lay events out in the given order; None when they do not fit the longest video.

    Returns the duration in seconds, a timing for every event, and the shots.
    """
    scenes = _scenes_of(rng, specs)
    slots = []
    for index, spec in enumerate(specs):
        has_cut = index > 0 and scenes[index - 1][1] != scenes[index][0]
        slots.append(
            _Slots(
                gap=0 if index == 0 else 1 + has_cut,
                lead=0,
                actions=[_least_units(rng, action, len(spec.actions)) for action in spec.actions],
                tail=0,
            )
        )
    shortest = sum(slot.total for slot in slots)
    if shortest > MAX_UNITS:
        return None
    n_units = rng.randint(max(MIN_UNITS, shortest), MAX_UNITS)
    _grow(rng, specs, slots, n_units - shortest)
    timings = _timings(slots)
    return n_units / 2, timings, _shots(rng, timings, scenes, n_units / 2)


def least_units(specs: Sequence[Predicate]) -> int:
    """Return a bound from above on the half seconds that these events need at the least."""
    return sum(2 + (5 if len(spec.actions) == 1 else 6) for spec in specs)


def _scenes_of(rng: random.Random, specs: Sequence[Predicate]) -> list[tuple[Scene, Scene]]:
    """Return the first and the last scene of every event."""
    scenes: list[tuple[Scene, Scene]] = []
    current: Scene = rng.choice(SCENES)
    for spec in specs:
        if spec.transition:
            scenes.append(spec.transition)
        elif spec.scene:
            scenes.append((spec.scene, spec.scene))
        else:
            current = current if rng.random() < 0.5 else rng.choice(SCENES)
            scenes.append((current, current))
        current = scenes[-1][1]
    return scenes


def _least_units(rng: random.Random, action: Action, n_actions: int) -> int:
    """Return a shortest length; blinking has odd ones, to begin and end visibly."""
    if n_actions > 1:
        return 3
    return rng.choice((5, 7)) if action == "blink" else 4


def _grow(
    rng: random.Random, specs: Sequence[Predicate], slots: Sequence[_Slots], n_spare: int
) -> None:
    """Hand spare units out at random; what nobody can take stays behind the last event."""
    chances = [
        (index, place)
        for index, spec in enumerate(specs)
        for place in ("gap", "lead", "tail", *range(len(spec.actions)))
    ]
    for _ in range(4 * n_spare):
        if n_spare == 0:
            return
        index, place = rng.choice(chances)
        n_spare -= _grow_one(specs[index], slots[index], place)


def _grow_one(spec: Predicate, slots: _Slots, place: str | int) -> int:
    """Lengthen one part of one event by a unit if it may be longer; return the units taken."""
    if isinstance(place, int):
        limit = _MAX_ACTION_UNITS if len(spec.actions) == 1 else _MAX_STEP_UNITS
        if spec.actions[place] == "blink" or slots.actions[place] >= limit:
            return 0
        slots.actions[place] += 1
        return 1
    neighbour = {"lead": spec.actions[0], "tail": spec.actions[-1]}.get(place)
    limit = _MAX_GAP_UNITS if place == "gap" else int(neighbour != "blink")
    length: int = getattr(slots, place)
    if length >= limit:
        return 0
    setattr(slots, place, length + 1)
    return 1


def _timings(slots: Sequence[_Slots]) -> list[Timing]:
    timings = []
    clock = 0
    for slot in slots:
        appear = clock + slot.gap
        clock = appear + slot.lead
        phases = []
        for length in slot.actions:
            phases.append((clock / 2, (clock + length) / 2))
            clock += length
        clock += slot.tail
        timings.append(Timing(appear / 2, tuple(phases), clock / 2))
    return timings


def _shots(
    rng: random.Random,
    timings: Sequence[Timing],
    scenes: Sequence[tuple[Scene, Scene]],
    duration_s: float,
) -> tuple[Shot, ...]:
    shots: list[Shot] = []
    start_s = 0.0
    scene = scenes[0][0]
    before_s = 0.0
    for timing, (first, last) in zip(timings, scenes, strict=True):
        gap = (before_s, timing.appear_s)
        action = (timing.phases[0][0], timing.phases[-1][1])
        for following, room in ((first, gap), (last, action)):
            if following != scene:
                cut_s = _cut_inside(rng, *room)
                shots.append(Shot(scene=scene, start_s=start_s, end_s=cut_s))
                scene, start_s = following, cut_s
        before_s = timing.vanish_s
    shots.append(Shot(scene=scene, start_s=start_s, end_s=duration_s))
    return tuple(shots)


def _cut_inside(rng: random.Random, start_s: float, end_s: float) -> float:
    """Draw a half second strictly between two others."""
    return rng.randint(round(start_s * 2) + 1, round(end_s * 2) - 1) / 2
