"""Where the rows of a file lie, so that any order of them is read with little memory.

A row takes 34 bytes here, whatever it holds; ids, records and contents are kept as digests.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rarft.dataset_builder.row_files import row_of_line
from rarft.dataset_builder.types import Row
from rarft.harness.errors import NotFoundError, UserError

Offsets = NDArray[np.int64]
Digests = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowIndex:
    """The place of each row of a file, in file order, with its split and its record.

    Shape: offsets, ids, contents, records and split are (n_rows,). `split` is a place in `splits`;
    rows with the same bytes have the same content.
    """

    path: Path
    splits: tuple[str, ...]
    offsets: Offsets
    ids: Digests
    contents: Digests
    records: Digests
    split: NDArray[np.int16]

    def of_split(self, name: str) -> Offsets:
        """Return the places of the rows of a split, in file order."""
        inside: Offsets = self.offsets[self.split == self.splits.index(name)]
        return inside

    def by_record(self, name: str) -> Iterator[Offsets]:
        """Yield the places of the rows of each record of a split.

        Records come in the order of their first row, rows of one record in file order.
        """
        inside = self.split == self.splits.index(name)
        offsets = self.offsets[inside]
        _, first, number = np.unique(self.records[inside], return_index=True, return_inverse=True)
        order = np.argsort(first[number], kind="stable")
        starts = np.flatnonzero(np.diff(number[order], prepend=-1))
        for start, end in pairwise((*starts, len(order))):
            yield offsets[order[start:end]]


def index_rows(path: Path, *, see: Callable[[Row], None] = lambda row: None) -> RowIndex:
    """Read a file of rows once and return where each of them lies.

    Args:
        path: a file that `write_rows` wrote.
        see: is given every row on the way.

    Raises:
        NotFoundError: there is no such file.
        UserError: a line is no row, there is none, or an id comes twice.
    """
    offsets, split = array("q"), array("h")
    ids, contents, records = array("Q"), array("Q"), array("Q")
    splits: dict[str, int] = {}
    for offset, line, row in _placed_rows(path):
        see(row)
        offsets.append(offset)
        ids.append(digest_of(row.query.id))
        contents.append(_digest(line))
        records.append(digest_of(row.query.record))
        split.append(splits.setdefault(row.origin.split, len(splits)))
    if not offsets:
        raise UserError(f"got {path} without a row, expected at least one; build it again")
    index = RowIndex(
        path=path,
        splits=tuple(splits),
        offsets=np.array(offsets, dtype=np.int64),
        ids=np.array(ids, dtype=np.uint64),
        contents=np.array(contents, dtype=np.uint64),
        records=np.array(records, dtype=np.uint64),
        split=np.array(split, dtype=np.int16),
    )
    _check_ids(index)
    return index


def rows_at(path: Path, offsets: Iterable[int]) -> Iterator[Row]:
    """Yield the rows that begin at places of a file."""
    with path.open("rb") as lines:
        for offset in offsets:
            lines.seek(offset)
            yield row_of_line(lines.readline())


def digest_of(name: str) -> int:
    """Return 64 bits that stand for a name.

    Example:
        >>> digest_of("a.mp4") == digest_of("a.mp4") != digest_of("b.mp4")
        True
    """
    return _digest(name.encode("utf-8", "surrogatepass"))


def _digest(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")


def _placed_rows(path: Path) -> Iterator[tuple[int, bytes, Row]]:
    if not path.is_file():
        raise NotFoundError(f"got {path}, expected a file of rows; make it with rarft-data build")
    offset = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = row_of_line(line)
                if b"\\ud" in line:
                    # No file in UTF-8 can hold half of a surrogate pair.
                    json.dumps(row.to_json(), ensure_ascii=False).encode()
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"got {path}:{number} that is no row ({error}), expected what rarft-data "
                    "build writes; make the file again"
                ) from error
            yield offset, line, row
            offset += len(line)


def _check_ids(index: RowIndex) -> None:
    _, first, counts = np.unique(index.ids, return_index=True, return_counts=True)
    if (counts == 1).all():
        return
    offset = int(index.offsets[first[counts > 1].min()])
    row = next(rows_at(index.path, [offset]))
    raise UserError(
        f"got {index.path} with the id {row.query.id} more than once, expected one row an id; "
        "build it again"
    )
