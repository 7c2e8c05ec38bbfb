"""Name a video by its content, hashing each file once.

The memo of hashes may be lost or damaged at any time: hashing again is all that follows.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import VideoError

_MEMO_FILE = "content_hashes.sqlite"
_LOCK_TIMEOUT_S = 5.0
_TABLE = """CREATE TABLE IF NOT EXISTS hashes
(path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, sha256 TEXT)"""
_RECALL = "SELECT sha256 FROM hashes WHERE path = ? AND size = ? AND mtime_ns = ?"
_REMEMBER = "INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?)"


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, remembered while its path, size and mtime stay the same.

    Raises:
        VideoError: the file cannot be read.
    """
    try:
        found = path.resolve()
        status = found.stat()
        # A path is bytes: not every one is text that SQLite can store.
        stamp = (os.fsencode(found), status.st_size, status.st_mtime_ns)
        row = _ask_memo(_RECALL, stamp)
        if row is not None:
            return str(row[0])
        with found.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or str(error)
        raise VideoError(
            f"{path.name}: got a file that cannot be read ({reason}), expected a video; check it"
        ) from error
    _ask_memo(_REMEMBER, (*stamp, sha256))
    return sha256


def _ask_memo(statement: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Run one statement; whatever fails is as if the memo were empty."""
    path = cache_directory() / _MEMO_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=_LOCK_TIMEOUT_S)) as memo, memo:
            memo.execute(_TABLE)
            row: tuple[Any, ...] | None = memo.execute(statement, values).fetchone()
            return row
    except (sqlite3.OperationalError, OSError):
        return None
    except sqlite3.DatabaseError:
        path.unlink(missing_ok=True)
        return None
