"""How well read categories agree with gold ones, per category, beside a constant answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from rarft.harness.errors import UserError
from rarft.harness.judges.fit_categories import fit
from rarft.harness.judges.local_categories import categories_of
from rarft.harness.metrics.categories import best_constant_set, jaccard
from rarft.harness.taxonomy import CATEGORIES


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryCounts:
    """In how many of `n_texts` a category is gold, is read, and both."""

    category: str
    n_texts: int
    n_gold: int
    n_read: int
    n_both: int

    @property
    def precision(self) -> float | None:
        """Return the share of what is read that is gold, None where nothing is read."""
        return self.n_both / self.n_read if self.n_read else None

    @property
    def recall(self) -> float | None:
        """Return the share of what is gold that is read, None where nothing is gold."""
        return self.n_both / self.n_gold if self.n_gold else None

    @property
    def f1(self) -> float | None:
        """Return 2 both / (gold + read), None where the category is neither."""
        either = self.n_gold + self.n_read
        return 2 * self.n_both / either if either else None

    @property
    def kappa(self) -> float | None:
        """Return Cohen's kappa of "has the category", None where chance agreement is complete.

        Example:
            >>> CategoryCounts(category="Attribute/Counting", n_texts=10, n_gold=5, n_read=5,
            ...                n_both=4).kappa
            0.6
        """
        n, gold, read = self.n_texts, self.n_gold, self.n_read
        n_same = n - gold - read + 2 * self.n_both
        by_chance = gold * read + (n - gold) * (n - read)
        return (n * n_same - by_chance) / (n * n - by_chance) if by_chance < n * n else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement over texts: means over all of them, and the counts of each category.

    `constant_set` is the best constant answer on the same texts, chosen with their gold in hand.
    """

    n_texts: int
    mean_jaccard: float
    exact_match: float
    n_empty: int
    constant_set: tuple[str, ...]
    constant_jaccard: float
    categories: tuple[CategoryCounts, ...]


def agreement(read: Sequence[Sequence[str]], gold: Sequence[Sequence[str]]) -> Agreement:
    """Compare the categories read in each text with its gold ones, which must not be empty.

    Example:
        >>> counting, moving = "Attribute/Counting", "Object/ObjectMoving"
        >>> found = agreement([[counting], [counting, moving]], [[counting], [moving]])
        >>> found.mean_jaccard, found.exact_match, found.constant_jaccard
        (0.75, 0.5, 0.5)
    """
    constant_set, constant_jaccard = best_constant_set(gold)
    pairs = [(set(one), set(other)) for one, other in zip(read, gold, strict=True)]
    return Agreement(
        n_texts=len(pairs),
        mean_jaccard=fmean(jaccard(one, other) for one, other in pairs),
        exact_match=fmean(one == other for one, other in pairs),
        n_empty=sum(not one for one, _ in pairs),
        constant_set=constant_set,
        constant_jaccard=constant_jaccard,
        categories=tuple(
            CategoryCounts(
                category=category,
                n_texts=len(pairs),
                n_gold=sum(category in other for _, other in pairs),
                n_read=sum(category in one for one, _ in pairs),
                n_both=sum(category in one & other for one, other in pairs),
            )
            for category in CATEGORIES
        ),
    )


def cross_validated(
    texts: Sequence[str],
    categories: Sequence[Sequence[str]],
    groups: Sequence[str],
    *,
    n_folds: int = 5,
    seed: int = 0,
    added: tuple[Sequence[str], Sequence[Sequence[str]]] = ((), ()),
) -> Agreement:
    """Read every text with weights that were fitted on other groups, and compare with gold.

    `groups` names the video of each text; all texts of one video are in one fold. `added` are
    texts with categories that every fold is fitted on too and none is tested on.

    Raises:
        UserError: there are fewer groups than folds.
    """
    folds = folds_of(groups, n_folds=n_folds, seed=seed)
    read: list[tuple[str, ...]] = [()] * len(texts)
    for fold in range(n_folds):
        inside = [place for place, own in enumerate(folds) if own != fold]
        outside = [place for place, own in enumerate(folds) if own == fold]
        weights = fit(
            [*(texts[place] for place in inside), *added[0]],
            [*(categories[place] for place in inside), *added[1]],
            seed=seed,
        )
        answers = categories_of([texts[place] for place in outside], weights)
        for place, answer in zip(outside, answers, strict=True):
            read[place] = answer
    return agreement(read, categories)


def folds_of(groups: Sequence[str], *, n_folds: int, seed: int) -> list[int]:
    """Return the fold of each text; texts of one group share it.

    Raises:
        UserError: there are fewer groups than folds.

    Example:
        >>> folds_of(["a.mp4", "b.mp4", "a.mp4", "c.mp4"], n_folds=3, seed=0)
        [1, 2, 1, 0]
    """
    names = sorted(set(groups))
    if len(names) < n_folds:
        raise UserError(
            f"got refusals about {len(names)} videos, expected at least {n_folds}, one for each "
            "fold; name tasks with more videos"
        )
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[place]: rank % n_folds for rank, place in enumerate(order)}
    return [fold_of[group] for group in groups]
