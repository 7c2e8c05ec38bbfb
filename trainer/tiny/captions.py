"""Every event of a video, in a few words each: the notation that a tiny model thinks in."""

from __future__ import annotations

from dataclasses import replace

from rarft.tasks.synth_hi.build import spec_of
from rarft.tasks.synth_hi.motion import scene_at
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.semantics import size_at
from rarft.tasks.synth_hi.sentences import NUMBER_WORDS, SCENE_WORDS
from rarft.tasks.synth_hi.vocabulary import SPEED_COMPARISONS, Action
from rarft.tasks.synth_hi.world import Event, World


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
        actions=(),
        size=None if resizes else spec.size,
        comparison=None if spec.comparison in SPEED_COMPARISONS else spec.comparison,
        scene=scene_at(world, time_s),
    )


def caption_event(spec: Predicate, *, names_colour: bool = True) -> str:
    """Return an event, or what a query claims, in a few words.

    The action comes first and the colour last of the three that the splits tell apart: what is
    written first cannot be guessed from the rest.

    Example:
        >>> caption_event(Predicate(colour="red", shape="star", actions=("left", "blink"), count=2,
        ...                         size="small", part="hat", side="above", scene="sand"))
        'left then blink two small star red hat above dot on sand'
    """
    words = [
        " then ".join(spec.actions),
        NUMBER_WORDS[spec.count] if spec.count else "",
        spec.size or "",
        spec.shape,
        spec.colour if names_colour else "",
        spec.part or "",
        f"{spec.side} dot" if spec.side else "",
        spec.comparison or "",
        _place(spec),
    ]
    return " ".join(word for word in words if word)


def _place(spec: Predicate) -> str:
    if spec.transition:
        first, second = (SCENE_WORDS[scene] for scene in spec.transition)
        return f"from {first} to {second}"
    return f"on {SCENE_WORDS[spec.scene]}" if spec.scene else ""


def caption_video(world: World, *, names_colours: bool = True, is_mirrored: bool = False) -> str:
    """Return one line for each event: its times in seconds, and the event."""
    specs = [describe(world, event) for event in world.events]
    return "\n".join(
        caption_line(event, mirrored(spec) if is_mirrored else spec, names_colour=names_colours)
        for event, spec in zip(world.events, specs, strict=True)
    )


def mirrored(spec: Predicate) -> Predicate:
    """Return what a mirror shows: left and right change places.

    Example:
        >>> seen = Predicate(colour="red", shape="star", actions=("left", "blink"), side="above")
        >>> mirrored(seen).actions, mirrored(seen).side
        (('right', 'blink'), 'above')
    """
    actions: tuple[Action, ...] = tuple(
        "right" if one == "left" else "left" if one == "right" else one for one in spec.actions
    )
    side = spec.side
    if side in ("left", "right"):
        side = "right" if side == "left" else "left"
    return replace(spec, actions=actions, side=side)


def caption_line(event: Event, spec: Predicate, *, names_colour: bool = True) -> str:
    """Return the times of an event and the event."""
    times = f"{event.phases[0].start_s:.1f} to {event.phases[-1].end_s:.1f}"
    return f"{times} {caption_event(spec, names_colour=names_colour)}"
