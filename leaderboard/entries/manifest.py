"""manifest.json: every other file of an entry with its digest, and the entry's name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import rarft
from rarft.harness.atomic_file import write_atomic
from rarft.leaderboard.entries.limits import (
    MAX_ABOUT_BYTES,
    MAX_ENTRY_BYTES,
    MAX_LINE,
    MAX_MANIFEST_BYTES,
    MAX_RESULTS_BYTES,
    MAX_SAMPLES_BYTES,
    MAX_TASKS,
    MAX_TRAIN_BYTES,
)
from rarft.leaderboard.entries.names import checked_record, is_slug, is_task, wrong_slug
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.entries.safe_files import SAMPLES, EntryFolder, open_folder, sha256_of
from rarft.leaderboard.entries.safe_json import read_json
from rarft.leaderboard.entries.safe_text import check_text
from rarft.leaderboard.types import SCHEMA_VERSION

MANIFEST: Final = "manifest.json"
ABOUT: Final = "entry.json"
RESULTS: Final = "results.json"
TRAIN: Final = "train.json"
MAX_BYTES: Final = {ABOUT: MAX_ABOUT_BYTES, RESULTS: MAX_RESULTS_BYTES, TRAIN: MAX_TRAIN_BYTES}
"""The JSON files of an entry; the other files are samples."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_KEYS: Final = {"schema_version", "entry", "rarft_version", "files"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What manifest.json says, and its own digest."""

    slug: str
    rarft_version: str
    files: Mapping[str, str]
    sha256: str

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return the tasks that have samples."""
        return tuple(task for name in self.files if (task := task_of(name)))


def samples_name(task: str) -> str:
    """Return the name of the file with a task's samples."""
    return f"{SAMPLES}/{task}.parquet"


def task_of(name: str) -> str:
    """Return the task whose samples a file holds, empty for other files.

    Example:
        >>> task_of("samples/hi_charades.parquet"), task_of("results.json")
        ('hi_charades', '')
    """
    folder, _, file_name = name.rpartition("/")
    task, dot, suffix = file_name.rpartition(".")
    return task if folder == SAMPLES and dot and suffix == "parquet" and is_task(task) else ""


def write_manifest(path: Path, *, slug: str, rarft_version: str = rarft.__version__) -> Path:
    """Hash every file of a directory into its manifest.json; returns the path of it.

    Raises:
        EntryRefused: the directory holds what no entry holds.
    """
    if not is_slug(slug):
        raise EntryRefused("unsafe_path", wrong_slug(f"{path}: --entry", slug))
    with open_folder(path) as folder:
        names = [name for name in folder.listing() if name != MANIFEST]
        files = {}
        for name in names:
            _check_name(name, str(path))
            files[name] = sha256_of(folder.read(name, max_bytes=max_bytes_of(name)))
    content = {
        "schema_version": SCHEMA_VERSION,
        "entry": slug,
        "rarft_version": rarft_version,
        "files": files,
    }
    write_atomic(path / MANIFEST, f"{json.dumps(content, indent=2)}\n".encode())
    return path / MANIFEST


def read_manifest(folder: EntryFolder) -> Manifest:
    """Read the manifest of an open entry and compare it with what lies there.

    Raises:
        EntryRefused: there is none, it is malformed, or other files lie there than it lists.
    """
    place = str(folder.path / MANIFEST)
    names = folder.listing()
    if MANIFEST not in names:
        raise EntryRefused(
            "not_an_entry",
            f"{folder.path}: got no {MANIFEST}, expected an entry as rarft-leaderboard submit "
            "makes it; check the path",
        )
    content = folder.read(MANIFEST, max_bytes=MAX_MANIFEST_BYTES)
    record = checked_record(read_json(content, place=place), place=place, keys=_KEYS)
    slug = record["entry"]
    if not isinstance(slug, str) or not is_slug(slug):
        raise EntryRefused("unsafe_path", wrong_slug(f"{place}: entry", slug))
    manifest = Manifest(
        slug=slug,
        rarft_version=check_text(
            record["rarft_version"], place=f"{place}: rarft_version", max_chars=MAX_LINE
        ),
        files=_checked_files(record["files"], place),
        sha256=sha256_of(content),
    )
    _compare(manifest, [name for name in names if name != MANIFEST], folder)
    return manifest


def read_listed(folder: EntryFolder, manifest: Manifest, name: str) -> bytes:
    """Return the content of a file that has the digest of the manifest.

    Raises:
        EntryRefused: the content is another, or too large.
    """
    content = folder.read(name, max_bytes=max_bytes_of(name))
    if sha256_of(content) != manifest.files[name]:
        raise EntryRefused(
            "hash_mismatch",
            f"{folder.path / name}: got content with another sha256 than {MANIFEST} lists, "
            "expected the file that was submitted; make the entry again",
        )
    return content


def max_bytes_of(name: str) -> int:
    """Return how large a file of an entry may be."""
    return MAX_BYTES.get(name, MAX_SAMPLES_BYTES)


def _checked_files(files: Any, place: str) -> dict[str, str]:
    if not isinstance(files, dict) or len(files) > MAX_TASKS + len(MAX_BYTES):
        raise EntryRefused(
            "schema",
            f"{place}: files: got {shown(files)}, expected an object with a sha256 for each file; "
            "make the entry again",
        )
    for name, digest in files.items():
        _check_name(name, place)
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise EntryRefused(
                "schema",
                f"{place}: files: got {shown(digest)} for {shown(name)}, expected a sha256 in "
                "small hexadecimal digits; make the entry again",
            )
    folded = [name.casefold() for name in files]
    if len(set(folded)) != len(folded):
        raise EntryRefused(
            "unsafe_path",
            f"{place}: files: got two names that differ in case only, expected names that any file "
            "system keeps apart; rename a task",
        )
    return files


def _check_name(name: str, place: str) -> None:
    parts = name.split("/")
    if name.startswith(("/", "~")) or "\\" in name or ":" in name or {"", ".", ".."} & set(parts):
        raise EntryRefused(
            "unsafe_path",
            f"{place}: got the name {shown(name)}, expected a file within the entry; remove it",
        )
    if name not in MAX_BYTES and not task_of(name):
        raise EntryRefused(
            "unlisted_file",
            f"{place}: got {shown(name)}, expected {', '.join(MAX_BYTES)} and "
            f"{samples_name('TASK')} only; remove it",
        )


def _compare(manifest: Manifest, names: list[str], folder: EntryFolder) -> None:
    for name in names:
        if name not in manifest.files:
            raise EntryRefused(
                "unlisted_file",
                f"{folder.path}: got {shown(name)}, which {MANIFEST} does not list, expected "
                "listed files only; remove it",
            )
    for name in (*manifest.files, ABOUT, RESULTS):
        if name not in names or name not in manifest.files:
            raise EntryRefused(
                "missing_file",
                f"{folder.path}: got no {shown(name)}, expected it; make the entry again",
            )
    n_bytes = sum(folder.size(name) for name in names)
    if n_bytes > MAX_ENTRY_BYTES:
        raise EntryRefused(
            "too_large",
            f"{folder.path}: got {n_bytes} bytes, expected at most {MAX_ENTRY_BYTES}; "
            "submit fewer tasks",
        )
