"""What can be asked about each video: relevant queries, and irrelevant ones made from them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarft.harness.types import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One relevant query, and the irrelevant ones that were made from it."""

    relevant: Query
    irrelevant: tuple[Query, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPool:
    """One video, or one clip of it, with at least one topic."""

    path: Path
    topics: tuple[Topic, ...]

    @property
    def key(self) -> str:
        """Return a name that is the same on every machine."""
        return video_key(self.topics[0].relevant)


def video_key(query: Query) -> str:
    """Return the name of the video or clip that a query is about.

    Example:
        >>> from rarft.harness.types import Span
        >>> about = {"task": "", "video": "a.mp4", "text": "a dog", "relevant": True, "record": "1"}
        >>> video_key(Query(id="1", **about, clip=Span(2.0, 9.0)))
        'a.mp4 2.0 9.0'
    """
    clip = query.clip
    return f"{query.video} {clip.start_s} {clip.end_s}" if clip else query.video


def by_video(queries: Iterable[Query]) -> dict[str, list[Query]]:
    """Return queries by video, in the order of the first query of each."""
    found: dict[str, list[Query]] = {}
    for query in queries:
        found.setdefault(video_key(query), []).append(query)
    return found


def topics_of(queries: Sequence[Query], lost: Counter[str]) -> tuple[Topic, ...]:
    """Return the topics of one video.

    An irrelevant query belongs to the relevant one of its record that it says it was made from, or
    else to the record's first; without any in its record, to that of the video.

    Args:
        queries: All queries of the video.
        lost: Counts the queries that belong nowhere.
    """
    made: dict[str, list[Query]] = {one.id: [] for one in queries if one.relevant}
    relevant = [one for one in queries if one.relevant]
    for query in queries:
        if query.relevant:
            continue
        origin = _origin(query, relevant)
        if origin is None:
            lost["irrelevant queries without the relevant one"] += 1
        else:
            made[origin.id].append(query)
    without_span = sum(not one.spans for one in relevant)
    if without_span:
        lost["relevant queries without a span"] += without_span
    return tuple(
        Topic(relevant=one, irrelevant=tuple(made[one.id])) for one in relevant if one.spans
    )


def _origin(query: Query, relevant: Sequence[Query]) -> Query | None:
    same_record = [one for one in relevant if one.record == query.record]
    for candidates in (same_record, relevant):
        for one in candidates:
            if one.text == query.relevant_query:
                return one
    if same_record:
        return same_record[0]
    return relevant[0] if len(relevant) == 1 else None


def pools_digest(pools: Iterable[VideoPool]) -> str:
    """Return the digest of what can be asked and about which videos, wherever these lie."""
    digest = hashlib.sha256()
    for pool in pools:
        for topic in pool.topics:
            for query in (topic.relevant, *topic.irrelevant):
                digest.update(json.dumps(_content(query), sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _content(query: Query) -> Mapping[str, Any]:
    return {name: value for name, value in query.to_doc().items() if name != "provenance"}
