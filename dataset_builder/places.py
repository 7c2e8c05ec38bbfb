"""Where the lines of each key begin: an index on disk, so that memory does not grow with it."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from rarft.harness.errors import UserError

_N_AT_ONCE: Final = 4096


class Places:
    """Numbers by key, those of one key in the order in which they were put.

    They are in a database of SQLite that no other process sees, and that is gone with this object.
    Any thread may ask.

    Raises:
        UserError: there is no room for temporary files.

    Example:
        >>> places = Places()
        >>> places.put([("b", 0), ("a", 40), ("b", 90)])
        >>> places.of("b"), places.of("c"), "a" in places, len(places), list(places)
        ([0, 90], [], True, 2, ['b', 'a'])
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        with self._mended():
            self._connection = sqlite3.connect("", check_same_thread=False, isolation_level=None)
            weakref.finalize(self, self._connection.close)
            self._connection.execute("PRAGMA journal_mode = OFF")
            self._connection.execute(
                "CREATE TABLE places (number INTEGER PRIMARY KEY, key BLOB, place INTEGER)"
            )
            self._connection.execute("CREATE INDEX by_key ON places (key)")

    def put(self, placed: Iterable[tuple[str, int]]) -> None:
        """Add places, each with its key."""
        rows = ((_encoded(key), place) for key, place in placed)
        with self._lock, self._mended():
            self._connection.execute("BEGIN")
            try:
                self._connection.executemany("INSERT INTO places (key, place) VALUES (?, ?)", rows)
            finally:
                self._connection.execute("COMMIT")

    def of(self, key: str) -> list[int]:
        """Return the places of a key."""
        found = self._fetched("SELECT place FROM places WHERE key = ? ORDER BY number", key)
        return [place for (place,) in found]

    def count(self, key: str) -> int:
        """Return how many places a key has."""
        ((n_places,),) = self._fetched("SELECT COUNT(*) FROM places WHERE key = ?", key)
        return int(n_places)

    def __contains__(self, key: str) -> bool:
        return bool(self._fetched("SELECT 1 FROM places WHERE key = ? LIMIT 1", key))

    def __len__(self) -> int:
        """Return how many keys there are."""
        with self._lock, self._mended():
            found = self._connection.execute("SELECT COUNT(DISTINCT key) FROM places")
            return int(found.fetchone()[0])

    def __iter__(self) -> Iterator[str]:
        """Yield every key once, in the order in which they were first put."""
        with self._lock, self._mended():
            # Sorting makes a copy, which further places do not change.
            keys = self._connection.execute(
                "SELECT key FROM places GROUP BY key ORDER BY MIN(number)"
            )
        while True:
            with self._lock, self._mended():
                group = keys.fetchmany(_N_AT_ONCE)
            if not group:
                return
            for (key,) in group:
                yield key.decode("utf-8", "surrogatepass")

    def _fetched(self, statement: str, key: str) -> list[tuple[Any, ...]]:
        with self._lock, self._mended():
            return self._connection.execute(statement, (_encoded(key),)).fetchall()

    @contextmanager
    def _mended(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UserError(
                f"got '{error}' while indexing, expected room for temporary files; free some, or "
                "name a folder with room in SQLITE_TMPDIR"
            ) from error


def _encoded(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
