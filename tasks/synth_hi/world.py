"""The state of a synthetic video, in pixels and seconds: all that rendering and truth depend on.

A world is a chain of shots and a list of events. One event is a group of alike objects that
appears, acts and vanishes; events do not overlap in time. Times are multiples of half a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from rarft.tasks.synth_hi.vocabulary import Action, Colour, Part, Scene, Shape, Side, Size

FPS: Final = 8
SIDE_PX: Final = 112
LANDMARK_XY: Final = (56.0, 56.0)
LANDMARK_RADIUS_PX: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One action of a group; `travel_px` is the length of its path, 0 for gestures."""

    action: Action
    start_s: float
    end_s: float
    travel_px: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """The grey ball beside a group: at rest, or moving the same way during the first phase."""

    x: float
    y: float
    radius_px: float
    travel_px: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A group of alike objects, visible from `appear_s` to `vanish_s`.

    `members` are the centres at the beginning. `layout_seed` and `side` say how they were placed,
    so that a counterfactual can be placed the same way.
    """

    colour: Colour
    shape: Shape
    size: Size
    part: Part | None
    radius_px: float
    members: tuple[tuple[float, float], ...]
    phases: tuple[Phase, ...]
    appear_s: float
    vanish_s: float
    companion: Companion | None
    side: Side | None
    layout_seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A stretch of video with one background; consecutive shots meet in a cut."""

    scene: Scene
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A whole video. `target` is the index of the event that the relevant query describes."""

    duration_s: float
    shots: tuple[Shot, ...]
    events: tuple[Event, ...]
    landmark: bool
    target: int

    @property
    def n_frames(self) -> int:
        """Return the number of frames of the video."""
        return round(self.duration_s * FPS)

    def to_json(self) -> dict[str, Any]:
        """Return the world as a JSON object."""
        return asdict(self)


def world_from_json(row: Mapping[str, Any]) -> World:
    """Read what `World.to_json` wrote, also after it went through JSON text."""
    return World(
        duration_s=row["duration_s"],
        shots=tuple(Shot(**shot) for shot in row["shots"]),
        events=tuple(_event_from_json(event) for event in row["events"]),
        landmark=row["landmark"],
        target=row["target"],
    )


def _event_from_json(row: Mapping[str, Any]) -> Event:
    companion = row["companion"]
    changed = {
        "members": tuple((x, y) for x, y in row["members"]),
        "phases": tuple(Phase(**phase) for phase in row["phases"]),
        "companion": Companion(**companion) if companion else None,
    }
    return Event(**{**row, **changed})
