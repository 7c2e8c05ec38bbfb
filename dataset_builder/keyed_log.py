"""What the rows of a log say by key, read from the log when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rarft.dataset_builder.on_demand import Lines
from rarft.dataset_builder.places import Places
from rarft.harness.errors import UserError
from rarft.harness.stages.append_log import read_row

T = TypeVar("T")
LogRow = dict[str, Any]


class KeyedLog(Mapping[str, T]):
    """The rows of a log by key; memory holds none of them.

    Args:
        path: The log; one that is not there has no rows.
        required: Keys that every row must have.
        key: Gives the key of a row, None where the row is left out.
        read: Makes something of all rows of a key, in the order in which they came.

    Raises:
        UserError: a row is damaged.
    """

    def __init__(
        self,
        path: Path,
        *,
        required: Sequence[str],
        key: Callable[[LogRow], str | None],
        read: Callable[[list[LogRow]], T],
    ) -> None:
        self._lines = Lines(path)
        self._required = required
        self._key = key
        self._read = read
        self._places = Places()
        self._end = self._n_lines = 0
        self.refresh()

    def refresh(self) -> None:
        """Take in the rows that were appended since.

        Raises:
            UserError: a row is damaged.
        """
        if self._lines.path.exists():
            self._places.put(self._new())

    def _new(self) -> Iterator[tuple[str, int]]:
        path = self._lines.path
        try:
            file = path.open("rb")
        except OSError as error:
            raise UserError(f"{path}: got '{error.strerror}', expected a file of rows") from error
        with file:
            file.seek(self._end)
            for line in file:
                # A torn last line is cut off by the next that appends.
                if not line.endswith(b"\n"):
                    return
                self._n_lines += 1
                place = f"{path}: line {self._n_lines}"
                row = read_row(line, place, required=self._required)
                try:
                    self._read([row])
                    key = self._key(row)
                except (KeyError, TypeError) as error:
                    raise damaged(path, error) from error
                if key is not None:
                    yield key, self._end
                self._end += len(line)

    def __getitem__(self, key: str) -> T:
        places = self._places.of(key)
        if not places:
            raise KeyError(key)
        return self._read([self._row(place) for place in places])

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def n_rows(self, key: str) -> int:
        """Return how many rows a key has."""
        return self._places.count(key)

    def placed(self, key: str) -> Iterator[tuple[int, T]]:
        """Yield the place of each row of a key, and what is made of that row alone."""
        for place in self._places.of(key):
            yield place, self.at(place)

    def at(self, place: int) -> T:
        """Return what is made of the row at a place."""
        return self._read([self._row(place)])

    def _row(self, place: int) -> LogRow:
        row: LogRow = json.loads(self._lines.line(place))
        return row


def damaged(path: Path, error: Exception) -> UserError:
    """Return the error for a row that is not what the builder writes."""
    return UserError(
        f"{path}: got a row that cannot be read ({error!r}), expected one as rarft-data writes it; "
        "delete the line and run again"
    )
