"""What one build has that another has not, row by row and fact by fact.

Rows are compared by their ids; 34 bytes of each are in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rarft.dataset_builder.output.found_build import PARTS, BuildFacts, find_build, flat
from rarft.dataset_builder.output.row_index import Offsets, RowIndex, index_rows, rows_at
from rarft.dataset_builder.output.tally import Counting, Tally

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """One row that differs; `fields` names what was changed of a row that both builds have."""

    kind: Kind
    id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    fields: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the change as a JSON object."""
        return {
            "change": self.kind,
            "id": self.id,
            "fields": list(self.fields),
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildDiff:
    """Where the rows lie that differ, and what else does.

    Shape: removed is (n_removed,) in the file before, added (n_added,) in the one after, and
    rewritten (n, 2) holds the places of rows in both whose bytes differ. `facts` gives the value
    before and after of each fact of build.json that differs.
    """

    before: Path
    after: Path
    n_same: int
    removed: Offsets
    added: Offsets
    rewritten: Offsets
    tallies: tuple[Tally, Tally]
    facts: Mapping[str, tuple[Any, Any]]

    def changes(self) -> Iterator[RowChange]:
        """Yield every row that differs: removed and changed ones in their order, then added."""
        for row in rows_at(self.before, self.removed):
            yield RowChange(kind="removed", id=row.query.id, before=row.to_json(), after=None)
        pairs = (rows_at(path, self.rewritten[:, place]) for place, path in self._files())
        for old, new in zip(*pairs, strict=True):
            fields = _fields(old.to_json(), new.to_json())
            if fields:
                yield RowChange(
                    kind="changed",
                    id=old.query.id,
                    before=old.to_json(),
                    after=new.to_json(),
                    fields=fields,
                )
        for row in rows_at(self.after, self.added):
            yield RowChange(kind="added", id=row.query.id, before=None, after=row.to_json())

    def _files(self) -> tuple[tuple[int, Path], tuple[int, Path]]:
        return (0, self.before), (1, self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffCounts:
    """How many rows were changed in which way; a row counts once for each of its fields."""

    n_added: int
    n_removed: int
    n_changed: int
    n_same: int
    fields: Mapping[str, int]


def diff_builds(before: Path, after: Path) -> BuildDiff:
    """Compare two builds, by their folders or their files of rows.

    Raises:
        NotFoundError: there is no such build.
        UserError: a row is damaged, or an id comes twice.
    """
    old, new = find_build(before), find_build(after)
    countings = Counting(), Counting()
    old_index = index_rows(old.rows, see=countings[0].add)
    new_index = index_rows(new.rows, see=countings[1].add)
    _, in_old, in_new = np.intersect1d(old_index.ids, new_index.ids, return_indices=True)
    by_place = np.argsort(in_old, kind="stable")
    in_old, in_new = in_old[by_place], in_new[by_place]
    differs = old_index.contents[in_old] != new_index.contents[in_new]
    return BuildDiff(
        before=old.rows,
        after=new.rows,
        n_same=int((~differs).sum()),
        removed=_without(old_index, in_old),
        added=_without(new_index, in_new),
        rewritten=np.stack(
            [old_index.offsets[in_old[differs]], new_index.offsets[in_new[differs]]], axis=1
        ),
        tallies=(countings[0].tally(), countings[1].tally()),
        facts=changed_facts(old.facts, new.facts),
    )


def counts_of(diff: BuildDiff, changes: Iterator[RowChange] | None = None) -> DiffCounts:
    """Count the changes; rows that were only written in another way are the same."""
    kinds: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    for change in diff.changes() if changes is None else changes:
        kinds[change.kind] += 1
        fields.update(change.fields)
    return DiffCounts(
        n_added=kinds["added"],
        n_removed=kinds["removed"],
        n_changed=kinds["changed"],
        n_same=diff.n_same + len(diff.rewritten) - kinds["changed"],
        fields=dict(fields.most_common()),
    )


def changed_facts(before: BuildFacts, after: BuildFacts) -> dict[str, tuple[Any, Any]]:
    """Return the facts of two builds that differ, with both values.

    Example:
        >>> changed_facts(BuildFacts(config={"seed": 1}), BuildFacts(config={"seed": 2}))
        {'config.seed': (1, 2)}
    """
    old, new = (flat({name: getattr(one, name) for name in PARTS}) for one in (before, after))
    return {
        name: (old.get(name), new.get(name))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    }


def _without(index: RowIndex, shared: np.ndarray[Any, Any]) -> Offsets:
    """Return the places of rows that are not in both, in file order."""
    own = np.ones(len(index.offsets), dtype=bool)
    own[shared] = False
    offsets: Offsets = index.offsets[own]
    return offsets


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    old, new = _one_level(before), _one_level(after)
    return tuple(name for name in old if old[name] != new.get(name))


def _one_level(row: Mapping[str, Any]) -> dict[str, Any]:
    origin = {f"origin.{name}": value for name, value in row["origin"].items()}
    return {**{name: value for name, value in row.items() if name != "origin"}, **origin}
