"""The local judge of categories: a linear text classifier that needs no network.

It reads each sentence of an explanation by itself: one of the mismatch categories, or none. The
sentences together give a distribution over sets of categories, and the answer is the set with the
highest expected Jaccard index, which may be empty. It sees neither the query nor the video.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.judges.case import Case
from rarft.harness.judges.category_weights import LABELS, CategoryWeights, load_weights
from rarft.harness.judges.refusal_sentences import ngrams, sentences
from rarft.harness.metrics.categories import N_SETS, jaccard_table, set_of
from rarft.harness.types import Judgement

__all__ = [
    "LABELS",
    "NAME",
    "VERSION",
    "CategoryWeights",
    "categories_of",
    "judge_categories",
    "load_weights",
    "sentence_features",
]

NAME: Final = "local"
VERSION: Final = "1"
_CHUNK = 512


def judge_categories(cases: Sequence[Case], *, weights: CategoryWeights) -> list[Judgement]:
    """Return the categories that each case's judged text names, in the order of the cases."""
    return [
        Judgement(
            measure="categories", judge=NAME, version=VERSION, model=weights.identity, value=value
        )
        for value in categories_of([case.text for case in cases], weights)
    ]


def categories_of(texts: Sequence[str], weights: CategoryWeights) -> list[tuple[str, ...]]:
    """Return the categories each text names, in the order of CATEGORIES.

    A text that says nothing but that the query does not match names none.
    """
    found: dict[str, NDArray[np.float32]] = {}
    split = [sentences(text) for text in texts]
    for sentence in {one for group in split for one in group}:
        found[sentence] = _probabilities(sentence, weights)
    return [
        answer
        for start in range(0, len(split), _CHUNK)
        for answer in _best_sets(
            [[found[one] for one in group] for group in split[start : start + _CHUNK]]
        )
    ]


def sentence_features(
    sentence: str, places: dict[str, int], idf: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the rows of a sentence's known n-grams and their TF-IDF, of Euclidean length 1."""
    counts = ngrams(sentence)
    known = [(places[ngram], 1 + log(count)) for ngram, count in counts.items() if ngram in places]
    rows = np.array([place for place, _ in known], dtype=np.intp)
    values = np.array([value for _, value in known], dtype=np.float32) * idf[rows]
    # A sentence without a known n-gram has the length 0.
    length = np.float32(max(float(np.linalg.norm(values)), 1e-12))
    return rows, np.divide(values, length, dtype=np.float32)


def _probabilities(sentence: str, weights: CategoryWeights) -> NDArray[np.float32]:
    """Return the probability of each label; a sentence without a known n-gram is about none."""
    rows, values = sentence_features(sentence, weights.places, weights.idf.astype(np.float32))
    if not len(rows):
        return np.array([0.0] * (len(LABELS) - 1) + [1.0], dtype=np.float32)
    scores = values @ weights.coefficients[rows].astype(np.float32) + weights.intercepts
    odds = np.exp(scores - scores.max())
    return np.asarray(odds / odds.sum(), dtype=np.float32)


def _best_sets(groups: Sequence[Sequence[NDArray[np.float32]]]) -> list[tuple[str, ...]]:
    """Return for each text the set with the highest expected Jaccard index.

    An empty answer to a text that names nothing counts as right here, and only here: otherwise a
    bare refusal would be read as the most frequent category.
    """
    shares = np.zeros((len(groups), N_SETS), dtype=np.float32)
    for row, group in zip(shares, groups, strict=True):
        row[:] = _distribution(group)
    expected = shares @ jaccard_table().astype(np.float32)
    return [set_of(int(mask)) for mask in expected.argmax(axis=1)]


def _distribution(group: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the probability of each set of categories, sentences being independent.

    Shape: (2048,). Several sentences may be about the same category.
    """
    shares = np.zeros(N_SETS, dtype=np.float32)
    shares[0] = 1.0
    for probabilities in group:
        following = shares * probabilities[-1]
        for place, probability in enumerate(probabilities[:-1]):
            # The axis in the middle says whether a set has this category.
            before = shares.reshape(-1, 2, 1 << place)
            following.reshape(-1, 2, 1 << place)[:, 1] += before.sum(axis=1) * probability
        shares = following
    return shares
