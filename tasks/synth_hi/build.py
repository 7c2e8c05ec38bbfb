"""Worlds in which one predicate of a pair is true once and the other nowhere.

Only the world is drawn again until it is accepted, never the pair nor the coin that chose which
member is shown; so acceptance cannot tie the text to the label.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from rarft.tasks.synth_hi.combinations import actions_of, is_in_split
from rarft.tasks.synth_hi.edits import apply_edit, edit_slot, editable_slots, edits_between
from rarft.tasks.synth_hi.layout import LayoutError, place
from rarft.tasks.synth_hi.motion import scene_at, sprites_at
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.semantics import holds
from rarft.tasks.synth_hi.timeline import MAX_UNITS, Timing, least_units, schedule
from rarft.tasks.synth_hi.vocabulary import (
    ACTIONS,
    COLOURS,
    PARTS,
    RESIZES,
    SHAPES,
    SIDES,
    SIZE_COMPARISONS,
    SIZES,
    Action,
    Split,
)
from rarft.tasks.synth_hi.world import Event, Shot, World

MAX_DRAFTS: Final = 2_000
_NEAR_TRIES: Final = 40


def build_world(
    rng: random.Random, *, relevant: Predicate, irrelevant: Predicate, split: Split
) -> World:
    """Draw a world where `relevant` is true on one span and `irrelevant` on none.

    Raises:
        RuntimeError: no draft was accepted, which means that the vocabulary has a hole.
    """
    for _ in range(MAX_DRAFTS):
        try:
            world = _draft(rng, relevant, irrelevant, split)
            if world and _is_accepted(world, relevant, irrelevant):
                return world
        except LayoutError:
            continue
    raise RuntimeError(f"no world in {MAX_DRAFTS} drafts for {relevant = } and {irrelevant = }")


def counterfactual(world: World, claim: Predicate) -> World:
    """Return the world with its target event changed as little as makes the claim true.

    Raises:
        LayoutError: the changed event does not fit the frame.
    """
    event = world.events[world.target]
    timing = Timing(
        event.appear_s, tuple((p.start_s, p.end_s) for p in event.phases), event.vanish_s
    )
    shown = spec_of(event)
    claimed = {
        slot: getattr(claim, slot)
        for slot in ("colour", "shape", "actions", "count", "size", "part", "side", "comparison")
        if getattr(claim, slot) is not None
    }
    spec = replace(shown, **claimed)
    changed = event if spec == shown else place(spec, timing, layout_seed=event.layout_seed)
    events = tuple(changed if i == world.target else e for i, e in enumerate(world.events))
    return replace(world, events=events, shots=_claimed_shots(world, event, claim))


def spec_of(event: Event) -> Predicate:
    """Return the full description from which an event was placed."""
    return Predicate(
        colour=event.colour,
        shape=event.shape,
        actions=tuple(phase.action for phase in event.phases),
        count=len(event.members),
        size=event.size,
        part=event.part,
        side=event.side,
        comparison=_comparison_of(event),
    )


def _comparison_of(event: Event) -> Any:
    ball = event.companion
    if ball is None:
        return None
    if ball.travel_px:
        return "faster" if event.phases[0].travel_px > ball.travel_px else "slower"
    return "larger" if event.radius_px > ball.radius_px else "smaller"


def _claimed_shots(world: World, event: Event, claim: Predicate) -> tuple[Shot, ...]:
    start_s, end_s = event.phases[0].start_s, event.phases[-1].end_s
    inside = [s for s in world.shots if s.start_s < end_s and start_s < s.end_s]
    scenes: dict[Shot, Any] = {}
    if claim.scene:
        scenes = dict.fromkeys(inside, claim.scene)
    elif claim.transition:
        scenes = dict(zip(inside, claim.transition, strict=True))
    return tuple(replace(shot, scene=scenes.get(shot, shot.scene)) for shot in world.shots)


def _draft(
    rng: random.Random, relevant: Predicate, irrelevant: Predicate, split: Split
) -> World | None:
    can_resize = relevant.size is None and relevant.comparison is None
    actions = [a for a in ACTIONS if can_resize or a not in RESIZES]
    has_landmark = relevant.side is not None or (
        relevant.comparison is None and rng.random() < 0.25
    )
    pair = (relevant, irrelevant)
    claims = [
        relevant,
        _near_miss(rng, irrelevant, pair, split, actions),
        _near_miss(rng, rng.choice(pair), pair, split, actions),
    ]
    specs = [_fill(rng, claim, has_landmark, is_target=claim is relevant) for claim in claims]
    stranger = _fill(rng, _stranger(rng, split, actions), has_landmark, is_target=False)
    if rng.random() < 0.5 and least_units([*specs, stranger]) <= MAX_UNITS:
        specs.append(stranger)
    order = rng.sample(range(len(specs)), len(specs))
    specs = [specs[index] for index in order]
    scheduled = schedule(rng, specs)
    if scheduled is None:
        return None
    duration_s, timings, shots = scheduled
    events = tuple(
        place(spec, timing, layout_seed=rng.randrange(2**31))
        for spec, timing in zip(specs, timings, strict=True)
    )
    return World(
        duration_s=duration_s,
        shots=shots,
        events=events,
        landmark=has_landmark,
        target=order.index(0),
    )


def _near_miss(
    rng: random.Random,
    base: Predicate,
    pair: tuple[Predicate, Predicate],
    split: Split,
    actions: Sequence[Action],
) -> Predicate:
    """Edit `base` so that it keeps as much as it can of what tells the pair apart.

    Slots in which the pair agrees are edited first, so that the values of both queries are seen
    in the video and the absence of a value gives nothing away.
    """
    differing = {edit.slot for edit in edits_between(*pair)}
    slots = [slot for slot in editable_slots(base) if slot not in ("scene", "transition")]
    rng.shuffle(slots)
    slots.sort(key=lambda slot: slot in differing)
    for slot in slots:
        try:
            claim = edit_slot(base, slot, rng=rng, actions=actions)
        except IndexError:
            continue
        if claim not in pair and is_in_split(split, claim.colour, claim.shape, claim.actions):
            return claim
    for _ in range(_NEAR_TRIES):
        look = _stranger(rng, split, actions)
        claim = replace(base, colour=look.colour, shape=look.shape, actions=look.actions)
        is_speed = base.comparison in ("faster", "slower")
        if not (is_speed and look.actions[0] not in ("left", "right", "up", "down")):
            return claim
    return base


def _stranger(rng: random.Random, split: Split, actions: Sequence[Action]) -> Predicate:
    """Draw an event of the split that has nothing to do with the pair."""
    while True:
        colour, shape = rng.choice(COLOURS), rng.choice(SHAPES)
        owned = [action for action in actions_of(split, colour, shape) if action in actions]
        if owned:
            n_actions = 2 if len(owned) > 1 and rng.random() < 0.25 else 1
            return Predicate(
                colour=colour, shape=shape, actions=tuple(rng.sample(owned, n_actions))
            )


def _fill(
    rng: random.Random, claim: Predicate, has_landmark: bool, *, is_target: bool
) -> Predicate:
    """Decide everything the claim leaves open; None then means absent."""
    resizes = bool(set(RESIZES) & set(claim.actions))
    count = claim.count or (1 if is_target else rng.choice((1, 1, 1, 1, 2, 3)))
    size = "large" if resizes else claim.size or rng.choice(SIZES)
    part = claim.part or (rng.choice(PARTS) if rng.random() < 0.3 else None)
    side = claim.side or (rng.choice(SIDES) if has_landmark else None)
    comparison = claim.comparison
    if not (comparison or has_landmark or resizes) and rng.random() < 0.15:
        comparison = rng.choice(SIZE_COMPARISONS)
    return replace(claim, count=count, size=size, part=part, side=side, comparison=comparison)


def _is_accepted(world: World, relevant: Predicate, irrelevant: Predicate) -> bool:
    event = world.events[world.target]
    whole = (event.phases[0].start_s, event.phases[-1].end_s)
    spans = holds(world, relevant)
    if [(span.start_s, span.end_s) for span in spans] != [whole] or holds(world, irrelevant):
        return False
    return all(
        _is_visible(world, counterfactual(world, claim))
        for claim in counterfactual_claims(relevant, irrelevant)
    )


def counterfactual_claims(relevant: Predicate, irrelevant: Predicate) -> list[Predicate]:
    """Return the claims with each edit alone made, and with all of them made."""
    edits = edits_between(relevant, irrelevant)
    alone = [apply_edit(relevant, edit) for edit in edits]
    return alone if len(edits) == 1 else [*alone, irrelevant]


def _is_visible(world: World, other: World) -> bool:
    """Say whether two worlds differ at an instant that is sampled at 2 fps."""
    event = world.events[world.target]
    times = [unit / 2 for unit in range(round(event.appear_s * 2), round(event.vanish_s * 2))]
    return any(
        sprites_at(world, time_s) != sprites_at(other, time_s)
        or scene_at(world, time_s) != scene_at(other, time_s)
        for time_s in times
    )
