"""How many pixels a model is shown for a request: what chunks are made equal in.

Only the header of each file is read, once for each content; a file that says nothing of itself
counts as the smallest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import VideoError
from rarft.harness.models import Card, Request, VideoFile
from rarft.harness.types import Span
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.resize import frame_size
from rarft.harness.video.sampling import frame_count

_MEMO_FILE = "video_sizes.sqlite"
_LOCK_TIMEOUT_S = 5.0
_TABLE = """CREATE TABLE IF NOT EXISTS sizes
(sha256 TEXT PRIMARY KEY, duration_s REAL, fps REAL, height INTEGER, width INTEGER)"""
_RECALL = "SELECT duration_s, fps, height, width FROM sizes WHERE sha256 = ?"
_REMEMBER = "INSERT OR REPLACE INTO sizes VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class VideoSize:
    """What the header of a video says; all 0 where it says nothing."""

    duration_s: float = 0.0
    fps: float = 0.0
    height: int = 0
    width: int = 0

    @property
    def is_known(self) -> bool:
        """Whether there is something to count."""
        return self.duration_s > 0 and self.fps > 0 and self.height > 0 and self.width > 0


def cost_by_size(card: Card, videos: Iterable[VideoFile]) -> Callable[[Request], float]:
    """Return the function that gives a request's cost in shown pixels.

    A model that samples by itself is taken to see one whole frame a second; one that reads no
    video costs 1 a request.
    """
    sizes = {video.sha256: video for video in videos}
    known = {sha256: video_size(video) for sha256, video in sizes.items()}
    costs: dict[tuple[str, Span | None], float] = {}

    def cost_of(request: Request) -> float:
        if request.video is None:
            return 1.0
        key = (request.video.sha256, request.clip)
        if key not in costs:
            costs[key] = shown_pixels(known[key[0]], card.frames, clip=request.clip)
        return costs[key]

    return cost_of


def shown_pixels(size: VideoSize, policy: FramesPolicy | None, *, clip: Span | None) -> float:
    """Return frames times height times width that a model is shown.

    Example:
        >>> minute = VideoSize(duration_s=60.0, fps=30.0, height=720, width=1280)
        >>> shown_pixels(minute, FramesPolicy(), clip=None)
        4704000.0
        >>> shown_pixels(minute, FramesPolicy(), clip=Span(0.0, 1.0))
        2257920.0
        >>> shown_pixels(minute, None, clip=None)
        55296000.0
    """
    if not size.is_known:
        return 1.0
    length_s = size.duration_s
    if clip is not None:
        length_s = max(min(clip.end_s, length_s) - max(clip.start_s, 0.0), 1 / size.fps)
    if policy is None:
        return length_s * size.height * size.width
    count = frame_count(max(round(length_s * size.fps), 1), size.fps, policy)
    try:
        height, width = frame_size(size.height, size.width, count, policy)
    except VideoError:
        return 1.0
    return float(count * height * width)


def video_size(video: VideoFile) -> VideoSize:
    """Return what a video's header says, remembered by its content."""
    row = _ask_memo(_RECALL, (video.sha256,))
    if row is not None:
        return VideoSize(*row)
    size = read_header(video.path)
    _ask_memo(_REMEMBER, (video.sha256, *astuple(size)))
    return size


def read_header(path: Path) -> VideoSize:
    """Return length, rate and size of a file's video stream, decoding nothing."""
    import av

    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            if stream.duration is not None and stream.time_base is not None:
                duration_s = float(stream.duration * stream.time_base)
            else:
                duration_s = (container.duration or 0) / 1_000_000
            return VideoSize(
                duration_s, float(stream.average_rate or 0), stream.height, stream.width
            )
    # The request itself will say what is wrong with the file.
    except (av.FFmpegError, OSError, IndexError, ValueError):
        return VideoSize()


def _ask_memo(statement: str, values: tuple[object, ...]) -> tuple[float, float, int, int] | None:
    """Run one statement; whatever fails is as if the memo were empty."""
    path = cache_directory() / _MEMO_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=_LOCK_TIMEOUT_S)) as memo, memo:
            memo.execute(_TABLE)
            row: tuple[float, float, int, int] | None = memo.execute(statement, values).fetchone()
            return row
    except (sqlite3.DatabaseError, OSError):
        return None
