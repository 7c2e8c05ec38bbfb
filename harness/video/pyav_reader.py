"""Read frames with PyAV, which opens some files that decord does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from rarft.harness.video.reader import DecodeError, VideoInfo

# Encoders often announce a last frame or two that no decoder gives out.
_TAIL_FRAMES = 2


@contextmanager
def open_pyav(path: Path) -> Iterator[PyavVideo]:
    """Open a file; a failure while reading it is a DecodeError too.

    Raises:
        DecodeError: PyAV cannot open or read the file, or it has no video stream.
    """
    try:
        yield PyavVideo(path)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise DecodeError(getattr(error, "strerror", None) or str(error)) from error


class PyavVideo:
    """One file, opened once to count its packets and once to decode them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DecodeError("no video stream")
            stream = container.streams.video[0]
            # The timestamps of the packets are those of the frames, in another order.
            packets = [packet for packet in container.demux(stream) if packet.size]
            announced = stream.frames
            rate = stream.average_rate or stream.guessed_rate or 0
            self._timestamps = [float(p.pts * p.time_base) for p in packets if p.pts is not None]
            height, width = stream.height, stream.width
        self._timestamps.sort()
        if len(packets) < 0.98 * announced - _TAIL_FRAMES:
            raise DecodeError(f"the file holds {len(packets)} of the {announced} frames it names")
        self.info = VideoInfo(
            fps=float(rate), n_frames=len(packets), height=height, width=width, decoder="av"
        )

    def read(self, indices: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames of ascending indices. Shape: (height, width, 3)."""
        frame: av.VideoFrame | None = None
        wanted, count = 0, 0
        with av.open(str(self._path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                while wanted < len(indices) and indices[wanted] == count:
                    yield _rgb(frame)
                    wanted += 1
                count += 1
                if wanted == len(indices):
                    return
        if frame is None or indices[-1] - count >= _TAIL_FRAMES:
            raise DecodeError(f"only {count} of {self.info.n_frames} frames decode")
        for _ in indices[wanted:]:
            yield _rgb(frame)

    def times_s(self, indices: Sequence[int]) -> list[float]:
        """Return when these frames are shown, the first frame of the file being at 0."""
        if len(self._timestamps) < self.info.n_frames:
            return [round(index / self.info.fps, 4) for index in indices]
        return [round(self._timestamps[index] - self._timestamps[0], 4) for index in indices]


def _rgb(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
