"""Text files, packed or not, whose bytes need not all be UTF-8."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.json_stream import MAX_RECORD
from rarft.harness.errors import AnnotationError, NotFoundError

_SNIFFED: Final = 1024**2


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open a text file, unpacking a `.gz`; bytes that are no UTF-8 become lone surrogates.

    Raises:
        NotFoundError: there is no such file.
        AnnotationError: it cannot be read or unpacked.
    """
    if not path.is_file():
        raise NotFoundError(
            f"got {path}, which is no file, expected an annotation file or hub:OWNER/NAME; check "
            "the path"
        )
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as packed:
            # A mark at the beginning of a file is no part of it.
            yield io.TextIOWrapper(
                packed, encoding="utf-8-sig", errors="surrogateescape", newline="\n"
            )
    except (OSError, EOFError, zlib.error) as error:
        raise AnnotationError(
            f"{path}: got {' '.join(str(error).split())}, expected a readable annotation file; "
            "fetch it again"
        ) from error


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line that is not blank with its number from 0.

    Raises:
        NotFoundError: there is no such file.
        AnnotationError: it cannot be read.
    """
    with opened(path) as stream:
        row = 0
        while line := stream.readline(MAX_RECORD):
            if not line.isspace():
                yield row, line.strip()
            row += 1


def json_lines(path: Path) -> Iterator[Item]:
    """Yield the value of each line; a line that is no JSON becomes an item with a problem.

    Raises:
        NotFoundError: there is no such file.
        AnnotationError: it cannot be read.
    """
    for row, line in text_lines(path):
        try:
            yield Item(row=row, value=json.loads(line))
        except (ValueError, RecursionError) as error:
            yield Item(row=row, problem=f"is no JSON ({' '.join(str(error).split())[:80]})")


def holds_lines(path: Path) -> bool:
    """Say whether a file has a JSON object on its first line, and so one on each."""
    with opened(path) as stream:
        for line in iter(lambda: stream.readline(_SNIFFED), ""):
            if line.isspace():
                continue
            try:
                return isinstance(json.loads(line), dict)
            except (ValueError, RecursionError):
                # A first line that is half broken is no beginning of a list either.
                return line.lstrip().startswith("{") and line.rstrip() != "{"
    return False
