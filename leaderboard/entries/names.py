"""Names in an entry: of the entry, of its tasks, and of what a JSON object may hold.

Names become parts of file names and of addresses on the page.
"""

from __future__ import annotations

import re
from typing import Any, Final

from rarft.leaderboard.entries.limits import MAX_SLUG, MAX_TASK_NAME
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.types import SCHEMA_VERSION

# Never two dots: they would lead out of a folder, and end the first of two names of a pair.
_SLUG: Final = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_TASK: Final = re.compile(r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*")


RESERVED: Final = ("paper-", "floor-")
"""What the names of rows that are no entries begin with."""


def is_task(name: str) -> bool:
    """Return whether a task's name can be part of a file's name and of an address."""
    return len(name) <= MAX_TASK_NAME and bool(_TASK.fullmatch(name))


def is_slug(name: str) -> bool:
    """Return whether an entry can have this name.

    Example:
        >>> is_slug("qwen2.5-vl_7b"), is_slug("../a"), is_slug("a..b"), is_slug("floor-blind")
        (True, False, False, False)
    """
    is_ours = name.startswith(RESERVED)
    return len(name) <= MAX_SLUG and bool(_SLUG.fullmatch(name)) and not is_ours


def slug_of(name: str) -> str:
    """Return the name of an entry made of a model's name.

    Example:
        >>> slug_of("Qwen2.5-VL 7B + RA-RFT")
        'qwen2.5-vl-7b-ra-rft'
    """
    words = re.split(r"[^a-z0-9.]+|\.(?![a-z0-9])|(?<![a-z0-9])\.", name.lower())
    return "-".join(word for word in words if word)[:MAX_SLUG].rstrip("-.") or "entry"


def wrong_slug(place: str, slug: object) -> str:
    """Say what an entry may be called; `place` says where it is called something else."""
    return (
        f"{place}: got {shown(slug)}, expected at most {MAX_SLUG} small letters and digits with "
        "single '.', '_' or '-' between them, not beginning with "
        f"{' or '.join(RESERVED)}; choose another name"
    )


def checked_record(
    record: Any, *, place: str, keys: set[str], optional: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return a JSON object that has all keys, no others, and this schema version.

    Raises:
        EntryRefused: it is something else.
    """
    if not isinstance(record, dict):
        raise EntryRefused(
            "schema", f"{place}: got {shown(record)}, expected a JSON object; make the entry again"
        )
    if record.get("schema_version") != SCHEMA_VERSION or record["schema_version"] is True:
        raise EntryRefused(
            "schema_version",
            f"{place}: got schema_version {shown(record.get('schema_version'))}, expected "
            f"{SCHEMA_VERSION}; make the entry again with this version of rarft",
        )
    for name in record:
        if name not in keys | optional:
            raise EntryRefused(
                "schema",
                f"{place}: got the key {shown(name)}, expected {', '.join(sorted(keys))}; "
                "remove it",
            )
    for name in sorted(keys):
        if name not in record:
            raise EntryRefused(
                "schema", f"{place}: got no key '{name}', expected it; make the entry again"
            )
    return record
