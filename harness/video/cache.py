"""Decoded frames on disk, so that a video is decoded once for all queries and models.

An entry is a .npy of pixels and a .json about it, written last: without it the entry does not
exist. Any process may write, use and evict entries at the same time.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import secrets
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.errors import UserError

SIZE_VARIABLE: Final = "RARFT_FRAMES_GB"
_DEFAULT_GB: Final = 20.0
SCHEMA_VERSION: Final = 1

_logger = logging.getLogger(__name__)


def named_max_bytes() -> int:
    """Return how much the cache may hold: RARFT_FRAMES_GB, else 20 GB.

    Raises:
        UserError: the variable is no number above 0.
    """
    named = os.environ.get(SIZE_VARIABLE) or str(_DEFAULT_GB)
    try:
        n_bytes = float(named) * 1e9
    except ValueError:
        n_bytes = 0.0
    if not 0 < n_bytes < math.inf:
        raise UserError(
            f"got {SIZE_VARIABLE}={named}, expected how many GB of decoded frames to keep, such as "
            "100; mend it"
        )
    return int(n_bytes)


class FramesCache:
    """A folder of at most `max_bytes`; the entries used longest ago go first."""

    def __init__(self, directory: Path, *, max_bytes: int | None = None) -> None:
        self.directory = directory
        self.max_bytes = named_max_bytes() if max_bytes is None else max_bytes
        self._is_writable = True

    def holds(self, key: str) -> bool:
        """Return whether there is an entry; only reading it tells whether it is damaged."""
        return all(path.is_file() for path in self._paths(key))

    def get(self, key: str) -> tuple[NDArray[np.uint8], dict[str, Any]] | None:
        """Return an entry's pixels, mapped from disk and read-only, and what was put with them.

        A damaged entry is dropped and counts as absent; one that this user may not read only
        counts as absent.
        """
        pixels_path, about_path = self._paths(key)
        try:
            about = json.loads(about_path.read_text(encoding="utf-8"))
            pixels = np.load(pixels_path, mmap_mode="r", allow_pickle=False)
            if about["schema_version"] != SCHEMA_VERSION or about["crc32"] != _checksum(pixels):
                raise ValueError("the pixels are not those that were written")
        except (FileNotFoundError, PermissionError):
            return None
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            _logger.warning("%s: dropped a damaged cache entry (%s)", about_path.name, error)
            self._drop(key)
            return None
        # Only an entry's owner may set its time; the entry serves others all the same.
        with contextlib.suppress(OSError):
            os.utime(about_path)
        return pixels, dict(about["about"])

    def put(self, key: str, pixels: NDArray[np.uint8], about: Mapping[str, Any]) -> None:
        """Keep an entry; where the disk is full or read-only, warn once and keep nothing more."""
        if not self._is_writable or pixels.nbytes > self.max_bytes:
            return
        record = {
            "schema_version": SCHEMA_VERSION,
            "crc32": _checksum(pixels),
            "about": dict(about),
        }
        pixels_path, about_path = self._paths(key)
        temporary = self.directory / f".{key}.{secrets.token_hex(4)}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._evict(self.max_bytes - pixels.nbytes)
            _write_npy(temporary, pixels)
            temporary.replace(pixels_path)
            temporary.write_text(json.dumps(record), encoding="utf-8")
            temporary.replace(about_path)
        except OSError as error:
            self._is_writable = False
            _logger.warning(
                "%s: got '%s', so decoded frames are no longer cached; free some space there "
                "or name another folder in RARFT_CACHE",
                self.directory,
                error.strerror or error,
            )
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _paths(self, key: str) -> tuple[Path, Path]:
        return self.directory / f"{key}.npy", self.directory / f"{key}.json"

    def _drop(self, key: str) -> None:
        pixels_path, about_path = self._paths(key)
        with contextlib.suppress(OSError):
            about_path.unlink(missing_ok=True)
            pixels_path.unlink(missing_ok=True)

    def _evict(self, max_bytes: int) -> None:
        """Remove entries, and what a killed process left, until `max_bytes` are not exceeded."""
        sizes: dict[str, int] = {}
        used_at: dict[str, float] = {}
        with os.scandir(self.directory) as files:
            for file in files:
                with contextlib.suppress(FileNotFoundError):
                    status = file.stat()
                    key = file.name.removesuffix(".npy").removesuffix(".json")
                    sizes[key] = sizes.get(key, 0) + status.st_size
                    used_at[key] = max(used_at.get(key, 0.0), status.st_mtime)
        total_bytes = sum(sizes.values())
        for key in sorted(used_at, key=used_at.__getitem__):
            if total_bytes <= max_bytes:
                return
            if key.startswith("."):
                with contextlib.suppress(OSError):
                    (self.directory / key).unlink(missing_ok=True)
            self._drop(key)
            total_bytes -= sizes[key]


def _write_npy(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a .npy; np.save would not notice that the disk is full."""
    content = np.ascontiguousarray(pixels)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, np.lib.format.header_data_from_array_1_0(content)
        )
        file.write(content.data)


def _checksum(pixels: NDArray[np.uint8]) -> int:
    return zlib.crc32(np.ascontiguousarray(pixels).data)
