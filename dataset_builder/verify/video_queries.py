"""The true queries of every video: what a rewrite must not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from rarft.dataset_builder.places import Places
from rarft.dataset_builder.types import Row
from rarft.harness.errors import NotFoundError
from rarft.harness.types import Query

N_AT_HAND: Final = 256
"""Rows, and videos, that are not read anew while they are asked for again and again."""


class VideoQueries:
    """Relevant rows by id, and the true queries of each video file.

    Rows of irrelevant queries are left out. A video is its base name. Rows that are read on demand
    stay where they are: memory does not grow with them.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        held = rows if isinstance(rows, Sequence) else list(rows)
        numbers = Places()
        numbers.put(_numbered(held))

        def row_of(query_id: str) -> Row | None:
            found = numbers.of(f"id {query_id}")
            return held[found[-1]] if found else None

        def of_video(video: str) -> tuple[Query, ...]:
            return tuple(held[number].query for number in numbers.of(f"video {video}"))

        self._numbers = numbers
        self._row_of = lru_cache(N_AT_HAND)(row_of)
        self._of_video = lru_cache(N_AT_HAND)(of_video)

    def __contains__(self, query_id: object) -> bool:
        return f"id {query_id}" in self._numbers

    def row(self, query_id: str) -> Row:
        """Return the relevant row of an id.

        Raises:
            NotFoundError: there is none.
        """
        found = self._row_of(query_id)
        if found is None:
            raise NotFoundError(
                f"got a candidate of the query '{query_id}', expected a relevant row of that id; "
                "give the rows from which the candidates were made"
            )
        return found

    def videos(self) -> Iterator[str]:
        """Yield the videos that have a true query, in the order of the rows."""
        for key in self._numbers:
            kind, _, name = key.partition(" ")
            if kind == "video":
                yield name

    def of_video(self, video: str) -> tuple[Query, ...]:
        """Return the true queries of a video, in the order of the rows."""
        return self._of_video(video)

    def others(self, query_id: str) -> tuple[Query, ...]:
        """Return the other true queries that can hold where this one is asked.

        A query about another part of the same file says nothing about this part.
        """
        query = self.row(query_id).query
        return tuple(
            other
            for other in self.of_video(query.video)
            if other.id != query_id and _share_time(other, query)
        )


def _numbered(rows: Sequence[Row]) -> Iterator[tuple[str, int]]:
    for number, row in enumerate(rows):
        if row.query.relevant:
            yield f"id {row.query.id}", number
            yield f"video {row.query.video}", number


def _share_time(a: Query, b: Query) -> bool:
    if a.clip is None or b.clip is None:
        return True
    return a.clip.start_s < b.clip.end_s and b.clip.start_s < a.clip.end_s
