"""Checks of labels: queries asked twice, queries labelled both ways, negatives lent by positives.

Two queries are about the same when their video and clip are; words are compared without case,
punctuation and articles.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from rarft.harness.audit.words import same_words_key
from rarft.harness.types import Query, Span

Group = tuple[str, ...]
"""The ids of queries that belong together, in the task's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Groups of queries of one class about one video: the same text, or only the same words."""

    exact: tuple[Group, ...]
    near: tuple[Group, ...]

    @property
    def n_exact(self) -> int:
        """Return how many queries repeat an earlier one."""
        return sum(len(group) - 1 for group in self.exact)

    @property
    def n_near(self) -> int:
        """Return how many queries repeat only the words of an earlier one."""
        return sum(len(group) - 1 for group in self.near)


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowedNegatives:
    """Irrelevant queries whose words are a relevant query of another video.

    `n_texts` counts the different texts of the task, `n_balanced_texts` those that are as often
    irrelevant as relevant: seen with one label, they are more likely to have the other.
    """

    n_irrelevant: int
    ids: Group
    n_texts: int
    n_balanced_texts: int

    @property
    def share(self) -> float:
        """Return the share of the irrelevant queries, 0 where there is none."""
        return len(self.ids) / self.n_irrelevant if self.n_irrelevant else 0.0


def duplicates(queries: Sequence[Query]) -> Duplicates:
    """Find queries of one class that ask the same about the same video."""
    exact = _groups((_place(query), query.relevant, query.text) for query in queries)
    near = _groups((_place(query), query.relevant, same_words_key(query.text)) for query in queries)
    text = [query.text for query in queries]
    return Duplicates(
        exact=tuple(_ids(group, queries) for group in exact),
        near=tuple(
            _ids(first_of_each, queries)
            for group in near
            if len(first_of_each := _first_of_each_text(group, text)) > 1
        ),
    )


def contradictions(queries: Sequence[Query]) -> tuple[Group, ...]:
    """Find the same words about the same video, labelled relevant as well as irrelevant."""
    return tuple(
        _ids(group, queries)
        for group in _groups((_place(query), same_words_key(query.text)) for query in queries)
        if len({queries[index].relevant for index in group}) == 2
    )


def borrowed_negatives(queries: Sequence[Query]) -> BorrowedNegatives:
    """Find irrelevant queries that are, in the same words, relevant to another video.

    Example:
        >>> def asked(video, text, relevant):
        ...     return Query(id=f"{video}{relevant}", task="t", video=video, text=text,
        ...                  relevant=relevant, record=video)
        >>> found = borrowed_negatives([asked("a", "A man runs.", True), asked("b", "man runs",
        ...                             False), asked("b", "a dog", False)])
        >>> found.ids, found.share, found.n_balanced_texts
        (('bFalse',), 0.5, 1)
    """
    words = [same_words_key(query.text) for query in queries]
    videos_of: dict[str, set[str]] = defaultdict(set)
    balance: Counter[str] = Counter()
    for query, key in zip(queries, words, strict=True):
        balance[key] += 1 if query.relevant else -1
        if query.relevant:
            videos_of[key].add(query.video)
    borrowed = [
        query.id
        for query, key in zip(queries, words, strict=True)
        if not query.relevant and videos_of.get(key, set()) - {query.video}
    ]
    return BorrowedNegatives(
        n_irrelevant=sum(not query.relevant for query in queries),
        ids=tuple(borrowed),
        n_texts=len(balance),
        n_balanced_texts=sum(not surplus for surplus in balance.values()),
    )


def _place(query: Query) -> tuple[str, Span | None]:
    return query.video, query.clip


def _groups(keys: Iterable[Hashable]) -> list[list[int]]:
    """Return the positions of each key that occurs more than once, in order."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        places[key].append(position)
    return [group for group in places.values() if len(group) > 1]


def _first_of_each_text(group: Sequence[int], text: Sequence[str]) -> list[int]:
    """Leave out what repeats a text exactly, which is a finding of its own."""
    return list({text[index]: index for index in reversed(group)}.values())[::-1]


def _ids(group: Iterable[int], queries: Sequence[Query]) -> Group:
    return tuple(queries[index].id for index in group)
