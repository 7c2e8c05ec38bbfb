"""Which slices a query belongs to: its level, its categories and their groups.

A slice holds queries of one class only, so its figure is F1 within the slice.
"""

from __future__ import annotations

from collections.abc import Sequence

from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.taxonomy import CATEGORIES, GROUPS, LEVELS, Level

RELEVANT_PREFIX = "f1_relevant/"
IRRELEVANT_PREFIX = "f1_irrelevant/"


def slice_keys(
    *, relevant: bool, level: Level | None, categories: Sequence[str]
) -> tuple[str, ...]:
    """Return the key of every slice that a query belongs to, each once.

    Example:
        >>> slice_keys(relevant=False, level="weak", categories=("Scene/SceneExistence",))
        ('f1_irrelevant/weak', 'f1_irrelevant/Scene', 'f1_irrelevant/Scene/SceneExistence')
    """
    prefix = RELEVANT_PREFIX if relevant else IRRELEVANT_PREFIX
    names: list[str] = [level] if level else []
    if not relevant:
        for category in categories:
            names += [category.partition("/")[0], category]
    return tuple(prefix + name for name in dict.fromkeys(names))


def queries_by_slice(outcomes: Sequence[QueryOutcome]) -> dict[str, list[int]]:
    """Return the positions of each slice's queries, the slices in the taxonomy's order."""
    known: dict[tuple[bool, Level | None, tuple[str, ...]], tuple[str, ...]] = {}
    positions: dict[str, list[int]] = {}
    for index, one in enumerate(outcomes):
        kind = (one.relevant, one.level, one.categories)
        keys = known.get(kind)
        if keys is None:
            keys = slice_keys(relevant=kind[0], level=kind[1], categories=kind[2])
            known[kind] = keys
        for key in keys:
            positions.setdefault(key, []).append(index)
    return {key: positions[key] for key in sorted(positions, key=_rank)}


def _rank(key: str) -> tuple[int, str]:
    name = key.split("/", 1)[1]
    return (_ORDER.get(name, len(_ORDER)), key)


_ORDER = {name: rank for rank, name in enumerate((*LEVELS, *GROUPS, *CATEGORIES))}
