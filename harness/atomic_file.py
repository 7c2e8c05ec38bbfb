"""Write a whole file, or leave the one that was there."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from rarft.harness.errors import UserError


def write_atomic(path: Path, content: bytes) -> None:
    """Write beside the file, then take its place.

    Raises:
        UserError: the content cannot be written, for example because the disk is full.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise UserError(
            f"{path}: cannot be written ({error.strerror}), expected a folder to write in and "
            f"room for {len(content)} bytes; mend that and run again, what is stored stays stored"
        ) from error
