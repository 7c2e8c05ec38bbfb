"""A difference between two builds, as lines and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from rarft.dataset_builder.diff import BuildDiff, DiffCounts, RowChange
from rarft.dataset_builder.output.tally import NO_LEVEL, ordered
from rarft.dataset_builder.stats import StatsTable, shown
from rarft.harness.taxonomy import CATEGORIES, LEVELS

_MARKS: Mapping[str, str] = {"added": "+", "removed": "-", "changed": "~"}


def diff_lines(diff: BuildDiff, found: DiffCounts, *, n_shown: int) -> Iterator[str]:
    """Yield what differs in one line, and then the first changes of rows."""
    yield (
        f"{found.n_added:,} rows added, {found.n_removed:,} removed, {found.n_changed:,} changed, "
        f"{found.n_same:,} the same"
    )
    for change in islice(diff.changes(), n_shown):
        yield from _change_lines(change)


def _change_lines(change: RowChange) -> Iterator[str]:
    row = change.after or change.before or {}
    if change.kind != "changed":
        yield f"{_MARKS[change.kind]} {change.id}: {row['text']}"
        return
    yield f"{_MARKS['changed']} {change.id}: {', '.join(change.fields)}"
    for name in change.fields:
        old, new = (_value(one, name) for one in (change.before, change.after))
        yield f"    {name}: {old} -> {new}"


def _value(row: Mapping[str, object] | None, name: str) -> object:
    """Return a field of a row, or of its origin."""
    place: object = row
    for part in name.split("."):
        place = place.get(part) if isinstance(place, Mapping) else None
    return place


def diff_tables(diff: BuildDiff, found: DiffCounts) -> list[StatsTable]:
    """Return the counts and facts that differ."""
    old, new = diff.tallies
    counted = [
        ("levels", old.levels, new.levels, (*LEVELS, NO_LEVEL)),
        ("categories", old.categories, new.categories, CATEGORIES),
        (
            "queries",
            {"relevant": old.n_relevant, "irrelevant": old.n_irrelevant, "videos": old.n_videos},
            {"relevant": new.n_relevant, "irrelevant": new.n_irrelevant, "videos": new.n_videos},
            (),
        ),
    ]
    tables = [
        StatsTable(
            title="changed fields",
            headings=("field", "rows"),
            rows=tuple((name, f"{n:,}") for name, n in found.fields.items()),
        )
    ]
    for title, before, after, names in counted:
        both = ordered({**before, **after}, names)
        rows = tuple(
            (
                name,
                f"{before.get(name, 0):,}",
                f"{after.get(name, 0):,}",
                _change(name, before, after),
            )
            for name in both
            if before.get(name, 0) != after.get(name, 0)
        )
        tables.append(
            StatsTable(title=title, headings=("what", "before", "after", "change"), rows=rows)
        )
    tables.append(
        StatsTable(
            title="facts of build.json",
            headings=("what", "before", "after"),
            rows=tuple(
                (name, shown(one), shown(other)) for name, (one, other) in diff.facts.items()
            ),
        )
    )
    return [table for table in tables if table.rows]


def _change(name: str, before: Mapping[str, int], after: Mapping[str, int]) -> str:
    return f"{after.get(name, 0) - before.get(name, 0):+,}"
