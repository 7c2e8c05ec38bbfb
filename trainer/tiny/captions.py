"""What a tiny model writes before it answers: every event of a video, in a few words each.

The words are those of the queries, so that comparing a query with a caption is comparing words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from rarft.tasks.synth_hi.build import spec_of
from rarft.tasks.synth_hi.motion import scene_at
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.semantics import size_at
from rarft.tasks.synth_hi.sentences import NUMBER_WORDS, SCENE_WORDS, shape_words
from rarft.tasks.synth_hi.vocabulary import SPEED_COMPARISONS, Part, Side
from rarft.tasks.synth_hi.world import Event, World

_PART_WORDS: Final[Mapping[Part, str]] = {
    "stripe": "with stripe",
    "spot": "with spot",
    "hat": "with hat",
    "feet": "with feet",
}
_SIDE_WORDS: Final[Mapping[Side, str]] = {
    "left": "left of dot",
    "right": "right of dot",
    "above": "above dot",
    "below": "below dot",
}


def describe(world: World, event: Event) -> Predicate:
    """Return everything that can be claimed of an event, with the scenes of its actions."""
    start_s, end_s = event.phases[0].start_s, event.phases[-1].end_s
    scenes = [s.scene for s in world.shots if s.start_s < end_s and start_s < s.end_s]
    return replace(
        spec_of(event),
        size=size_at(event, start_s),
        scene=scenes[0] if len(scenes) == 1 else None,
        transition=(scenes[0], scenes[1]) if len(scenes) == 2 else None,
    )


def describe_still(world: World, event: Event, time_s: float) -> Predicate:
    """Return what one frame shows of an event; what changes with time is left out."""
    resizes = {"grow", "shrink"} & {phase.action for phase in event.phases}
    spec = spec_of(event)
    return replace(
        spec,
        size=None if resizes else spec.size,
        comparison=None if spec.comparison in SPEED_COMPARISONS else spec.comparison,
        scene=scene_at(world, time_s),
    )


def caption_event(spec: Predicate, *, names_actions: bool = True, names_colour: bool = True) -> str:
    """Return an event in a few words.

    The action comes first and the colour last of the three that the splits tell apart: what is
    written first cannot be guessed from the rest.

    Example:
        >>> caption_event(Predicate(colour="red", shape="star", actions=("left", "blink"), count=2,
        ...                         size="small", part="hat", side="above", scene="sand"))
        'left then blink two small stars red with hat above dot on sand'
    """
    words = [
        " then ".join(spec.actions) if names_actions else "",
        NUMBER_WORDS[spec.count] if spec.count else "",
        spec.size or "",
        shape_words(spec),
        spec.colour if names_colour else "",
        _PART_WORDS[spec.part] if spec.part else "",
        _SIDE_WORDS[spec.side] if spec.side else "",
        f"{spec.comparison} than ball" if spec.comparison else "",
        _place(spec),
    ]
    return " ".join(word for word in words if word)


def _place(spec: Predicate) -> str:
    if spec.transition:
        first, second = (SCENE_WORDS[scene] for scene in spec.transition)
        return f"from {first} to {second}"
    return f"on {SCENE_WORDS[spec.scene]}" if spec.scene else ""


def caption_video(world: World, *, names_colours: bool = True) -> str:
    """Return one line for each event: its times in seconds, and the event."""
    return "\n".join(
        f"{event.phases[0].start_s:.1f} to {event.phases[-1].end_s:.1f} "
        f"{caption_event(describe(world, event), names_colour=names_colours)}"
        for event in world.events
    )
