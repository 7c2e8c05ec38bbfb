"""Copies that browsers play, of videos whose container or codec they do not know.

A copy keeps the times of the frames, counted from the first; it is small, silent and kept in the
cache.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import VideoError

if TYPE_CHECKING:
    import av.video.stream

MAX_WIDTH: Final = 640
FOLDER: Final = "annotate"
_TICK: Final = Fraction(1, 90_000)
_one_at_a_time = threading.Lock()


def playable_copy(video: Path) -> Path:
    """Return an H.264 copy of a video, made on the first call.

    Raises:
        VideoError: the video cannot be decoded.
    """
    status = video.stat()
    name = f"{video.resolve()} {status.st_size} {status.st_mtime_ns}"
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    copy = cache_directory() / FOLDER / f"{digest[:32]}.mp4"
    with _one_at_a_time:
        if not copy.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            draft = copy.with_name(f".{copy.name}")
            _write_copy(video, draft)
            draft.replace(copy)
    return copy


def _write_copy(video: Path, copy: Path) -> None:
    import av

    try:
        with (
            av.open(str(video)) as source,
            av.open(str(copy), "w", format="mp4", options={"movflags": "faststart"}) as target,
        ):
            stream = source.streams.video[0]
            stream.thread_type = "AUTO"
            encoder = target.add_stream("libx264", rate=stream.average_rate or 25)
            encoder.options = {"preset": "veryfast", "crf": "26", "g": "48"}
            encoder.width, encoder.height = _even_size(stream.width, stream.height)
            encoder.pix_fmt = "yuv420p"
            encoder.codec_context.time_base = _TICK
            for frame in _frames(source, stream):
                target.mux(
                    encoder.encode(frame.reformat(encoder.width, encoder.height, format="yuv420p"))
                )
            target.mux(encoder.encode(None))
    except (av.FFmpegError, IndexError, OSError) as error:
        copy.unlink(missing_ok=True)
        raise VideoError(f"{video.name}: cannot be decoded ({error})") from error


def _frames(source: Any, stream: av.video.stream.VideoStream) -> Iterator[Any]:
    """Yield the frames with their times from the first one on; a time goes out once."""
    first_s: Fraction | None = None
    last = -1
    for frame in source.decode(stream):
        if frame.pts is None or frame.time_base is None:
            continue
        time_s = frame.pts * frame.time_base
        first_s = time_s if first_s is None else first_s
        ticks = int((time_s - first_s) / _TICK)
        if ticks > last:
            last = ticks
            frame.pts, frame.time_base = ticks, _TICK
            yield frame


def _even_size(width: int, height: int) -> tuple[int, int]:
    """Return a size of at most `MAX_WIDTH` pixels across that H.264 can hold.

    Example:
        >>> _even_size(1280, 721), _even_size(111, 112)
        ((640, 360), (110, 112))
    """
    scale = min(1.0, MAX_WIDTH / width)
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)
