"""What a lesson shows of a video: one object, one frame, one event, or all of it."""

from __future__ import annotations

import math
import random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rarft.tasks.synth_hi.motion import is_hidden, offset_at, scale_at
from rarft.tasks.synth_hi.world import FPS, Event
from rarft.tasks.synth_hi.world import SIDE_PX as WORLD_PX
from rarft.trainer.tiny.frames_pool import SIDE_PX, Scene

WINDOW_PX: Final = 28
"""What one token sees."""
MARGIN: Final = 1.5
"""How far from the middle of an object its hat or feet may reach, in radii."""


def draw_moment(rng: random.Random, scene: Scene, event: Event) -> tuple[int, float]:
    """Draw a frame that shows an event: its place among the sampled ones, and its time."""
    times_s = [index / FPS for index in scene.frame_indices]
    return rng.choice(
        [
            (place, time_s)
            for place, time_s in enumerate(times_s)
            if event.appear_s <= time_s < event.vanish_s and not is_hidden(event, time_s)
        ]
    )


def still(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a frame twice, as the two frames of one token. Shape: (2, height, width, 3)."""
    return np.repeat(frame[None], 2, axis=0)


def window(
    rng: random.Random, frame: NDArray[np.uint8], event: Event, time_s: float
) -> NDArray[np.uint8]:
    """Return the surroundings of one object of an event. Shape: (28, 28, 3)."""
    x, y = rng.choice(event.members)
    dx, dy = offset_at(event, time_s)
    reach = MARGIN * event.radius_px * scale_at(event, time_s)
    left, top = (_window_from(rng, middle, reach) for middle in (x + dx, y + dy))
    return frame[top : top + WINDOW_PX, left : left + WINDOW_PX]


def _window_from(rng: random.Random, middle: float, reach: float) -> int:
    """Draw where along one side a window begins that holds what reaches so far."""
    scale = SIDE_PX / WORLD_PX
    low = math.ceil((middle + reach) * scale) - WINDOW_PX
    high = math.floor((middle - reach) * scale)
    return min(max(rng.randint(min(low, high), high), 0), SIDE_PX - WINDOW_PX)


def event_frames(scene: Scene, event: Event) -> slice:
    """Return which of the sampled frames, pair by pair, an event's actions fall on."""
    start_s, end_s = event.phases[0].start_s, event.phases[-1].end_s
    inside = [
        place // 2
        for place, index in enumerate(scene.frame_indices)
        if start_s <= index / FPS < end_s
    ]
    return slice(2 * inside[0], 2 * inside[-1] + 2)
