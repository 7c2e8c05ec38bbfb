"""Files of strangers: opened without following links, read once and up to a limit, then hashed.

What was hashed is what is parsed, so nothing can change between the two.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rarft.leaderboard.entries.limits import KIB, MAX_TASKS
from rarft.leaderboard.entries.refusal import EntryRefused, shown

SAMPLES: Final = "samples"
_MAX_LISTED: Final = MAX_TASKS + 10
_CHUNK_BYTES: Final = 1024 * KIB
_NO_LINKS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
# A pipe without a writer would keep an ordinary open waiting for ever.
_FILE_FLAGS: Final = _NO_LINKS | os.O_NONBLOCK | os.O_NOCTTY


class EntryFolder:
    """An open directory of an entry; its files are reached through it and never by a path."""

    def __init__(self, path: Path, folder: int) -> None:
        self.path = path
        self._folder = folder

    def listing(self) -> tuple[str, ...]:
        """Return every file, in order, as manifest.json would name it.

        Raises:
            EntryRefused: there is a link, a device, a folder of another name, or too much.
        """
        names = []
        for name, mode in self._listed("."):
            if name == SAMPLES and stat.S_ISDIR(mode):
                continue
            names.append(self._plain(name, mode))
        if SAMPLES in self._names("."):
            for name, mode in self._listed(SAMPLES):
                names.append(self._plain(f"{SAMPLES}/{name}", mode))
        return tuple(sorted(names))

    def read(self, name: str, *, max_bytes: int) -> bytes:
        """Return a file's content.

        Raises:
            EntryRefused: it is not there, is no plain file, or is larger than allowed.
        """
        with self._opened(name) as file:
            size = os.fstat(file).st_size
            if size > max_bytes:
                raise self._too_large(name, size, max_bytes)
            content = bytearray()
            # A file may grow while it is read; its size alone says little.
            while chunk := os.read(file, min(_CHUNK_BYTES, max_bytes + 1 - len(content))):
                content += chunk
                if len(content) > max_bytes:
                    raise self._too_large(name, len(content), max_bytes)
        return bytes(content)

    def size(self, name: str) -> int:
        """Return a file's size in bytes.

        Raises:
            EntryRefused: it is not there, or is no plain file.
        """
        with self._opened(name) as file:
            return os.fstat(file).st_size

    def _too_large(self, name: str, size: int, max_bytes: int) -> EntryRefused:
        return EntryRefused(
            "too_large",
            f"{self.path / name}: got {size} bytes, expected at most {max_bytes}; "
            "leave out what an entry does not need",
        )

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        folder_name, _, file_name = name.rpartition("/")
        folder = self._folder
        try:
            if folder_name:
                folder = os.open(folder_name, _NO_LINKS | os.O_DIRECTORY, dir_fd=self._folder)
            file = os.open(file_name, _FILE_FLAGS, dir_fd=folder)
        except OSError as error:
            raise self._unopened(name, error) from error
        finally:
            if folder != self._folder:
                os.close(folder)
        try:
            self._plain(name, os.fstat(file).st_mode)
            yield file
        finally:
            os.close(file)

    def _unopened(self, name: str, error: OSError) -> EntryRefused:
        if isinstance(error, FileNotFoundError):
            return EntryRefused(
                "missing_file",
                f"{self.path}: got no {shown(name)}, expected it; make the entry again",
            )
        return EntryRefused(
            "not_a_plain_file",
            f"{self.path}: got {shown(name)} that cannot be read as a file ({error.strerror}), "
            "expected a plain file; make the entry again",
        )

    def _plain(self, name: str, mode: int) -> str:
        if stat.S_ISREG(mode):
            return name
        kinds = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder"}
        kind = kinds.get(stat.S_IFMT(mode), "a device or a pipe")
        raise EntryRefused(
            "unlisted_file" if stat.S_ISDIR(mode) else "not_a_plain_file",
            f"{self.path}: got {kind} named {shown(name)}, expected plain files and the folder "
            f"{SAMPLES}; remove it",
        )

    def _names(self, folder_name: str) -> frozenset[str]:
        return frozenset(name for name, _ in self._listed(folder_name))

    def _listed(self, folder_name: str) -> list[tuple[str, int]]:
        try:
            folder = os.open(folder_name, _NO_LINKS | os.O_DIRECTORY, dir_fd=self._folder)
        except OSError as error:
            raise self._unopened(folder_name, error) from error
        found = []
        try:
            with os.scandir(folder) as listed:
                for one in listed:
                    found.append((one.name, one.stat(follow_symlinks=False).st_mode))
                    if len(found) > _MAX_LISTED:
                        raise EntryRefused(
                            "too_large",
                            f"{self.path}: got more than {_MAX_LISTED} files, expected those of an "
                            "entry; remove the others",
                        )
        finally:
            os.close(folder)
        return found


@contextmanager
def open_folder(path: Path) -> Iterator[EntryFolder]:
    """Open the directory of an entry; the directory itself may be reached through links.

    Raises:
        EntryRefused: there is no such directory.
    """
    try:
        folder = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError as error:
        raise EntryRefused(
            "not_an_entry",
            f"{path}: got no directory that can be read ({error.strerror}), expected one as "
            "rarft-leaderboard submit makes it; check the path",
        ) from error
    try:
        yield EntryFolder(path, folder)
    finally:
        os.close(folder)


def sha256_of(content: bytes) -> str:
    """Return the digest as manifest.json holds it."""
    return hashlib.sha256(content).hexdigest()
