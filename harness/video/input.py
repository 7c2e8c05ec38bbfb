"""What stands where a query's video belongs: the video, black frames, or another video.

A model that answers a black or a foreign video as well as the right one has not watched it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import numpy as np

from rarft.harness.errors import UserError
from rarft.harness.video.frames import Frames

VideoInput = Literal["shown", "black", "other"]


def blacken(frames: Frames) -> Frames:
    """Return as many black frames of the same size at the same times."""
    return replace(frames, pixels=np.zeros(frames.pixels.shape, dtype=np.uint8))


def other_videos(videos: Iterable[str], *, seed: int, task: str) -> dict[str, str]:
    """Return for each distinct video of a task another one, never itself.

    The videos are shuffled into one ring and each gives way to the next. The ring depends on the
    seed, the task and the set of its videos, so that a limited run shows what the whole one does.

    Raises:
        UserError: the task has one video only.

    Example:
        >>> ring = other_videos(["a.mp4", "b.mp4", "a.mp4"], seed=0, task="t")
        >>> ring["a.mp4"], ring["b.mp4"]
        ('b.mp4', 'a.mp4')
    """
    ring = sorted(set(videos))
    if len(ring) < 2:
        raise UserError(
            f"got --video_input other for task {task}, whose queries are all about one video, "
            "expected two videos or more; use --video_input black"
        )
    random.Random(f"{seed}\n{task}").shuffle(ring)
    return dict(zip(ring, (*ring[1:], ring[0]), strict=True))
