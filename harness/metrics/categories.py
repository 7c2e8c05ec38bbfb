"""How well two sets of mismatch categories agree, and what a constant answer would score.

Every set of categories is a number below 2048 with one bit a category, in the order of CATEGORIES,
so that a Jaccard index over all sets is one table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.taxonomy import CATEGORIES

N_SETS: Final = 1 << len(CATEGORIES)
_BITS: Final = {category: 1 << place for place, category in enumerate(CATEGORIES)}


def jaccard(a: Iterable[str], b: Iterable[str]) -> float:
    """Return the number of shared categories over the number of all, from 0 to 1.

    RT-IoU is this index between the categories a judge reads in an explanation and those of the
    query (RA-RFT, Section 4.1). A query without categories has none: the official code gives two
    empty sets 1, here they are not applicable and must not be asked for.

    Raises:
        ValueError: both sets are empty.

    Example:
        >>> jaccard(["Object/ObjectExistence"],
        ...         ["Object/ObjectExistence", "Action/FineGrainedAction"])
        0.5
        >>> jaccard([], ["Object/ObjectExistence"])
        0.0
    """
    first, second = set(a), set(b)
    either = first | second
    if not either:
        raise ValueError("got two empty sets of categories, expected at least one category")
    return len(first & second) / len(either)


def best_constant_set(gold: Sequence[Iterable[str]]) -> tuple[tuple[str, ...], float]:
    """Return the set with the highest mean Jaccard index over all queries, and that mean.

    It is the score of a judge that reads nothing. Of equal sets the first in the order of
    CATEGORIES, read as bits, is taken.

    Raises:
        ValueError: there is no query, one has no category, or one has an unknown category.

    Example:
        >>> gold = [["Object/ObjectExistence"], ["Object/ObjectExistence", "Attribute/Counting"]]
        >>> best_constant_set(gold)
        (('Object/ObjectExistence',), 0.75)
    """
    if not gold:
        raise ValueError("got no query, expected at least one with categories")
    masks = [mask_of(one) for one in gold]
    if 0 in masks:
        raise ValueError(f"got query {masks.index(0)} without categories, expected at least one")
    shares = np.bincount(masks, minlength=N_SETS) / len(masks)
    means = jaccard_table()[1:] @ shares
    best = int(means.argmax())
    return set_of(best + 1), float(means[best])


def mask_of(categories: Iterable[str]) -> int:
    """Return the number of a set of categories.

    Raises:
        ValueError: a category does not exist.

    Example:
        >>> mask_of(["Action/ActionSequence", "Object/ObjectExistence"])
        5
    """
    mask = 0
    for category in categories:
        if category not in _BITS:
            raise ValueError(f"got the category {category!r}, expected one of {list(_BITS)}")
        mask |= _BITS[category]
    return mask


def set_of(mask: int) -> tuple[str, ...]:
    """Return the categories of a set's number, in the order of CATEGORIES.

    Example:
        >>> set_of(5)
        ('Action/ActionSequence', 'Object/ObjectExistence')
    """
    return tuple(category for category, bit in _BITS.items() if mask & bit)


@cache
def jaccard_table() -> NDArray[np.float64]:
    """Return the Jaccard index of every pair of sets; of two empty ones it is given as 1.

    Shape: (2048, 2048), read-only.
    """
    masks = np.arange(N_SETS)
    bits = (masks[:, None] >> np.arange(len(CATEGORIES)) & 1).astype(np.float64)
    shared: NDArray[np.float64] = bits @ bits.T
    sizes = bits.sum(axis=1)
    table: NDArray[np.float64] = shared / np.maximum(sizes[:, None] + sizes - shared, 1.0)
    table[0, 0] = 1.0
    table.setflags(write=False)
    return table
