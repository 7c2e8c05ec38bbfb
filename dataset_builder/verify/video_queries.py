"""The true queries of every video: what a rewrite must not say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from rarft.dataset_builder.types import Row
from rarft.harness.errors import NotFoundError
from rarft.harness.types import Query


class VideoQueries:
    """Relevant rows by id, and the true queries of each video file.

    Rows of irrelevant queries are left out. A video is its base name.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[str, Row] = {}
        self._of_video: dict[str, list[Query]] = defaultdict(list)
        for row in rows:
            if row.query.relevant:
                self._rows[row.query.id] = row
                self._of_video[row.query.video].append(row.query)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, query_id: object) -> bool:
        return query_id in self._rows

    def row(self, query_id: str) -> Row:
        """Return the relevant row of an id.

        Raises:
            NotFoundError: there is none.
        """
        try:
            return self._rows[query_id]
        except KeyError:
            raise NotFoundError(
                f"got a candidate of the query '{query_id}', expected a relevant row of that id; "
                "give the rows from which the candidates were made"
            ) from None

    def others(self, query_id: str) -> tuple[Query, ...]:
        """Return the other true queries that can hold where this one is asked.

        A query about another part of the same file says nothing about this part.
        """
        query = self.row(query_id).query
        return tuple(
            other
            for other in self._of_video[query.video]
            if other.id != query_id and _share_time(other, query)
        )


def _share_time(a: Query, b: Query) -> bool:
    if a.clip is None or b.clip is None:
        return True
    return a.clip.start_s < b.clip.end_s and b.clip.start_s < a.clip.end_s
