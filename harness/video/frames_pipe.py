"""Frames through a pipe, so that hardly a byte of them is held at both of its ends."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from io import BufferedReader
from typing import BinaryIO, Final

import numpy as np

from rarft.harness.errors import VideoError
from rarft.harness.video.frames import Frames, about_frames

_PART_BYTES: Final = 1024**2


def send_frames(pipe: BinaryIO, frames: Frames) -> None:
    """Write frames, the last ones first, letting go of what is written.

    The pixels are of no more use afterwards.
    """
    pixels = frames.pixels
    pickle.dump((about_frames(frames), pixels.shape), pipe)
    may_shrink = pixels.flags.owndata and pixels.flags.writeable and pixels.flags.c_contiguous
    for first, end in _parts(pixels.shape):
        pipe.write(np.ascontiguousarray(pixels[first:end]).data)
        if may_shrink:
            pixels.resize((first, *pixels.shape[1:]), refcheck=False)
    pipe.flush()


def send_refusal(pipe: BinaryIO, error: VideoError) -> None:
    """Write why there are no frames."""
    pickle.dump(str(error), pipe)
    pipe.flush()


def receive_frames(pipe: BufferedReader) -> Frames:
    """Read what `send_frames` or `send_refusal` writes at the other end, which is trusted.

    Raises:
        VideoError: there are no frames, for the reason that came.
        EOFError, UnpicklingError: the pipe ended too soon.
    """
    said = pickle.load(pipe)
    if isinstance(said, str):
        raise VideoError(said)
    about, shape = said
    # Memory is taken as it is written to, from the end on.
    pixels = np.empty(shape, dtype=np.uint8)
    for first, end in _parts(shape):
        part = pixels[first:end]
        if pipe.readinto(part.data) < part.nbytes:
            raise EOFError("the pipe ended within the frames")
    return Frames(pixels=pixels, **about)


def _parts(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Yield from which frame to which one goes at once, the last ones first."""
    n_frames, height, width, depth = shape
    n_at_once = max(_PART_BYTES // (height * width * depth), 1)
    for end in range(n_frames, 0, -n_at_once):
        yield max(end - n_at_once, 0), end
