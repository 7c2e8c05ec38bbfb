"""Normalised rows as JSONL, read and written one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from rarft.dataset_builder.on_demand import Lines, OnDemand
from rarft.dataset_builder.types import Row, row_from_json
from rarft.harness.errors import NotFoundError, UserError

_TEXTS: Final = ("id", "video", "text", "record")


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file that `write_rows` wrote.

    Raises:
        NotFoundError: there is no such file.
        UserError: a line is no row.
    """
    return (row for _, row in placed_rows(path))


def stored_rows(path: Path, *, keep: Callable[[Row], bool]) -> Sequence[Row]:
    """Return the rows that are to be kept, each read from the file whenever it is asked for.

    Raises:
        NotFoundError: there is no such file.
        UserError: a line is no row.
    """
    lines = Lines(path)
    places = (place for place, row in placed_rows(path) if keep(row))
    return OnDemand(places, lambda place: row_of_line(lines.line(place)))


def placed_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a file, each with the place where it begins.

    Raises:
        NotFoundError: there is no such file.
        UserError: a line is no row.
    """
    if not path.is_file():
        raise NotFoundError(
            f"got {path}, expected a file of rows; make it with rarft-data normalise"
        )
    place = 0
    # As bytes, since a file of another kind need not be UTF-8.
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = row_of_line(line)
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"got {path}:{number} that is no row ({error}), expected what rarft-data "
                    "normalise writes; make the file again"
                ) from error
            yield place, row
            place += len(line)


def row_of_line(line: bytes) -> Row:
    """Return the row that a line holds.

    Raises:
        ValueError: it is no JSON object, or a value is of the wrong kind.
        KeyError: a value is missing.
        TypeError: a value is of the wrong kind.
    """
    content = json.loads(line)
    if not isinstance(content, dict):
        raise ValueError(f"it is a JSON {type(content).__name__}, no object")
    for name in _TEXTS:
        if not isinstance(content[name], str):
            raise ValueError(f"{name} is {content[name]!r}, no text")
    return row_from_json(content)


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows one a line and return how many there were."""
    n_rows = 0
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row.to_json(), ensure_ascii=False) + "\n")
            n_rows += 1
    return n_rows
