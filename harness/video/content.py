"""Name a video by its content, hashing each file once.

The memo of hashes may be lost or damaged at any time: hashing again is all that follows.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import VideoError

_MEMO_FILE = "content_hashes.sqlite"
_LOCK_TIMEOUT_S = 5.0


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, remembered while its path, size and mtime stay the same.

    Raises:
        VideoError: the file cannot be read.
    """
    try:
        found = path.resolve()
        status = found.stat()
        stamp = (str(found), status.st_size, status.st_mtime_ns)
        remembered = _recall(stamp)
        if remembered is None:
            with found.open("rb") as file:
                remembered = hashlib.file_digest(file, "sha256").hexdigest()
            _remember(stamp, remembered)
    except OSError as error:
        reason = error.strerror or str(error)
        raise VideoError(
            f"{path.name}: got a file that cannot be read ({reason}); check it"
        ) from error
    return remembered


def _recall(stamp: tuple[str, int, int]) -> str | None:
    query = "SELECT sha256 FROM hashes WHERE path = ? AND size = ? AND mtime_ns = ?"
    with _memo() as memo:
        row = memo.execute(query, stamp).fetchone() if memo else None
        return str(row[0]) if row else None
    return None


def _remember(stamp: tuple[str, int, int], sha256: str) -> None:
    with _memo() as memo:
        if memo:
            memo.execute("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?)", (*stamp, sha256))
            memo.commit()


@contextmanager
def _memo() -> Iterator[sqlite3.Connection | None]:
    """Open the memo for one statement; whatever fails in it is as if the memo were empty."""
    path = cache_directory() / _MEMO_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=_LOCK_TIMEOUT_S)) as memo:
            memo.execute(
                "CREATE TABLE IF NOT EXISTS hashes "
                "(path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, sha256 TEXT)"
            )
            yield memo
    except sqlite3.OperationalError:
        return
    except sqlite3.DatabaseError:
        path.unlink(missing_ok=True)
