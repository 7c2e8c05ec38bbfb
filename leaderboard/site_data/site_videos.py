"""The videos that a site ships: those of the queries shown, as far as they may and can be had."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rarft.harness.errors import NotFoundError, RarftError, UserError
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.types import Query
from rarft.leaderboard.site_data.verified_rows import may_show_texts

FOLDER: Final = "videos"
SUFFIXES: Final = (".mp4", ".webm", ".m4v", ".mkv", ".mov", ".avi")


def copy_videos(
    task: LoadedTask, queries: Sequence[Query], site: Path, *, folders: Sequence[Path] = ()
) -> dict[str, str]:
    """Copy the videos of some queries into a site; return their addresses there, by name.

    A task whose licence lets its texts be shown ships its own videos. Of other tasks those in
    `folders` are taken, which the builder answers for. A video that is not there is left out.

    Args:
        task: the task.
        queries: the queries that are shown.
        site: the folder of the site.
        folders: folders with videos.

    Raises:
        UserError: a folder is not there, or a video cannot be copied.
    """
    check_video_folders(folders)
    names = dict.fromkeys(query.video for query in queries if _is_plain(query.video))
    found = {name: path for name in names if (path := _in_folders(name, folders))}
    if may_show_texts(task.metadata):
        found = _own_videos(task, queries, names) | found
    copied = {}
    for name, path in found.items():
        target = site / FOLDER / task.name / name
        _copy(path, target)
        copied[name] = target.relative_to(site).as_posix()
    return copied


def check_video_folders(folders: Sequence[Path]) -> None:
    """Stop at a folder of videos that is not there.

    Raises:
        UserError: one of them is no folder.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UserError(
                f"got --videos {folder}, which is no folder, expected one with videos; check the "
                "path"
            )


def _own_videos(
    task: LoadedTask, queries: Sequence[Query], names: Mapping[str, None]
) -> dict[str, Path]:
    """Return the files that the task itself knows of; only those of a generated task exist."""
    found: dict[str, Path] = {}
    for query in queries:
        if query.video in found or query.video not in names:
            continue
        try:
            path = Path(task.task.doc_to_image(query.to_doc())[0])
        except (RarftError, LookupError, TypeError, ValueError):
            continue
        if path.is_file() and path.name == query.video:
            found[query.video] = path
    return found


def _in_folders(name: str, folders: Sequence[Path]) -> Path | None:
    return next((path for folder in folders if (path := folder / name).is_file()), None)


def _is_plain(name: str) -> bool:
    """Return whether a name is one of a video file and of nothing else."""
    return name == Path(name).name and not name.startswith(".") and name.endswith(SUFFIXES)


def _copy(path: Path, target: Path) -> None:
    try:
        if target.is_file() and target.stat().st_size == path.stat().st_size:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"got {path}, which is not there any more, expected a video; build again"
        ) from error
    except OSError as error:
        raise UserError(
            f"{target}: cannot be written ({error.strerror}), expected a folder with room; give "
            "another --output"
        ) from error
