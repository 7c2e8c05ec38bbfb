"""Read the original annotation files that official ones were made from, whatever their layout.

A row that cannot be read is named and left out; what it said is then unknown, never guessed.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rarft.dataset_builder.corrections.layouts import LAYOUTS, Entry, of_line, of_record, of_video
from rarft.dataset_builder.types import Rejected
from rarft.harness.errors import AnnotationError, NotFoundError
from rarft.harness.types import Span
from rarft.harness.video.locate import stem
from rarft.tasks.overlays import OriginalRow
from rarft.tasks.records import base_name

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What an original file says of one query; `spans` are seconds of the whole video file.

    `clip` is the part of the video that the file states the query for.
    """

    video: str
    text: str
    spans: tuple[Span, ...]
    clip: Span | None
    source: OriginalRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Originals:
    """Every query of the original files by video and text, and the rows that could not be read."""

    by_key: Mapping[Key, tuple[Original, ...]]
    rejected: tuple[Rejected, ...]

    def of(self, video: str, text: str) -> tuple[Original, ...]:
        """Return what the files say of a query."""
        return self.by_key.get(key_of(video, text), ())


def key_of(video: str, text: str) -> Key:
    """Return what a query is found by: letter case, spaces and a last full stop do not count.

    Example:
        >>> key_of("/data/3MSZA.mp4", "Person  turns a light on.")
        ('3MSZA', 'person turns a light on')
    """
    return stem(base_name(video)), " ".join(text.casefold().split()).rstrip(" .")


def index_originals(paths: Iterable[Path]) -> Originals:
    """Read files and lay their queries out by video and text.

    Raises:
        NotFoundError: a file is not there.
        AnnotationError: a file is of no known layout, or none of its rows can be read.
    """
    by_key: defaultdict[Key, list[Original]] = defaultdict(list)
    rejected: list[Rejected] = []
    for path in paths:
        n_read = 0
        for found in read_originals(path):
            if isinstance(found, Rejected):
                rejected.append(found)
            else:
                n_read += 1
                by_key[key_of(found.video, found.text)].append(found)
        if not n_read:
            first = f" ({rejected[-1].reason})" if rejected else ""
            raise AnnotationError(
                f"{path}: got no row that can be read{first}, expected {LAYOUTS}; give the "
                "original annotation file"
            )
    return Originals(
        by_key={key: tuple(found) for key, found in by_key.items()}, rejected=tuple(rejected)
    )


def read_originals(path: Path) -> Iterator[Original | Rejected]:
    """Yield the queries of an original annotation file, and the rows that cannot be read.

    Raises:
        NotFoundError: there is no such file.
        AnnotationError: it cannot be read or is of no known layout.
    """
    if not path.is_file():
        raise NotFoundError(
            f"got --original {path}, expected an original annotation file; mend the path"
        )
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as problem:
        raise AnnotationError(
            f"{path}: got a file that cannot be read ({' '.join(str(problem).split())}), expected "
            f"{LAYOUTS}; give the original annotation file"
        ) from None
    digest = hashlib.sha256(content).hexdigest()
    for row, entries in enumerate(_rows(text)):
        source = OriginalRow(file=path.name, row=row, sha256=digest)
        # All of a row or nothing: half of a record says as little as none.
        try:
            read = list(entries())
        except (ValueError, AttributeError, RecursionError) as problem:
            reason = " ".join(str(problem).split())
            yield Rejected(source=path.stem, file=path.name, row=row, reason=reason)
            continue
        for video, query, spans, clip in read:
            yield Original(video=video, text=query, spans=spans, clip=clip, source=source)


def _rows(text: str) -> Iterator[Callable[[], Iterable[Entry]]]:
    """Return for each row what reads it; rows are records, videos or lines."""
    whole = _json(text)
    if isinstance(whole, list):
        for row in whole:
            yield partial(of_record, row)
    elif isinstance(whole, dict) and not {"question", "relevant_windows", "timestamp"} & set(whole):
        for video, row in whole.items():
            yield partial(of_video, video, row)
    else:
        for line in filter(str.strip, text.split("\n")):
            yield partial(_of_any_line, line)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _of_any_line(line: str) -> Iterator[Entry]:
    return of_record(json.loads(line)) if line.lstrip().startswith("{") else of_line(line)
