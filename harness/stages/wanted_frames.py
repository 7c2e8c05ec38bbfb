"""Which videos a model will ask for, and what their frames take on disk."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rarft.harness.errors import UserError
from rarft.harness.models import VideoFile
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.decoded_size import shown_pixels, video_size
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.stages.plan import open_video
from rarft.harness.stages.shown_videos import shown_visuals
from rarft.harness.types import Span
from rarft.harness.video.cache import SIZE_VARIABLE, FramesCache
from rarft.harness.video.frames import frames_key
from rarft.harness.video.policy import FramesPolicy

_COLOURS: Final = 3
# A header may count a few frames less than there are, and every entry has its own small record.
_MARGIN: Final = 1.02
_GB: Final = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFrames:
    """The frames of one video or clip; `key` names their cache entry."""

    video: VideoFile
    clip: Span | None
    key: str
    n_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All frames that a run asks for; `unusable` holds why some videos have none, by name."""

    here: tuple[WantedFrames, ...]
    missing: tuple[WantedFrames, ...]
    unusable: Mapping[str, str]

    @property
    def n_missing_bytes(self) -> int:
        """Return the disk that what is missing takes, nearly."""
        return sum(frames.n_bytes for frames in self.missing)


def wanted_frames(
    tasks: Iterable[LoadedTask],
    config: RunConfig,
    policy: FramesPolicy,
    cache: FramesCache,
    *,
    on_query: Callable[[int], None] = lambda n: None,
) -> Wanted:
    """Find the videos of all queries and look which frames are there; nothing is decoded."""
    videos: dict[str, VideoFile | str] = {}
    found: dict[str, WantedFrames] = {}
    for visual, clip in _shown(tasks, config):
        on_query(1)
        if visual not in videos:
            videos[visual] = open_video(visual)
        video = videos[visual]
        if isinstance(video, str):
            continue
        key = frames_key(video.sha256, policy, clip=clip)
        if key not in found:
            pixels = shown_pixels(video_size(video), policy, clip=clip)
            n_bytes = round(_COLOURS * _MARGIN * pixels)
            found[key] = WantedFrames(video=video, clip=clip, key=key, n_bytes=n_bytes)
    here = {key for key in found if cache.holds(key)}
    return Wanted(
        here=tuple(frames for key, frames in found.items() if key in here),
        missing=tuple(frames for key, frames in found.items() if key not in here),
        unusable={visual: said for visual, said in videos.items() if isinstance(said, str)},
    )


def _shown(tasks: Iterable[LoadedTask], config: RunConfig) -> Iterator[tuple[str, Span | None]]:
    for task in tasks:
        for query, visual in zip(task.asked, shown_visuals(task, config), strict=False):
            # Of another video than its own a query's clip says nothing.
            yield visual, None if config.video_input == "other" else query.clip


def workload_line(wanted: Wanted, cache: FramesCache) -> str:
    """Return how many videos there are, what is there, and the disk that the rest takes."""
    n_videos = len({frames.video.sha256 for frames in (*wanted.here, *wanted.missing)})
    unusable = f"; {len(wanted.unusable)} more cannot be opened" if wanted.unusable else ""
    n_free = free_bytes(cache.directory)
    return (
        f"{n_videos} videos, {len(wanted.here) + len(wanted.missing)} sets of frames: "
        f"{len(wanted.here)} are in {cache.directory}, {len(wanted.missing)} are missing and take "
        f"about {_size(wanted.n_missing_bytes)} of {_size(n_free)} free{unusable}"
    )


def check_room(wanted: Wanted, cache: FramesCache) -> None:
    """Refuse to fill a disk, or a cache that would throw out what it was just given.

    Raises:
        UserError: the disk, or the cache, is too small for all frames.
    """
    n_bytes = sum(frames.n_bytes for frames in (*wanted.here, *wanted.missing))
    if wanted.missing and n_bytes > cache.max_bytes:
        raise UserError(
            f"got videos whose frames take about {_size(n_bytes)}, expected at most "
            f"{_size(cache.max_bytes)}, which the cache may hold; set "
            f"{SIZE_VARIABLE}={math.ceil(n_bytes / _GB * 1.1)} here and for the run, or use --limit"
        )
    n_free = free_bytes(cache.directory)
    if wanted.n_missing_bytes > n_free:
        raise UserError(
            f"got {_size(n_free)} free in {cache.directory}, expected about "
            f"{_size(wanted.n_missing_bytes)} for the missing frames; free some space or name "
            "another folder in RARFT_CACHE"
        )


def free_bytes(directory: Path) -> int:
    """Return what is free on the disk that holds a folder, which may not exist yet."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def _size(n_bytes: int) -> str:
    return f"{n_bytes / _GB:.1f} GB" if n_bytes >= _GB else f"{n_bytes / 1e6:.1f} MB"
