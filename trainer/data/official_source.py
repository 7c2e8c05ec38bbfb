"""Annotations in the official schema: the training file of HI-VTG, or one's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from rarft.harness.errors import NotFoundError
from rarft.harness.types import Query
from rarft.harness.video.locate import find_video, video_roots
from rarft.tasks.official import read_queries
from rarft.tasks.training_file import HI_VTG_TRAIN, training_file
from rarft.trainer.data.source import Source


def official_source(name: str, *, video_folder: str | None) -> Source:
    """Read `hi_vtg_train`, at the commit that is pinned, or a JSON file.

    Raises:
        AnnotationError: the file cannot be had or read.
        NotFoundError: a video folder is not there.
    """
    path = training_file() if name == HI_VTG_TRAIN else Path(name)
    queries, _ = read_queries(path)
    return Source(name=path.name, queries=queries, path_of=finder(video_folder))


def finder(video_folder: str | None) -> Callable[[Query], Path]:
    """Return what finds videos by base name, in the folders given or those of RARFT_VIDEOS.

    Raises:
        NotFoundError: a folder is not there.
    """
    roots = video_roots()
    if video_folder is not None:
        roots = tuple(Path(one).expanduser() for one in video_folder.split(os.pathsep) if one)
        for root in roots:
            if not root.is_dir():
                raise NotFoundError(f"got video_folder={root}, expected a folder; mend the path")

    def find(query: Query) -> Path:
        return find_video(query.video, roots=roots).absolute()

    return find
