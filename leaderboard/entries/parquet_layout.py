"""What a samples file says of itself, checked before Arrow is given a byte of it.

A Parquet file can unpack to far more than it holds: a dictionary or a shared beginning makes a
long text out of two bytes, and a page's buffer is as large as its header claims. So the footer and
every page header are read here first, and only the one layout that `samples_bytes` writes is
taken: plain pages, zstd, flat columns, no dictionary, no statistics, no metadata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rarft.leaderboard.entries.limits import (
    MAX_FOOTER_BYTES,
    MAX_PAGE_BYTES,
    MAX_QUERIES,
    MAX_ROW_GROUPS,
    MAX_UNPACKED_BYTES,
)
from rarft.leaderboard.entries.refusal import EntryRefused, RefusalReason, shown
from rarft.leaderboard.entries.thrift_compact import ThriftError, ThriftReader

MAGIC: Final = b"PAR1"
_TAIL_BYTES: Final = 8
INT64, DOUBLE, BYTE_ARRAY = 2, 5, 6
_REQUIRED, _OPTIONAL = 0, 1
_PLAIN, _RLE = 0, 3
_WRITER: Final = b"parquet-cpp-arrow version "
_ZSTD: Final = 6
_UTF8: Final = 0
_STRING: Final[dict[int, Any]] = {1: {}}
# Of FileMetaData, RowGroup, ColumnChunk, ColumnMetaData, SchemaElement, PageHeader and
# DataPageHeader of the format: the ids of the fields that `samples_bytes` writes.
_FILE: Final = ({1, 2, 3, 4, 6}, {7})
_GROUP: Final = ({1, 2, 3}, {5, 6, 7})
_CHUNK: Final = ({2, 3}, set[int]())
_COLUMN: Final = ({1, 2, 3, 4, 5, 6, 7, 9}, {13, 16})
_ELEMENT: Final = ({1, 3, 4}, {6, 10})
_ROOT: Final = ({4, 5}, {3})
_PAGE: Final = ({1, 2, 3, 5}, set[int]())
_DATA_PAGE: Final = ({1, 2, 3, 4}, {5})


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """One column: its name, physical type, and whether a value may be absent."""

    name: str
    physical: int
    is_nullable: bool = False


@dataclass(frozen=True, slots=True)
class TableSize:
    """What a file will take: its rows, and the bytes that its pages unpack to."""

    n_rows: int = 0
    n_bytes: int = 0

    def __add__(self, other: TableSize) -> TableSize:
        """Return the size of both."""
        return TableSize(self.n_rows + other.n_rows, self.n_bytes + other.n_bytes)


def check_size(size: TableSize, *, place: str) -> None:
    """Make sure that what the files of an entry take can be held in memory.

    Raises:
        EntryRefused: they have too many rows, or unpack to too much.
    """
    _check_most(size.n_rows, MAX_QUERIES, "rows", place)
    _check_most(size.n_bytes, MAX_UNPACKED_BYTES, "bytes unpacked", place)


def check_layout(content: bytes, columns: Sequence[ColumnLayout], *, place: str) -> TableSize:
    """Make sure that a file is laid out as `samples_bytes` does it, and return its size.

    Raises:
        EntryRefused: it is another file, another layout, or would unpack to too much.
    """
    view = memoryview(content)
    try:
        footer, footer_start = _footer(view, place)
        _take(footer, _FILE, "file")
        # Arrow reads files of some other writers in ways of their own.
        if not footer[6].startswith(_WRITER):
            raise ThriftError(f"a file written by {shown(footer[6])}")
        _check_schema(footer[2], columns, place)
        groups = footer[4]
        n_rows = footer[3]
        if n_rows == 0:
            raise _refused("missing_query", place, "no rows", "one for each query")
        _check_most(n_rows, MAX_QUERIES, "rows", place)
        _check_most(len(groups), MAX_ROW_GROUPS, "row groups", place)
        n_unpacked = 0
        end = len(MAGIC)
        for group in groups:
            _take(group, _GROUP, "row group")
            if len(group[1]) != len(columns):
                raise ThriftError(f"{len(group[1])} columns in a row group")
            for chunk, column in zip(group[1], columns, strict=True):
                end, n_bytes = _check_column(view[:footer_start], chunk, column, group[3], end)
                n_unpacked += n_bytes
        if sum(group[3] for group in groups) != n_rows or end != footer_start:
            raise ThriftError("row groups that do not add up to the file")
    except ThriftError as fault:
        raise EntryRefused(
            "parquet_layout",
            f"{place}: got {fault}, expected a file as rarft-leaderboard submit writes it; "
            "make the entry again",
        ) from fault
    # What is no list or no number where one belongs.
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise _refused(
            "malformed_parquet", place, "a footer that cannot be read", "a Parquet file"
        ) from error
    size = TableSize(n_rows, n_unpacked)
    check_size(size, place=place)
    return size


def _footer(view: memoryview, place: str) -> tuple[dict[int, Any], int]:
    if len(view) < len(MAGIC) + _TAIL_BYTES or {bytes(view[:4]), bytes(view[-4:])} != {MAGIC}:
        raise _refused("malformed_parquet", place, "a file that is not Parquet", "a Parquet file")
    size = int.from_bytes(view[-_TAIL_BYTES:-4], "little")
    _check_most(size, MAX_FOOTER_BYTES, "bytes of footer", place)
    start = len(view) - _TAIL_BYTES - size
    if start < len(MAGIC):
        raise _refused(
            "malformed_parquet", place, "a footer larger than the file", "a Parquet file"
        )
    reader = ThriftReader(view[:-_TAIL_BYTES], start)
    footer = reader.struct()
    if reader.offset != len(view) - _TAIL_BYTES:
        raise ThriftError("bytes behind the footer")
    return footer, start


def _check_schema(
    elements: Sequence[Mapping[int, Any]], columns: Sequence[ColumnLayout], place: str
) -> None:
    root, *fields = elements
    _take(root, _ROOT, "schema")
    names = [field[4].decode("utf-8", "replace") for field in fields]
    expected = [column.name for column in columns]
    if names != expected or root[5] != len(columns):
        unknown = [name for name in names if name not in expected]
        raise ThriftError(
            f"the column {shown(unknown[0])}" if unknown else "other columns, or in another order"
        )
    for field, column in zip(fields, columns, strict=True):
        # A field with children, of a nested column, has no type of its own.
        _take(field, _ELEMENT, f"column {column.name}")
        is_text = column.physical == BYTE_ARRAY
        found = (field[1], field[3], field.get(6), field.get(10))
        repetition = _OPTIONAL if column.is_nullable else _REQUIRED
        text = (_UTF8, _STRING) if is_text else (None, None)
        if found != (column.physical, repetition, *text):
            raise ThriftError(f"another type of column {column.name}")


def _check_column(
    view: memoryview, chunk: Mapping[int, Any], column: ColumnLayout, n_rows: int, start: int
) -> tuple[int, int]:
    """Return where the column's pages end, and how many bytes they unpack to."""
    _take(chunk, _CHUNK, "column chunk")
    said = chunk[3]
    _take(said, _COLUMN, f"column {column.name}")
    if said[1] != column.physical or said[3] != [column.name.encode()]:
        raise ThriftError(f"another column in the place of {column.name}")
    if said[4] != _ZSTD or not set(said[2]) <= {_PLAIN, _RLE}:
        raise ThriftError(f"another compression or encoding of column {column.name}")
    if said[5] != n_rows or n_rows < 0 or said[9] != start or said[7] <= 0:
        raise ThriftError(f"column {column.name} in another place")
    end = start + said[7]
    if end > len(view):
        raise ThriftError(f"column {column.name} behind the end")
    n_unpacked, n_header_bytes = _check_pages(view[:end], start, column, n_rows)
    if said[6] != n_unpacked + n_header_bytes:
        raise ThriftError(f"column {column.name} that unpacks to another size than it says")
    return end, n_unpacked


