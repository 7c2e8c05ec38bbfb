"""Where queries come from: how they are named, where their videos lie, and what holds in these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rarft.harness.types import Query
from rarft.trainer.data.pools import VideoPool


def says_the_same(stranger: Query, pool: VideoPool) -> bool:
    """Say whether a query of another video has the words of one that this video shows.

    What else a video shows, annotations do not tell; the paper takes shuffled queries as they come.
    """
    words = stranger.text.casefold().split()
    return any(topic.relevant.text.casefold().split() == words for topic in pool.topics)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Queries with their videos; `holds` says whether a stranger's query is true of a video."""

    name: str
    queries: Sequence[Query]
    path_of: Callable[[Query], Path]
    """Returns the file of a query's video.

    Raises:
        VideoError: it is not there.
    """
    holds: Callable[[Query, VideoPool], bool] = says_the_same
