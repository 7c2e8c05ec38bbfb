"""The words that give a class away: n-grams with the largest weights of a classifier of words.

The classifier of blind.py also reads characters; this one leaves them out, for words can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rarft.harness.audit.blind import INVERSE_REGULARISATION, WORD_NGRAMS, has_both_classes
from rarft.harness.types import Query

N_SHOWN: Final = 12
MIN_QUERIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingNgram:
    """An n-gram, its weight in log odds of relevance, and how many queries hold it."""

    ngram: str
    weight: float
    n_relevant: int
    n_irrelevant: int


def telling_ngrams(
    queries: Sequence[Query], *, n_shown: int = N_SHOWN
) -> tuple[tuple[TellingNgram, ...], tuple[TellingNgram, ...]]:
    """Return the n-grams that speak most for a relevant, and for an irrelevant query.

    N-grams of fewer than three queries are left out. Both are empty where there is one class only.

    Example:
        >>> queries = [Query(id=f"{i}", task="t", video=f"{i}", record="", relevant=i < 4,
        ...                  text="dog" if i < 4 else "no dog") for i in range(8)]
        >>> relevant, irrelevant = telling_ngrams(queries)
        >>> [each.ngram for each in irrelevant]
        ['no', 'no dog']
    """
    if not has_both_classes(queries):
        return (), ()
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    ordered = sorted(queries, key=lambda query: (query.video, query.task, query.id))
    vectorizer = CountVectorizer(ngram_range=WORD_NGRAMS, token_pattern=r"\w+", lowercase=False)
    # The extra row is dropped again; it keeps texts without any word from being an error.
    counts = vectorizer.fit_transform([*(query.text for query in ordered), "end"])[:-1]
    labels = np.array([query.relevant for query in ordered], dtype=bool)
    model = LogisticRegression(C=INVERSE_REGULARISATION, solver="liblinear")
    model.fit(TfidfTransformer(sublinear_tf=True).fit_transform(counts), labels)
    present = counts > 0
    n_relevant, n_irrelevant = _n_holding(present[labels]), _n_holding(present[~labels])
    names = vectorizer.get_feature_names_out()
    kept = np.flatnonzero(n_relevant + n_irrelevant >= MIN_QUERIES)
    weights = model.coef_[0].round(6)
    order = sorted(kept.tolist(), key=lambda index: (-weights[index], names[index]))
    found = [
        TellingNgram(
            ngram=str(names[index]),
            weight=float(weights[index]),
            n_relevant=int(n_relevant[index]),
            n_irrelevant=int(n_irrelevant[index]),
        )
        for index in order
    ]
    against = sorted(found, key=lambda each: (each.weight, each.ngram))
    return (
        tuple(each for each in found if each.weight > 0)[:n_shown],
        tuple(each for each in against if each.weight < 0)[:n_shown],
    )


def _n_holding(present: Any) -> Any:
    """Return how many rows hold each n-gram. Shape: sparse (n, n_ngrams) to (n_ngrams,)."""
    return np.asarray(present.sum(axis=0)).ravel()
