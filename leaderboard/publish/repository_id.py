"""Names of repositories on the Hub."""

from __future__ import annotations

import re
from typing import Final

from rarft.harness.errors import UserError

_ID: Final = re.compile(r"[A-Za-z0-9](?:[\w-]|\.(?!\.))*/[A-Za-z0-9](?:[\w-]|\.(?!\.))*", re.ASCII)
_MAX_CHARS: Final = 96


def check_repository_id(repo_id: str, *, flag: str) -> None:
    """Stop at what cannot name a repository.

    Raises:
        UserError: it is not `<owner>/<name>`.

    Example:
        >>> check_repository_id("me/board", flag="--space")
        >>> check_repository_id("board", flag="--space")
        Traceback (most recent call last):
        ...
        rarft.harness.errors.UserError: got --space 'board', expected OWNER/NAME of the Hub
    """
    if not _ID.fullmatch(repo_id) or len(repo_id) > _MAX_CHARS:
        raise UserError(f"got {flag} {repo_id!r}, expected OWNER/NAME of the Hub")
