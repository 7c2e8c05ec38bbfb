"""Which words relevant queries use, and together with which: what makes an edit read like one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_RARE = 1e-4


@dataclass(frozen=True, slots=True)
class Company:
    """How many queries hold a word, and both words of a pair in the order of the alphabet."""

    n_queries: int
    words: Counter[str]
    pairs: Counter[tuple[str, str]]

    def weight(self, word: str, beside: Sequence[str]) -> float:
        """Return how often a word is used in queries that hold one of the words beside it.

        It is the mean of P(word | other) over the other words, and never quite 0.

        Example:
            >>> company = company_of([["opens", "door"], ["opens", "box"], ["eats", "apple"]])
            >>> company.weight("door", ["opens"]), company.weight("apple", ["opens"]) < 0.001
            (0.5001, True)
        """
        told = [
            self.pairs[min(word, other), max(word, other)] / self.words[other]
            for other in beside
            if self.words[other]
        ]
        return (sum(told) / len(told) if told else self.words[word] / self.n_queries) + _RARE


def company_of(queries: Iterable[Sequence[str]]) -> Company:
    """Count the words of queries, each word once a query."""
    n_queries = 0
    words: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for query in queries:
        n_queries += 1
        held = sorted(set(query))
        words.update(held)
        pairs.update((one, other) for at, one in enumerate(held) for other in held[at + 1 :])
    return Company(n_queries=n_queries, words=words, pairs=pairs)
