"""Find a video by its base name under the user's folders, whatever its extension there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from rarft.harness.errors import VideoError

ROOTS_VARIABLE: Final = "RARFT_VIDEOS"
EXTENSIONS: Final = (
    ".mp4",
    ".mkv",
    ".webm",
    ".avi",
    ".mov",
    ".m4v",
    ".mpg",
    ".mpeg",
    ".flv",
    ".wmv",
    ".ts",
    ".3gp",
)


def video_roots() -> tuple[Path, ...]:
    """Return the folders that RARFT_VIDEOS names, separated as in PATH."""
    named = os.environ.get(ROOTS_VARIABLE, "").split(os.pathsep)
    return tuple(Path(root).expanduser() for root in named if root)


def find_video(name: str, *, roots: Sequence[Path]) -> Path:
    """Return the file of a video.

    An absolute path of a video that exists is used as it is: tasks that make their own videos give
    one. Otherwise the base name is looked for in each root in turn, first exactly, then with
    another video extension; case counts. Folders in a name are never followed.

    Raises:
        VideoError: no root holds the video.

    Example:
        >>> find_video("no_such_video.mp4", roots=())
        Traceback (most recent call last):
        ...
        rarft.harness.errors.VideoError: no_such_video.mp4: got no such video, RARFT_VIDEOS is not \
set; expected it under one of the folders in RARFT_VIDEOS
    """
    given = Path(name)
    if given.is_absolute() and given.suffix.lower() in EXTENSIONS and given.is_file():
        return given
    # Annotation files hold paths of the machines they were made on, Windows ones too.
    base_name = name.replace("\\", "/").rpartition("/")[2]
    for root in roots:
        index = _index(root)
        found = index.get(base_name) or index.get(stem(base_name))
        if found is not None:
            return found
    searched = ", ".join(str(root) for root in roots)
    where = f"searched {searched}" if roots else f"{ROOTS_VARIABLE} is not set"
    raise VideoError(
        f"{base_name}: got no such video, {where}; expected it under one of the folders in "
        f"{ROOTS_VARIABLE}"
    )


def stem(base_name: str) -> str:
    """Return a base name without its video extension; other dots belong to the name.

    Example:
        >>> stem("3MSZA.mp4"), stem("NUsG9BgSes0_210.0_360.0")
        ('3MSZA', 'NUsG9BgSes0_210.0_360.0')
    """
    name, extension = os.path.splitext(base_name)  # noqa: PTH122 - Path.stem drops any last part
    return name if extension.lower() in EXTENSIONS else base_name


def _index(root: Path) -> Mapping[str, Path]:
    """Return a root's videos by name; walked again only when the root itself has changed."""
    try:
        return _walk(str(root), root.stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=32)
def _walk(root: str, _mtime_ns: int) -> Mapping[str, Path]:
    """Index a folder by base name and by stem; of equal names the first in path order counts."""
    index: dict[str, Path] = {}
    visited: set[str] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders.sort()
        for name in sorted(files, key=_preference):
            if name.lower().endswith(EXTENSIONS):
                index.setdefault(name, Path(folder, name))
                index.setdefault(stem(name), Path(folder, name))
    return index


def _preference(name: str) -> tuple[str, int]:
    """Order the files of one stem by extension, mp4 first."""
    base = stem(name)
    return base, EXTENSIONS.index(name[len(base) :].lower()) if base != name else len(EXTENSIONS)
