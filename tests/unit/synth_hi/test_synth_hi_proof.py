"""Labels proved from what is visible, by an observer that shares no code with `holds`.

The observer knows the sprites and the background of every frame and nothing else: it reads
actions off positions, sizes and visibility, and checks claims frame by frame.
"""

import random
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.tasks.synth_hi.build import (
    build_world,
    counterfactual,
    counterfactual_claims,
    spec_of,
)
from rarft.tasks.synth_hi.dataset import make_record
from rarft.tasks.synth_hi.edits import edit_slot, editable_slots
from rarft.tasks.synth_hi.motion import scene_at, sprites_at
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.render import paint_frame
from rarft.tasks.synth_hi.semantics import holds
from rarft.tasks.synth_hi.vocabulary import ACTIONS, SPLITS

FPS = 8
WINDOW = 4
MIDDLE_PX = 56.0
PART_REACH = {"hat": (1.3, 1.0), "feet": (1.0, 1.3)}


def observe(world, claim: Predicate) -> list[tuple[float, float]]:
    """Return the spans, in seconds, on which the claim is seen to be true."""
    tracks = defaultdict(dict)
    for frame in range(world.n_frames):
        for sprite in sprites_at(world, frame / FPS):
            tracks[sprite.event].setdefault(frame, []).append(sprite)
    spans = []
    for track in tracks.values():
        segments = observed_segments(track)
        for first in range(len(segments)):
            chosen = segments[first : first + len(claim.actions)]
            if tuple(action for action, _, _ in chosen) != claim.actions:
                continue
            if any(a[2] != b[1] for a, b in pairwise(chosen)):
                continue
            start, end = chosen[0][1], chosen[-1][2]
            if claim_is_seen(world, track, claim, range(start, end)):
                spans.append((start / FPS, end / FPS))
    return sorted(spans)


def observed_segments(track) -> list[tuple[str, int, int]]:
    """Return (action, first frame, frame after the last) in order, stillness left out."""
    first, last = min(track), max(track)
    windows = [(observed_action(track, start), start) for start in range(first, last + 1, WINDOW)]
    segments: list[list] = []
    for action, start in windows:
        if segments and segments[-1][0] == action:
            segments[-1][2] = start + WINDOW
        else:
            segments.append([action, start, start + WINDOW])
    return [tuple(s) for s in join_blinks(segments) if s[0] != "still"]


def join_blinks(segments: list[list]) -> list[list]:
    """Stillness that touches absence is blinking."""
    joined: list[list] = []
    for index, (action, start, end) in enumerate(segments):
        neighbours = segments[max(index - 1, 0) : index + 2]
        if action == "absent" or (action == "still" and any(s[0] == "absent" for s in neighbours)):
            action = "blink"
        if joined and joined[-1][0] == action == "blink":
            joined[-1][2] = end
        else:
            joined.append([action, start, end])
    return joined


def observed_action(track, start: int) -> str:
    states = []
    for frame in range(start, start + WINDOW):
        members = [s for s in track.get(frame, []) if s.member >= 0]
        if not members:
            return "absent"
        states.append((members[0].x, members[0].y, members[0].radius_px))
    dx, dy, dr = np.diff(np.array(states), axis=0).T.round(6)
    if dr.any():
        return "grow" if dr[0] > 0 else "shrink"
    if not (dx.any() or dy.any()):
        return "still"
    moved, lower, higher = (dx, "left", "right") if dx.any() else (dy, "up", "down")
    if np.ptp(moved) > 1e-3:
        return "shake" if dx.any() else "bounce"
    return lower if moved[0] < 0 else higher


def claim_is_seen(world, track, claim: Predicate, frames: range) -> bool:
    scenes = [scene_at(world, frame / FPS) for frame in frames]
    if claim.scene and set(scenes) != {claim.scene}:
        return False
    if claim.transition and claim.transition not in set(pairwise(scenes)):
        return False
    visible = [[s for s in track.get(frame, []) if s.member >= 0] for frame in frames]
    visible = [group for group in visible if group]
    everyone = [sprite for group in visible for sprite in group]
    if any((s.colour, s.shape) != (claim.colour, claim.shape) for s in everyone):
        return False
    if claim.count is not None and {len(group) for group in visible} != {claim.count}:
        return False
    if claim.part is not None and any(s.part != claim.part for s in everyone):
        return False
    if claim.size is not None and (everyone[0].radius_px > 10) != (claim.size == "large"):
        return False
    if claim.side is not None and not side_is_seen(world, everyone, claim.side):
        return False
    balls = [s for frame in frames for s in track.get(frame, []) if s.member == -1]
    return claim.comparison is None or comparison_is_seen(visible, balls, claim.comparison)


