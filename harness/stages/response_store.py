"""responses.jsonl: read whole for scoring, and read on as several workers write to it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.harness.models import Request
from rarft.harness.stages.append_log import Mutex, read_row, read_rows

RESPONSES = "responses.jsonl"
JOURNAL = "journal.jsonl"

ROW_KEYS = ("task", "query_id", "request", "status")

RowKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """What responses.jsonl holds: the last row of each (task, query id, request)."""

    rows: Mapping[RowKey, Mapping[str, Any]]
    answered: Mapping[str, Mapping[str, Any]]

    def row_of(self, request: Request) -> Mapping[str, Any] | None:
        """Return the row of one request for its own query."""
        return self.rows.get((request.query.task, request.query.id, request.key))


NO_RESPONSES: Final = Responses(rows={}, answered={})


def read_responses(directory: Path, *, mutex: Mutex = nullcontext) -> Responses:
    """Read the response store of an output directory; it may not exist yet."""
    rows: dict[RowKey, Mapping[str, Any]] = {}
    answered: dict[str, Mapping[str, Any]] = {}
    with mutex():
        for row in read_rows(directory / RESPONSES, required=ROW_KEYS):
            rows[row["task"], row["query_id"], row["request"]] = row
            if row["status"] == "ok":
                answered[row["request"]] = row
    return Responses(rows=rows, answered=answered)


def count_workers(directory: Path) -> int:
    """Return how many workers have sent requests, of those that were there at once."""
    rows = read_rows(directory / JOURNAL, required=("event",))
    return max(len({row.get("worker", 0) for row in rows if row["event"] == "sent"}), 1)


class ResponseTail:
    """Which requests need no asking any more, read on from where the file was read before.

    A request is done once it is answered, or has failed in a row that begins at byte
    `tried_from` or later: what failed before is tried once more. `news` holds those that were not
    done before, in order, until the caller empties it.
    """

    def __init__(self, directory: Path, *, tried_from: int, mutex: Mutex = nullcontext) -> None:
        self.done: set[str] = set()
        self.news: list[str] = []
        self._path = directory / RESPONSES
        self._tried_from = tried_from
        self._mutex = mutex
        self._n_bytes = 0
        self._n_lines = 0

    def refresh(self) -> None:
        """Read what was written since.

        Raises:
            UserError: the file cannot be read, or holds a line that is no row.
        """
        # Whoever cuts a torn row off and writes another must not be read in between.
        with self._mutex():
            content = self._read_on()
        for line in content.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                return
            place = f"{self._path}: line {self._n_lines + 1}"
            row = read_row(line, place, required=ROW_KEYS)
            is_done = row["status"] == "ok" or self._n_bytes >= self._tried_from
            if is_done and row["request"] not in self.done:
                self.done.add(row["request"])
                self.news.append(row["request"])
            self._n_bytes += len(line)
            self._n_lines += 1

    def _read_on(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(self._n_bytes)
                return file.read()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise UserError(
                f"{self._path}: got '{error.strerror}', expected a file of rows"
            ) from error
