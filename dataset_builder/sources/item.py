"""One record of a source file, as it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A record, or the part of one that holds a single query.

    `row` counts the records of the file from 0; `part` counts the queries of a record that holds
    several. `key` is the key of a record that is a member of an object. `problem` says why a record
    could not be read; it has no value then.
    """

    row: int
    value: Any = None
    key: str = ""
    part: int | None = None
    problem: str = ""

    @property
    def id(self) -> str:
        """Return what tells this query from the others of its file."""
        return f"{self.row:06}" if self.part is None else f"{self.row:06}-{self.part}"
