"""One run at a time in one output directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rarft.harness.errors import BusyError, UserError


@contextmanager
def hold(directory: Path) -> Iterator[None]:
    """Hold the output directory; the kernel lets go when the process dies, however it dies.

    Raises:
        BusyError: another process holds it.
        UserError: the directory cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise UserError(
            f"{directory}: got '{error.strerror}', expected a directory that can be written; "
            "give another --output_path"
        ) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BusyError(
                f"{directory}: got an output directory that another run is using, expected a free "
                "one; wait for it to end, or name another directory"
            ) from error
        yield
    finally:
        os.close(file)
