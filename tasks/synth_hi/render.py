"""Worlds as frames, and frames as H.264 files.

The same world gives the same bytes on one machine and one version of the libraries: one encoding
thread, no time stamps of the day in the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rarft.tasks.synth_hi.motion import Sprite, scene_at, sprites_at
from rarft.tasks.synth_hi.painting import (
    background,
    painted_ball,
    painted_landmark,
    painted_object,
)
from rarft.tasks.synth_hi.world import FPS, LANDMARK_XY, SIDE_PX, World

_ENCODER_OPTIONS = {"preset": "ultrafast", "crf": "20", "threads": "1"}


def paint_frame(world: World, time_s: float) -> NDArray[np.uint8]:
    """Paint the frame at an instant. Shape: (height, width, 3), RGB."""
    image = background(scene_at(world, time_s)).copy()
    if world.landmark:
        _paste(image, painted_landmark(), *LANDMARK_XY)
    for sprite in sprites_at(world, time_s):
        _paste(image, _picture(sprite), sprite.x, sprite.y)
    return np.asarray(image)


def paint_frames(world: World) -> Iterator[NDArray[np.uint8]]:
    """Paint every frame of a world in order."""
    return (paint_frame(world, index / FPS) for index in range(world.n_frames))


def write_video(world: World, path: Path) -> None:
    """Write a world as an mp4 file, which takes its name only when it is complete.

    Raises:
        OSError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    _encode(world, draft)
    draft.replace(path)


def _encode(world: World, path: Path) -> None:
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options=_ENCODER_OPTIONS)
        stream.width = stream.height = SIDE_PX
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        for frame in paint_frames(world):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _picture(sprite: Sprite) -> Image.Image:
    radius_px = round(sprite.radius_px * 4) / 4
    if sprite.shape is None or sprite.colour is None:
        return painted_ball(radius_px)
    return painted_object(sprite.shape, sprite.colour, sprite.part, radius_px)


def _paste(image: Image.Image, picture: Image.Image, x: float, y: float) -> None:
    corner = (round(x - picture.width / 2), round(y - picture.height / 2))
    image.paste(picture, corner, picture)
