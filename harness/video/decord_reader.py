"""Read frames with decord, the decoder of the paper's code, where PyAV fails on a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarft.harness.video.reader import DecodeError, VideoInfo, decoding_threads
from rarft.harness.video.resize import resize_frame

# Full-size frames held at once: 768 frames of 1080p would take 5 GB.
_CHUNK_FRAMES = 16


@contextmanager
def open_decord(path: Path) -> Iterator[DecordVideo]:
    """Open a file; a failure while reading it is a DecodeError too.

    Raises:
        DecodeError: decord cannot open or read the file.
    """
    import decord

    decord.logging.set_level(decord.logging.QUIET)
    try:
        yield DecordVideo(
            decord.VideoReader(str(path), ctx=decord.cpu(0), num_threads=decoding_threads())
        )
    # decord takes paths in UTF-8 only; PyAV takes any.
    except (decord.DECORDError, RuntimeError, IndexError, OSError, UnicodeEncodeError) as error:
        raise DecodeError(_reason(error, path)) from error


def _reason(error: BaseException, path: Path) -> str:
    """Return the first line of a native error without the source position and the folder."""
    lines = str(error).splitlines() or [type(error).__name__]
    said = re.sub(r"\[[\d:]+\] \S+\.cc:\d+: ", "", lines[0])
    return said.replace(str(path), path.name)


class DecordVideo:
    """One file open in decord."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        n_frames = len(reader)
        height, width = reader[0].shape[:2] if n_frames else (0, 0)
        self.info = VideoInfo(
            fps=float(reader.get_avg_fps()),
            n_frames=n_frames,
            height=int(height),
            width=int(width),
            decoder="decord",
        )

    def read(
        self, indices: Sequence[int], *, height: int | None = None, width: int | None = None
    ) -> NDArray[np.uint8]:
        """Return the frames of ascending indices. Shape: (n_indices, height, width, 3)."""
        size = (height or self.info.height, width or self.info.width)
        pixels = np.empty((len(indices), *size, 3), dtype=np.uint8)
        for start in range(0, len(indices), _CHUNK_FRAMES):
            frames = self._reader.get_batch(indices[start : start + _CHUNK_FRAMES]).asnumpy()
            for place, frame in enumerate(frames, start):
                pixels[place] = resize_frame(frame, height=size[0], width=size[1])
        return pixels

    def times_s(self, indices: Sequence[int]) -> list[float]:
        """Return when these frames are shown, the first frame of the file being at 0."""
        starts = self._reader.get_frame_timestamp([0, *indices])[:, 0]
        return [round(float(start - starts[0]), 4) for start in starts[1:]]
