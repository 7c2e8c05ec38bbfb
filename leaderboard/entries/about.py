"""entry.json: what the submitter says of an entry, as text."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, fields
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from rarft.leaderboard.entries.limits import MAX_LINE, MAX_NAME, MAX_TEXT
from rarft.leaderboard.entries.names import checked_record
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.entries.safe_json import read_json
from rarft.leaderboard.entries.safe_text import check_text
from rarft.leaderboard.types import SCHEMA_VERSION, AboutEntry, Tier

_FIELDS: Final = frozenset(item.name for item in fields(AboutEntry))
_TIER: Final = "claimed_tier"
_MAX_CHARS: Final = {"name": MAX_NAME, "size": MAX_NAME, "family": MAX_NAME, "notes": MAX_TEXT}
_ADDRESSES: Final = ("url", "paper_url")
_IN_ADDRESS: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][!#-;=?-\[\]_a-z~]*)?")
"""Printable ASCII without quotes and angle brackets; a host without user and password."""


def check_about(about: AboutEntry, *, place: str) -> AboutEntry:
    """Return what is said of an entry if it can be shown; `place` names it in messages.

    Raises:
        EntryRefused: a text is too long or holds what is not shown, or an address is not https.

    Example:
        >>> check_about(AboutEntry(name="mine", url="https://example.org/a"), place="flags").name
        'mine'
    """
    for name, text in asdict(about).items():
        check_text(
            text,
            place=f"{place}: {name}",
            max_chars=_MAX_CHARS.get(name, MAX_LINE),
            is_line=name != "notes",
            may_be_empty=name != "name",
        )
        if name in _ADDRESSES and text:
            _check_address(text, f"{place}: {name}")
    return about


def about_bytes(about: AboutEntry, *, claimed_tier: Tier | None = None) -> bytes:
    """Return the content of entry.json."""
    claimed = {_TIER: claimed_tier} if claimed_tier else {}
    content = {"schema_version": SCHEMA_VERSION, **asdict(about), **claimed}
    return f"{json.dumps(content, indent=2)}\n".encode()


def parse_about(content: bytes, *, place: str) -> tuple[AboutEntry, Tier | None]:
    """Read entry.json: what is said of the entry, and the tier it claims, if it claims one.

    Raises:
        EntryRefused: it is malformed, or holds what cannot be shown.
    """
    record = checked_record(
        read_json(content, place=place),
        place=place,
        keys={"schema_version", "name"},
        optional=_FIELDS | {_TIER},
    )
    tier: Any = record.pop(_TIER, None)
    if tier is not None and tier not in get_args(Tier):
        raise EntryRefused(
            "claimed_tier",
            f"{place}: got {_TIER} {shown(tier)}, expected one of {', '.join(get_args(Tier))}; "
            "leave it out, a verifier decides",
        )
    del record["schema_version"]
    return check_about(AboutEntry(**record), place=place), tier


def _check_address(text: str, place: str) -> None:
    try:
        is_right = bool(_IN_ADDRESS.fullmatch(text)) and bool(urlsplit(text).hostname)
    except ValueError:
        is_right = False
    if not is_right:
        raise EntryRefused(
            "bad_text",
            f"{place}: got {shown(text)}, expected an address that begins with https:// and names "
            "a host, in plain characters; mend it or leave it out",
        )
