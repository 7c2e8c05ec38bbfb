"""Normalised rows as JSONL, read and written one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from rarft.dataset_builder.types import Row, row_from_json
from rarft.harness.errors import NotFoundError, UserError


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file that `write_rows` wrote.

    Raises:
        NotFoundError: there is no such file.
        UserError: a line is no row.
    """
    if not path.is_file():
        raise NotFoundError(
            f"got {path}, expected a file of rows; make it with rarft-data normalise"
        )
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield row_from_json(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"got {path}:{number} that is no row ({error}), expected what rarft-data "
                    "normalise writes; make the file again"
                ) from error


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows one a line and return how many there were."""
    n_rows = 0
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row.to_json(), ensure_ascii=False) + "\n")
            n_rows += 1
    return n_rows
