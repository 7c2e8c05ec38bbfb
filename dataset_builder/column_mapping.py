"""Which columns of a table say what a query is, for tables that no source knows.

    {"clip": "a.mp4", "caption": "a dog runs", "when": {"begin": 1.0, "end": 2.5}}

is read with `video=clip`, `query=caption`, `start=when.begin` and `end=when.end`. A dot leads into
an object, or with a number into a list; `$key` is the key of a record that is a member of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, get_args

from rarft.harness.errors import UserError

Unit = Literal["seconds", "milliseconds", "frames", "share"]
KEY: Final = "$key"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """The columns of a table; None where it has none.

    `spans` stands instead of `start` and `end`, and holds one [start, end] or several. `clip_start`
    and `clip_end` bound the part of the video that is shown, in seconds. `fps` is a column, or the
    number itself. `unit` is what spans count; a share is one of the duration.

    Raises:
        UserError: there is no column of the query, or the span's are incomplete.

    Example:
        >>> ColumnMapping(query="caption", spans="when").used
        ('caption', 'video', 'when')
    """

    query: str
    video: str = "video"
    start: str | None = None
    end: str | None = None
    spans: str | None = None
    duration: str | None = None
    id: str | None = None
    clip_start: str | None = None
    clip_end: str | None = None
    fps: str | float | None = None
    unit: Unit = "seconds"

    def __post_init__(self) -> None:
        if (self.start is None) != (self.end is None) or (self.spans is None) == (
            self.start is None
        ):
            raise UserError(
                f"got start={self.start}, end={self.end}, spans={self.spans} as columns, expected "
                "start and end, or spans; name the columns of the file"
            )
        if self.unit not in get_args(Unit):
            raise UserError(f"got unit={self.unit}, expected one of {', '.join(get_args(Unit))}")

    @property
    def used(self) -> tuple[str, ...]:
        """Return the columns that are read, without what a dot leads to."""
        named = self._columns().values()
        return tuple(dict.fromkeys(column.partition(".")[0] for column in named if column != KEY))

    def values_of(self, row: object, *, key: str = "") -> dict[str, Any]:
        """Return what a row holds of each field, None where it holds nothing."""
        found: dict[str, Any] = dict.fromkeys(field.name for field in fields(self))
        for name, column in self._columns().items():
            found[name] = key if column == KEY else value_at(row, column)
        if not isinstance(self.fps, str):
            found["fps"] = self.fps
        return found

    def _columns(self) -> dict[str, str]:
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: c for name, c in named.items() if isinstance(c, str) and name != "unit"}


def value_at(row: object, column: str) -> Any:
    """Return what a column's path leads to, or None where it leads nowhere.

    Example:
        >>> value_at({"when": {"times": [3, 4]}}, "when.times.1")
        4
        >>> value_at({"a.b": 1}, "a.b")
        1
    """
    if isinstance(row, Mapping) and column in row:
        return row[column]
    value: Any = row
    for step in column.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, Sequence) and not isinstance(value, str) and step.isdecimal():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value
