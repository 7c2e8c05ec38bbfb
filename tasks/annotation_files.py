"""Find an annotation file: in RARFT_ANNOTATIONS, else in the cache, else by a pinned download.

Official files are never trusted by name: wherever one lies, its bytes must have the git blob id
the task states.
"""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from functools import lru_cache
from pathlib import Path
from typing import Final

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import AnnotationError, NotFoundError

REPOSITORY: Final = "JINSUBY/RA-RFT"
DOWNLOAD_TIMEOUT_S: Final = 30.0
_TRUE: Final = frozenset({"1", "true", "yes", "on"})


def git_blob_id(content: bytes) -> str:
    """Return the id git gives a file with these bytes.

    Example:
        >>> git_blob_id(b"")
        'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def annotation_file(name: str, *, commit: str | None, blob: str) -> Path:
    """Return the path of an official file whose bytes have the git blob id `blob`.

    Args:
        name: the file's own name, as in the official repository.
        commit: the commit a download is pinned to; without one nothing is downloaded.
        blob: the git blob id the bytes must have.

    Raises:
        AnnotationError: a file of that name in RARFT_ANNOTATIONS is another file, or there is
            none and it cannot be downloaded.
        NotFoundError: RARFT_ANNOTATIONS is not a directory.
    """
    if Path(name).name != name:
        raise AnnotationError(
            f"got annotation {name!r} with a blob id, expected a bare file name; "
            "leave `blob` out to use a file of your own"
        )
    folder = annotations_folder()
    if folder is not None and (local := folder / name).exists():
        return _verified(local, blob)
    cached = cache_directory() / "annotations" / blob / name
    if cached.is_file() and _blob_id_of(cached) == blob:
        return cached
    try:
        _store(_download(name, commit=commit, blob=blob), cached)
    except _NoDownloadError as problem:
        where = f"is not in RARFT_ANNOTATIONS ({folder}) and " if folder else ""
        raise AnnotationError(
            f"{name} {where}could not be downloaded ({problem}); "
            "put it in a directory and set RARFT_ANNOTATIONS to that directory"
        ) from None
    return cached


def own_annotation(name: str, *, folders: tuple[Path, ...]) -> Path:
    """Return the path of a user's own annotation file, which has no blob id.

    A relative name is looked for in RARFT_ANNOTATIONS, then in `folders` in their order, then in
    the current directory.

    Raises:
        NotFoundError: there is no such file, or RARFT_ANNOTATIONS is not a directory.
    """
    path = Path(name).expanduser()
    named = annotations_folder()
    places: list[Path] = [named, *folders, Path()] if named else [*folders, Path()]
    candidates = [folder / path for folder in places]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    looked = ", ".join(dict.fromkeys(str(candidate) for candidate in candidates))
    raise NotFoundError(
        f"got annotation {name!r}, expected a file, found none at {looked}; give its absolute "
        "path in the task's metadata or set RARFT_ANNOTATIONS to its directory"
    )


def annotations_folder() -> Path | None:
    """Return the directory named by RARFT_ANNOTATIONS, if it is set.

    Raises:
        NotFoundError: it names something else than a directory.
    """
    named = os.environ.get("RARFT_ANNOTATIONS")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise NotFoundError(
            f"got RARFT_ANNOTATIONS={named!r}, expected a directory; mend or unset the variable"
        )
    return folder


def _verified(path: Path, blob: str) -> Path:
    got = _blob_id_of(path)
    if got != blob:
        raise AnnotationError(
            f"{path}: got blob {got}, expected {blob}; delete the file, point RARFT_ANNOTATIONS "
            "elsewhere, or read it with a task YAML of your own that states no `blob`"
        )
    return path


def _blob_id_of(path: Path) -> str:
    try:
        status = path.stat()
        return _blob_id_at(path, status.st_size, status.st_mtime_ns)
    except OSError as problem:
        raise AnnotationError(
            f"{path}: got a file that cannot be read ({problem.strerror}), expected an annotation "
            "file; mend its permissions or delete it"
        ) from None


@lru_cache(maxsize=64)
def _blob_id_at(path: Path, size: int, mtime_ns: int) -> str:
    """Hash a file once for each size and time of change it is seen with."""
    del size, mtime_ns
    return git_blob_id(path.read_bytes())


class _NoDownloadError(Exception):
    """Why a download did not happen, in a few words."""


def _download(name: str, *, commit: str | None, blob: str) -> bytes:
    for switch in ("RARFT_OFFLINE", "HF_HUB_OFFLINE"):
        if os.environ.get(switch, "").lower() in _TRUE:
            raise _NoDownloadError(f"{switch} is set")
    url = _url(name, commit)
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_S) as response:
            content: bytes = response.read()
    except urllib.error.HTTPError as problem:
        problem.close()
        raise _NoDownloadError(f"{url}: HTTP {problem.code} {problem.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise _NoDownloadError(f"{url}: {' '.join(str(problem).split())}") from None
    if (got := git_blob_id(content)) != blob:
        raise _NoDownloadError(f"{url}: got blob {got}, expected {blob}")
    return content


def _url(name: str, commit: str | None) -> str:
    """Return where a file is downloaded; RARFT_ANNOTATIONS_URL names a folder that mirrors them."""
    if mirror := os.environ.get("RARFT_ANNOTATIONS_URL"):
        return f"{mirror.rstrip('/')}/{name}"
    if commit is None:
        raise _NoDownloadError("the task states no commit")
    return f"https://raw.githubusercontent.com/{REPOSITORY}/{commit}/dataset/anno/{name}"


def _store(content: bytes, path: Path) -> None:
    """Write atomically, so that a reader never sees half a file."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as problem:
        raise AnnotationError(
            f"{path}: got {problem.strerror} while writing, expected a writable cache; "
            "free some space or set RARFT_CACHE to another directory"
        ) from None
