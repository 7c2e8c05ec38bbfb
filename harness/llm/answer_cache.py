"""Answers on disk, so that nothing is asked twice: one SQLite file for every run and process."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Self

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import UserError

SCHEMA_VERSION = 1
BUSY_S = 60.0
N_NAMES_A_QUERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedAnswer:
    """A checked answer as it is stored: `value` is the JSON of the schema it was checked by."""

    digest: str
    name: str
    version: str
    model: str
    served_model: str
    value: str
    text: str
    n_prompt_tokens: int
    n_new_tokens: int
    usd: float | None


_COLUMNS = tuple(field.name for field in fields(CachedAnswer))


class AnswerCache:
    """A table of answers by request digest, durable as soon as `put_many` returns.

    Several processes may read and write it at a time. Without a path it is `llm/answers.sqlite` in
    the cache directory.

    Raises:
        UserError: the file cannot be made, or is not such a table.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or cache_directory() / "llm" / "answers.sqlite"
        self._lock = threading.Lock()
        with self._mended():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
        try:
            with self._mended():
                self._open()
        except UserError:
            self._connection.close()
            raise

    def get_many(self, digests: Iterable[str]) -> dict[str, CachedAnswer]:
        """Return the stored answers among these, by digest."""
        wanted = list(digests)
        found: dict[str, CachedAnswer] = {}
        with self._lock, self._mended():
            for start in range(0, len(wanted), N_NAMES_A_QUERY):
                names = wanted[start : start + N_NAMES_A_QUERY]
                marks = ", ".join("?" * len(names))
                rows = self._connection.execute(
                    f"SELECT {', '.join(_COLUMNS)} FROM answers WHERE digest IN ({marks})", names
                )
                for row in rows:
                    answer = CachedAnswer(**dict(zip(_COLUMNS, row, strict=True)))
                    found[answer.digest] = answer
        return found

    def put_many(self, answers: Sequence[CachedAnswer]) -> None:
        """Store answers in one transaction; an answer that is already there stays as it is."""
        if not answers:
            return
        marks = ", ".join("?" * len(_COLUMNS))
        insert = f"INSERT OR IGNORE INTO answers ({', '.join(_COLUMNS)}) VALUES ({marks})"
        with self._lock, self._mended():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(insert, [astuple(answer) for answer in answers])
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def remove(self, digests: Sequence[str]) -> None:
        """Forget these answers."""
        rows = [(digest,) for digest in digests]
        with self._lock, self._mended():
            self._connection.executemany("DELETE FROM answers WHERE digest = ?", rows)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self) -> None:
        execute = self._connection.execute
        # A write-ahead log needs shared memory, which network file systems do not have.
        execute("PRAGMA journal_mode = TRUNCATE")
        execute("PRAGMA synchronous = FULL")
        stored = execute("PRAGMA user_version").fetchone()[0]
        if stored not in (0, SCHEMA_VERSION):
            raise UserError(
                f"{self.path}: got answers of version {stored}, expected {SCHEMA_VERSION}; move "
                "the file away, and a new one is made"
            )
        kinds = {"n_prompt_tokens": "INTEGER", "n_new_tokens": "INTEGER", "usd": "REAL"}
        columns = ", ".join(f"{name} {kinds.get(name, 'TEXT')}" for name in _COLUMNS[1:])
        execute(
            f"CREATE TABLE IF NOT EXISTS answers (digest TEXT PRIMARY KEY, {columns}) WITHOUT ROWID"
        )
        execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _mended(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"{self.path}: the stored answers cannot be used ({error}), expected a readable "
                "and writable SQLite file; mend that, or move the file away, and run again"
            ) from error
