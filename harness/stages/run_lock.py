"""Who works in an output directory, by locks that the kernel drops however a process dies.

One file holds all of them, a byte each. They are POSIX record locks: network file systems know
them, and a process that was forked off does not keep its parent's.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from rarft.harness.errors import BusyError, UserError

LOCK: Final = ".lock"
N_SEATS: Final = 4096

_MEMBER: Final = 0
_SETUP: Final = 1
_APPEND: Final = 2
_FINISH: Final = 3
_SEATS: Final = 16
_CHUNKS: Final = 1 << 16

_BUSY: Final = (errno.EACCES, errno.EAGAIN)
_held: set[tuple[int, int]] = set()
"""Directories that this process is in: such locks never exclude the process that has them."""


class DirectoryLocks:
    """The locks of one directory in one process; any number of workers, or one that is alone.

    Raises:
        BusyError: somebody is there who excludes this.
        UserError: the directory cannot be made, or its file system has no locks.
    """

    def __init__(self, directory: Path, *, alone: bool) -> None:
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UserError(
                f"{directory}: got '{error.strerror}', expected a directory that can be written; "
                "give another --output_path"
            ) from error
        status = os.fstat(self._file)
        self._name = (status.st_dev, status.st_ino)
        if self._name in _held:
            # Closing this descriptor would drop the locks that the process already has.
            raise busy(directory)
        _held.add(self._name)
        try:
            if not self._try(_MEMBER, shared=not alone):
                raise busy(directory)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of everything."""
        os.close(self._file)
        _held.discard(self._name)

    def __enter__(self) -> Self:
        """Return the locks."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of everything."""
        self.close()

    @contextmanager
    def setup(self) -> Iterator[None]:
        """Wait until nobody else joins, starts or ends a session."""
        with self._wait(_SETUP):
            yield

    @contextmanager
    def append(self) -> Iterator[None]:
        """Wait until nobody else writes or reads rows."""
        with self._wait(_APPEND):
            yield

    def is_anybody_seated(self) -> bool:
        """Whether a worker answers or one scores; asked before this process takes a seat."""
        for start, length in ((_FINISH, 1), (_SEATS, N_SEATS)):
            if not self._try(start, length):
                return True
            self._drop(start, length)
        return False

    def take_seat(self, *, last: bool = False) -> int:
        """Return the lowest number that no other live worker has, from 0, or the highest.

        Raises:
            BusyError: there are too many workers.
        """
        for seat in reversed(range(N_SEATS)) if last else range(N_SEATS):
            if self._try(_SEATS + seat):
                return seat
        raise BusyError(
            f"{self.directory}: got more than {N_SEATS} workers, expected fewer; start fewer"
        )

    def claim(self, chunk: int) -> bool:
        """Take a chunk of requests; False where another worker has it."""
        return self._try(_CHUNKS + chunk)

    def release(self, chunk: int) -> None:
        """Give a chunk back."""
        self._drop(_CHUNKS + chunk)

    def take_finish(self) -> bool:
        """Become the one that judges and scores; False where another one is."""
        return self._try(_FINISH)

    def _try(self, start: int, length: int = 1, *, shared: bool = False) -> bool:
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.lockf(self._file, how | fcntl.LOCK_NB, length, start)
        except OSError as error:
            if error.errno in _BUSY:
                return False
            raise _no_locks(self.directory, error) from error
        return True

    def _drop(self, start: int, length: int = 1) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, length, start)

    @contextmanager
    def _wait(self, start: int) -> Iterator[None]:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, start)
        except OSError as error:
            raise _no_locks(self.directory, error) from error
        try:
            yield
        finally:
            self._drop(start)


@contextmanager
def hold(directory: Path) -> Iterator[None]:
    """Be alone in an output directory; the kernel lets go when the process dies.

    Raises:
        BusyError: another process is in it.
        UserError: the directory cannot be made.
    """
    with DirectoryLocks(directory, alone=True):
        yield


def busy(directory: Path, why: str = "") -> BusyError:
    """Return what to tell whoever cannot come in, with how the runs differ where they do."""
    if why:
        return BusyError(
            f"{directory}: got an output directory that another run is using with {why}, expected "
            "the same command, which would share its work; give the same flags, or another "
            "--output_path"
        )
    return BusyError(
        f"{directory}: got an output directory that another run is using, expected a free one; "
        "wait for it to end, or name another directory"
    )


def _no_locks(directory: Path, error: OSError) -> UserError:
    return UserError(
        f"{directory}: got '{error.strerror}' for a lock on a file, expected a file system that "
        "has locks; mount it with them, or give another --output_path"
    )
