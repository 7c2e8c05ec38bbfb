"""Open a video with PyAV, or with decord where PyAV fails on the file.

A video's rate is its average rate, as in the paper's code, so that with a variable frame rate the
index of a frame says little about its time; times come from the timestamps in the file.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from rarft.harness.errors import VideoError

T = TypeVar("T")

# Raised when the same file, policy and decoders would give other pixels.
DECODING_VERSION: Final = "2"
# More threads hold more frames and, with several videos decoded at once, gain nothing.
_MAX_THREADS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """What a file says of its video stream; `fps` is the average rate, sizes are those upright."""

    fps: float
    n_frames: int
    height: int
    width: int
    decoder: str

    @property
    def duration_s(self) -> float:
        """Return the length in seconds at the average rate."""
        return self.n_frames / self.fps


class OpenVideo(Protocol):
    """One open file."""

    info: VideoInfo

    def read(
        self, indices: Sequence[int], *, height: int | None = None, width: int | None = None
    ) -> NDArray[np.uint8]:
        """Return the frames of ascending indices, repeats included, of the file's size if no other.

        Returns:
            Shape: (n_indices, height, width, 3).
        """

    def times_s(self, indices: Sequence[int]) -> list[float]:
        """Return when these frames are shown, the first frame of the file being at 0."""


class DecodeError(Exception):
    """One decoder's reason for failing on one file."""


def decoder_names() -> tuple[str, ...]:
    """Return the installed decoders, the preferred one first."""
    return tuple(name for name in ("av", "decord") if importlib.util.find_spec(name))


@cache
def decoder_versions() -> dict[str, str]:
    """Return what can change pixels: this package's way with them, and the installed decoders."""
    return {"frames": DECODING_VERSION, **{name: _version(name) for name in decoder_names()}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def decoding_threads() -> int:
    """Return how many threads decode one video."""
    return min(_MAX_THREADS, os.cpu_count() or 1)


def open_with(decoder: str, path: Path) -> AbstractContextManager[OpenVideo]:
    """Open a file with one decoder, imported only now.

    Raises:
        DecodeError: the decoder cannot be imported or cannot open the file.
    """
    try:
        if decoder == "decord":
            from rarft.harness.video.decord_reader import open_decord

            return open_decord(path)
        from rarft.harness.video.pyav_reader import open_pyav

        return open_pyav(path)
    except (ImportError, OSError) as error:
        raise DecodeError(error) from error


def with_video(path: Path, use: Callable[[OpenVideo], T]) -> T:
    """Return what `use` makes of the open file, with the first decoder that gets through.

    Raises:
        VideoError: the file is missing or empty, or every decoder fails on it.
    """
    if not path.is_file():
        raise VideoError(f"{path.name}: got no such file, expected a video; check {path.parent}")
    if path.stat().st_size == 0:
        raise VideoError(f"{path.name}: got an empty file, expected a video; copy it again")
    reasons = []
    for decoder in decoder_names():
        try:
            with open_with(decoder, path) as video:
                check_usable(video.info)
                return use(video)
        except DecodeError as error:
            reasons.append(f"{decoder}: {' '.join(str(error).split())[:200]}")
    said = "; ".join(reasons) or "neither av nor decord is installed"
    raise VideoError(f"{path.name}: got a file that cannot be decoded ({said}); copy it again")


def check_usable(info: VideoInfo) -> None:
    """Refuse a stream without frames, size or rate.

    Raises:
        DecodeError: it has none of one of them.
    """
    if info.n_frames < 1:
        raise DecodeError("zero usable frames")
    if not (np.isfinite(info.fps) and info.fps > 0):
        raise DecodeError(f"a frame rate of {info.fps}")
    if info.height < 1 or info.width < 1:
        raise DecodeError(f"frames of {info.width}x{info.height} pixels")


def probe(path: Path) -> VideoInfo:
    """Return rate, frame count and size of a video without decoding all of it.

    Raises:
        VideoError: the file is missing or empty, or no decoder can open it.
    """
    return with_video(path, lambda video: video.info)
