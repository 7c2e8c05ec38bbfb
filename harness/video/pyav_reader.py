"""Read frames with PyAV, decoding and scaling no more than the sampled frames need."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from rarft.harness.video.packet_index import DecodingPlan, index_packets, plan_decoding
from rarft.harness.video.packets import packet_reader
from rarft.harness.video.pyav_decoding import decoded_frames, first_frame, video_stream
from rarft.harness.video.reader import DecodeError, VideoInfo, decoding_threads
from rarft.harness.video.scale import Scaler

# Encoders often announce a last frame or two that no decoder gives out.
_TAIL_FRAMES: Final = 2
# The share of the sampled frames that a damaged file may lack.
_MAX_LACKING: Final = 0.02

_logger = logging.getLogger(__name__)


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
    """One file, read once to index its packets and once to decode what is wanted of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with av.open(str(path)) as container:
            stream = video_stream(container)
            codec = stream.codec_context
            self._index = index_packets(
                container.demux(stream), packet_reader(codec.name, codec.extradata)
            )
            self._frame_pts = self._index.frame_pts()
            self._time_base = stream.time_base
            rate = stream.average_rate or stream.guessed_rate or 0
            announced = stream.frames
        n_packets = len(self._index.shown)
        if n_packets < 0.98 * announced - _TAIL_FRAMES:
            raise DecodeError(f"the file holds {n_packets} of the {announced} frames it names")
        self._n_threads = decoding_threads()
        self._quarter_turns, height, width = _look(path)
        self.info = VideoInfo(
            fps=float(rate),
            n_frames=self._index.n_frames,
            height=height,
            width=width,
            decoder="av",
        )

    def read(
        self, indices: Sequence[int], *, height: int | None = None, width: int | None = None
    ) -> NDArray[np.uint8]:
        """Return the frames of ascending indices. Shape: (n_indices, height, width, 3)."""
        size = (height or self.info.height, width or self.info.width)
        pixels = np.empty((len(indices), *size, 3), dtype=np.uint8)
        plan = plan_decoding(self._index, indices)
        lacking = self._fill(pixels, indices, plan)
        if plan is not None and lacking and indices[min(lacking)] < self._tail:
            # The keyframes of some streams do not stand alone; what precedes them is needed.
            lacking = self._fill(pixels, indices, None)
        self._stand_in(pixels, indices, lacking)
        return pixels

    @property
    def _tail(self) -> int:
        return self.info.n_frames - _TAIL_FRAMES

    def _fill(
        self, pixels: NDArray[np.uint8], indices: Sequence[int], plan: DecodingPlan | None
    ) -> set[int]:
        """Decode, and put each frame where it belongs; return the places that lack theirs."""
        places: dict[int, list[int]] = {}
        for place, index in enumerate(indices):
            places.setdefault(self._stamp(index), []).append(place)
        scaler = Scaler(quarter_turns=self._quarter_turns)
        height, width = pixels.shape[1:3]
        frames = decoded_frames(self._path, plan, n_threads=self._n_threads)
        for count, frame in enumerate(frames):
            if plan is not None and frame.is_corrupt:
                continue
            stamp = count if self._frame_pts is None else frame.pts
            for place in places.pop(stamp, ()):
                pixels[place] = scaler.scale(frame, height=height, width=width)
            if not places:
                break
        return {place for those in places.values() for place in those}

    def _stamp(self, index: int) -> int:
        return index if self._frame_pts is None else int(self._frame_pts[index])

    def _stand_in(
        self, pixels: NDArray[np.uint8], indices: Sequence[int], lacking: set[int]
    ) -> None:
        """Let the frame before stand in for one that does not decode, where few are lacking."""
        n_damaged = sum(indices[place] < self._tail for place in lacking)
        n_sampled = len(indices)
        if len(lacking) == n_sampled or n_damaged > _MAX_LACKING * n_sampled:
            raise DecodeError(f"{len(lacking)} of the {n_sampled} sampled frames do not decode")
        if n_damaged:
            _logger.warning(
                "%s: %d of the %d sampled frames do not decode; their neighbours stand in",
                self._path.name,
                n_damaged,
                n_sampled,
            )
        present = [place for place in range(n_sampled) if place not in lacking]
        for place in sorted(lacking):
            pixels[place] = pixels[max((p for p in present if p < place), default=present[0])]

    def times_s(self, indices: Sequence[int]) -> list[float]:
        """Return when these frames are shown, the first frame of the file being at 0."""
        pts, time_base = self._frame_pts, self._time_base
        if pts is None or time_base is None:
            return [round(index / self.info.fps, 4) for index in indices]
        return [round(float(int(pts[index] - pts[0]) * time_base), 4) for index in indices]


def _look(path: Path) -> tuple[int, int, int]:
    """Return by how many quarter turns a file is shown, and its height and width then."""
    frame = first_frame(path)
    turns = round(frame.rotation / 90) % 4
    if turns % 2:
        return turns, frame.width, frame.height
    return turns, frame.height, frame.width