def side_is_seen(world, sprites, side: str) -> bool:
    reaches = [PART_REACH.get(s.part, (1.0, 1.0)) for s in sprites]
    clear = {
        "left": [s.x + s.radius_px < MIDDLE_PX for s in sprites],
        "right": [s.x - s.radius_px > MIDDLE_PX for s in sprites],
        "above": [
            s.y + s.radius_px * down < MIDDLE_PX
            for s, (_, down) in zip(sprites, reaches, strict=True)
        ],
        "below": [
            s.y - s.radius_px * up > MIDDLE_PX for s, (up, _) in zip(sprites, reaches, strict=True)
        ],
    }
    return world.landmark and all(clear[side])


def comparison_is_seen(visible, balls, comparison: str) -> bool:
    if not balls:
        return False
    if comparison in ("larger", "smaller"):
        mine, other = visible[0][0].radius_px, balls[0].radius_px
    else:
        ends = (visible[0][0], visible[-1][0]), (balls[0], balls[-1])
        mine, other = (abs(b.x - a.x) + abs(b.y - a.y) for a, b in ends)
        if other == 0:
            return False
    ratio = mine / other
    return ratio > 1.2 if comparison in ("larger", "faster") else ratio < 1 / 1.2


@settings(max_examples=250)
@given(seed=st.integers(0, 10**9), split=st.sampled_from(SPLITS))
def test_relevant_query_is_seen_on_its_span_only_and_irrelevant_query_nowhere(seed, split):
    example = make_record(0, seed=seed, split=split)
    span = (example.span.start_s, example.span.end_s)
    assert observe(example.world, example.relevant) == [span]
    assert observe(example.world, example.irrelevant) == []


@settings(max_examples=60)
@given(seed=st.integers(0, 10**9))
def test_holds_agrees_with_the_observer_on_claims_about_every_event(seed):
    example = make_record(0, seed=seed, split="train")
    rng = random.Random(seed)
    for event in example.world.events:
        full = spec_of(event)
        dropped = rng.sample(["count", "size", "part", "side", "comparison"], 3)
        if set(full.actions) & {"grow", "shrink"}:
            dropped += ["size", "comparison"]
        claim = replace(full, **dict.fromkeys(dropped), actions=full.actions[:1])
        other = edit_slot(claim, rng.choice(editable_slots(claim)), rng=rng, actions=ACTIONS)
        for either in (claim, other):
            truth = [(span.start_s, span.end_s) for span in holds(example.world, either)]
            assert observe(example.world, either) == truth


@settings(max_examples=40)
@given(seed=st.integers(0, 10**9))
def test_either_member_of_a_pair_can_be_the_true_one(seed):
    example = make_record(0, seed=seed, split="test")
    swapped = build_world(
        random.Random(seed),
        relevant=example.irrelevant,
        irrelevant=example.relevant,
        split="test",
    )
    assert len(observe(swapped, example.irrelevant)) == 1
    assert observe(swapped, example.relevant) == []


@settings(max_examples=50)
@given(seed=st.integers(0, 10**9))
def test_each_edit_alone_and_all_together_change_pixels_of_a_sampled_frame(seed):
    example = make_record(0, seed=seed, split="test")
    shown = example.world
    times_s = np.arange(example.span.start_s, example.span.end_s, 0.5)
    before = [paint_frame(shown, time_s) for time_s in times_s]
    for claim in counterfactual_claims(example.relevant, example.irrelevant):
        other = counterfactual(shown, claim)
        assert holds(other, claim), "the counterfactual world makes the claim true"
        after = [paint_frame(other, time_s) for time_s in times_s]
        assert any((a != b).any() for a, b in zip(before, after, strict=True))


def test_observer_reads_stillness_beside_absence_as_blinking():
    assert join_blinks([["still", 0, 4], ["left", 4, 12]])[0] == ["still", 0, 4]
    assert join_blinks([["still", 0, 4], ["absent", 4, 8], ["still", 8, 12]]) == [["blink", 0, 12]]
