"""DiDeMo: what several people marked in pieces of five seconds of a video of at most thirty.

    {"annotation_id": 49152, "description": "the man bends", "video": "3503@N01_60604.mov",
     "times": [[1, 1], [1, 1], [1, 1], [0, 0]], "num_segments": 6, "dl_link": "https://..."}

Pieces i to j stand for 5 i to 5 (j + 1) seconds. Of the people's spans the one is taken that agrees
best with the others, by the sum of their intersections over union.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rarft.dataset_builder.sources.fields import list_of, object_of, problem, video_of
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, record_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query

PIECE_S: Final = 5.0


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield a query for each description; its id is the file's own.

    Raises:
        UserError: the file cannot be read.
    """
    return queries_of(
        record_items(path, split=split), source=DIDEMO.name, file=file_name(path), convert=_query
    )


def agreed_pieces(marked: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the first and last piece that agree best with what the others marked.

    Example:
        >>> agreed_pieces([(0, 0), (1, 1), (1, 2), (1, 1)])
        (1, 1)
    """
    return max(marked, key=lambda pieces: sum(_overlap(pieces, other) for other in marked))


def _overlap(first: tuple[int, int], second: tuple[int, int]) -> float:
    shared = min(first[1], second[1]) - max(first[0], second[0]) + 1
    whole = max(first[1], second[1]) - min(first[0], second[0]) + 1
    return max(shared, 0) / whole


def _query(item: Item, provenance: str) -> Query:
    row = object_of(item.value)
    marked = [_pieces(pieces) for pieces in list_of(row.get("times"), "times")]
    if not marked:
        raise problem("times", [], "at least one [first, last] piece")
    first, last = agreed_pieces(marked)
    number = row.get("annotation_id")
    return relevant_query(
        item,
        provenance,
        video=video_of(row.get("video")),
        text=row.get("description"),
        pairs=[[PIECE_S * first, PIECE_S * (last + 1)]],
        field="description",
        id=str(number) if isinstance(number, int) else None,
    )


def _pieces(value: object) -> tuple[int, int]:
    pieces = list_of(value, "times")
    if len(pieces) != 2 or not all(type(piece) is int and piece >= 0 for piece in pieces):
        raise problem("times", value, "[first, last] pieces, counted from 0")
    return min(pieces), max(pieces)


DIDEMO = Source(
    name="didemo",
    title="DiDeMo",
    licence="BSD-2-Clause",
    citation="Hendricks et al., Localizing Moments in Video with Natural Language, ICCV 2017",
    url="https://github.com/LisaAnne/LocalizingMoments",
    redistributable=True,
    verified=True,
    read=read,
)
