"""A JSON-lines file that survives being killed.

Rows are appended in groups: one write and one fsync a group. A kill can only tear the last line;
it is cut off when the file is next opened or written to, and that piece of work is done again.
Several processes may append to one file under one lock.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rarft.harness.errors import UserError

SCHEMA_VERSION = 1

Mutex = Callable[[], AbstractContextManager[None]]


def read_rows(path: Path, *, required: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Yield the whole rows of a log; a torn last line is left out.

    Raises:
        UserError: the file cannot be read, or a line before the last is not a row of this version
            with all required keys.
    """
    if not path.exists():
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise UserError(f"{path}: got '{error.strerror}', expected a file of rows") from error
    with file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            yield read_row(line, f"{path}: line {number}", required=required)


def read_row(line: bytes, place: str, *, required: Sequence[str] = ()) -> dict[str, Any]:
    """Return the row of one line; `place` says where it stands.

    Raises:
        UserError: it is no row of this version with all required keys.
    """
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise UserError(
            f"{place}: got a damaged row, expected one JSON object; delete the line and run again"
        )
    if row.get("schema_version") != SCHEMA_VERSION:
        raise UserError(
            f"{place}: got schema_version {row.get('schema_version')}, expected {SCHEMA_VERSION}; "
            "use the version of rarft that wrote it, or another --output_path"
        )
    absent = [key for key in required if key not in row]
    if absent:
        raise UserError(
            f"{place}: got a row without '{absent[0]}', expected it; delete the line and run again"
        )
    return row


def encode_row(row: Mapping[str, Any]) -> bytes:
    """Return one row as a line; lone surrogates are kept as JSON escapes."""
    line = json.dumps({"schema_version": SCHEMA_VERSION, **row}, allow_nan=False)
    return line.encode("ascii") + b"\n"


class AppendLog:
    """An open log; its state is the file.

    `mutex` is held around each change where other processes write to the same file.

    Raises:
        UserError: the file cannot be written, for example because the disk is full.
    """

    def __init__(self, path: Path, *, mutex: Mutex = nullcontext) -> None:
        self.path = path
        self._mutex = mutex
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise UserError(
                f"{path}: got '{error.strerror}', expected a file that can be written; "
                "give another --output_path"
            ) from error
        with self._mutex():
            _cut_torn_line(self._file)

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a group of rows durably: all of them are on disk when this returns."""
        if not rows:
            return
        group = b"".join(map(encode_row, rows))
        with self._mutex():
            # Another process may have been killed in the middle of its row.
            size = _cut_torn_line(self._file)
            try:
                _write_all(self._file, group)
                os.fsync(self._file)
            except OSError as error:
                os.ftruncate(self._file, size)
                raise UserError(
                    f"{self.path}: got '{error.strerror}' while writing, expected room for "
                    f"{len(group)} bytes; free some space and run the same command again, "
                    "nothing already written is lost"
                ) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        """Return the open log."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the log."""
        self.close()


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _cut_torn_line(file: int) -> int:
    """Cut what follows the last newline and return the size that is left."""
    size = os.fstat(file).st_size
    end = size
    if size and os.pread(file, 1, size - 1) == b"\n":
        return size
    while end > 0:
        start = max(0, end - 65536)
        found = os.pread(file, end - start, start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end != size:
        os.ftruncate(file, end)
    return end