def _check_pages(
    view: memoryview, start: int, column: ColumnLayout, n_rows: int
) -> tuple[int, int]:
    """Return the bytes that the pages of a column unpack to, and those of their headers."""
    n_values, n_unpacked, n_header_bytes = 0, 0, 0
    offset = start
    while offset < len(view):
        reader = ThriftReader(view, offset)
        header = reader.struct()
        _take(header, _PAGE, f"page of column {column.name}")
        page = header[5]
        _take(page, _DATA_PAGE, f"page of column {column.name}")
        if page.get(5):
            raise ThriftError(f"a page of column {column.name} with statistics")
        if header[1] != 0 or page[2] != _PLAIN or page[3] != _RLE or page[4] != _RLE:
            raise ThriftError(f"a page of column {column.name} that is not plain")
        if not (0 <= header[2] <= MAX_PAGE_BYTES and header[3] >= 0 and page[1] >= 0):
            raise ThriftError(f"a page of column {column.name} that unpacks to {header[2]} bytes")
        n_unpacked += header[2]
        n_header_bytes += reader.offset - offset
        n_values += page[1]
        offset = reader.offset + header[3]
    if offset != len(view) or n_values != n_rows:
        raise ThriftError(f"pages of column {column.name} that do not add up")
    return n_unpacked, n_header_bytes


def _take(fields: Mapping[int, Any], known: tuple[set[int], set[int]], name: str) -> None:
    """Raise where a struct lacks a field, or has one that no file of ours has."""
    required, optional = known
    if not required <= set(fields) or not set(fields) <= required | optional:
        odd = sorted(set(fields) ^ (required | optional & set(fields)))
        raise ThriftError(f"a {name} with other fields ({', '.join(map(str, odd))})")


def _check_most(size: int, most: int, what: str, place: str) -> None:
    if not 0 <= size <= most:
        raise _refused("too_large", place, f"{size} {what}", f"at most {most}")


def _refused(reason: RefusalReason, place: str, got: str, expected: str) -> EntryRefused:
    return EntryRefused(reason, f"{place}: got {got}, expected {expected}; make the entry again")
