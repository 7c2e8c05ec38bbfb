"""What every row of a source is checked for, and what is mended in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rarft.dataset_builder.sources.fields import RowError
from rarft.dataset_builder.sources.row_query import row_of, with_flags
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.types import Origin, Row
from rarft.harness.errors import VideoError
from rarft.harness.types import Query, Span
from rarft.harness.video.locate import find_video, stem

_ROUNDING_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChecks:
    """What the rows of one file are checked with.

    `durations` gives seconds by the stem of a video. `videos` is the folder in which each must be,
    or None. `seen` holds digests of the ids so far, and grows.
    """

    source: Source
    split: str
    file: str
    durations: Mapping[str, float]
    videos: Path | None
    seen: set[int]


def checked_row(query: Query, checks: RowChecks) -> Row:
    """Return a query with its origin, its ids made unique among all sources.

    Raises:
        RowError: the row cannot be used.
    """
    source = checks.source
    text = " ".join(query.text.split())
    duration_s = query.duration_s
    if duration_s is None and query.clip is None:
        duration_s = checks.durations.get(stem(query.video))
    clip = query.clip
    shown = (clip.start_s, clip.end_s) if clip else (0.0, duration_s)
    spans = query.spans
    if not source.benchmark:
        spans = tuple(_begun(span, shown) for span in spans)
    flags = (["whitespace"] if text != query.text else []) + _flags(spans, shown[1])
    _check_video(query.video, checks.videos)
    name = f"{source.name}-{checks.split}"
    _check_new(f"{name}-{query.id}", checks.seen)
    original = query.relevant_query
    terms = source.terms_of(checks.file)
    return Row(
        query=replace(
            query,
            id=f"{name}-{query.id}",
            record=f"{name}-{query.record}",
            text=text,
            spans=spans,
            duration_s=duration_s,
            relevant_query=original and " ".join(original.split()),
            provenance=with_flags(query.provenance, flags),
        ),
        origin=Origin(
            source=source.name,
            split=checks.split,
            licence=terms.licence,
            citation=source.citation,
            redistributable=terms.redistributable,
            file=checks.file,
            row=row_of(query.provenance),
        ),
    )


def _begun(span: Span, shown: tuple[float, float | None]) -> Span:
    """Return a span that begins inside what is shown.

    Raises:
        RowError: it begins before or after that.
    """
    first_s, last_s = shown
    said = f"span {span.start_s:g} to {span.end_s:g} s"
    if span.start_s < first_s - _ROUNDING_S:
        raise RowError(f"{said} begins before {first_s:g} s, where what is shown begins")
    if last_s is not None and span.start_s >= last_s:
        raise RowError(f"{said} begins past the end, {last_s:g} s")
    # Sums of rounded seconds fall a hair before the beginning.
    return Span(max(span.start_s, first_s), max(span.end_s, first_s))


def _flags(spans: tuple[Span, ...], last_s: float | None) -> list[str]:
    flags = []
    if last_s is not None and any(span.end_s > last_s + _ROUNDING_S for span in spans):
        flags.append("beyond_end")
    if any(span.end_s == span.start_s for span in spans):
        flags.append("zero_length")
    return flags


def _check_video(video: str, folder: Path | None) -> None:
    if folder is None:
        return
    try:
        find_video(video, roots=(folder,))
    except VideoError as error:
        raise RowError(f"video {video} is not in {folder}") from error


def _check_new(id: str, seen: set[int]) -> None:
    digest = int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest())
    if digest in seen:
        raise RowError("the id is that of an earlier row")
    seen.add(digest)
