"""How evenly a task spreads over categories and levels, and what a constant answer scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rarft.harness.metrics.categories import best_constant_set
from rarft.harness.taxonomy import CATEGORIES, LEVELS
from rarft.harness.types import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance:
    """Counts of queries per level, and of irrelevant queries per category.

    A query may have several categories. `best_constant_set` is the set that, answered to every
    query with categories, has the highest mean Jaccard index with theirs, and so the RT-IoU that
    needs no video; it is None where no query has one of the 11 categories.
    """

    levels: dict[str, int]
    categories: dict[str, int]
    n_with_categories: int
    n_outside_taxonomy: int
    best_constant_set: tuple[str, ...] | None
    best_constant_jaccard: float | None


def imbalance(queries: Sequence[Query]) -> Imbalance:
    """Count levels and categories.

    Example:
        >>> query = Query(id="1", task="t", video="v", text="", record="1", relevant=False,
        ...               categories=("Attribute/Counting",), level="strong")
        >>> found = imbalance([query])
        >>> found.levels, found.best_constant_set, found.best_constant_jaccard
        ({'strong': 1}, ('Attribute/Counting',), 1.0)
    """
    levels = Counter(query.level for query in queries if query.level is not None)
    named = [query.categories for query in queries if not query.relevant and query.categories]
    counts = Counter(category for categories in named for category in categories)
    gold = [[one for one in categories if one in CATEGORIES] for categories in named]
    known = [categories for categories in gold if categories]
    best, mean = best_constant_set(known) if known else (None, None)
    return Imbalance(
        levels={level: levels[level] for level in LEVELS if levels[level]},
        categories={one: counts[one] for one in CATEGORIES if known or counts[one]},
        n_with_categories=len(named),
        n_outside_taxonomy=sum(
            any(one not in CATEGORIES for one in categories) for categories in named
        ),
        best_constant_set=best,
        best_constant_jaccard=mean,
    )
