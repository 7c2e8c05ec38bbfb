"""Fit the local categories judge on refusals whose categories are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.errors import UserError
from rarft.harness.judges.category_weights import LABELS, CategoryWeights, save_weights
from rarft.harness.judges.local_categories import sentence_features
from rarft.harness.judges.refusal_sentences import ngrams, sentences
from rarft.harness.metrics.categories import mask_of

__all__ = ["fit", "save"]

MAX_NGRAMS: Final = 5000
MIN_SENTENCES: Final = 2
INVERSE_REGULARISATION: Final = 10.0
ABSENT: Final = -30.0
"""The intercept of a label that no sentence has: its probability is e^-30."""

save = save_weights


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A sentence, or a whole text, with what it is about and how much it counts."""

    text: str
    label: int
    weight: float = 1.0


def fit(
    texts: Sequence[str],
    categories: Sequence[Sequence[str]],
    *,
    seed: int = 0,
    name: str = "fitted",
    source: str = "",
) -> CategoryWeights:
    """Fit a multinomial logistic regression on TF-IDF of n-grams, sentence by sentence.

    Where a refusal has as many sentences as categories, after one opening or without, the order
    of its categories says what each sentence is about, as in the official files. Otherwise the
    whole text is an example of each of its categories. The same input gives the same weights.

    Raises:
        UserError: there are no texts, or they name fewer than two categories.
        ValueError: a text has no category, or one that does not exist.
    """
    examples = [
        example
        for text, named in zip(texts, categories, strict=True)
        for example in _examples(text, named)
    ]
    labels = np.array([example.label for example in examples])
    if len(set(labels) - {len(LABELS) - 1}) < 2:
        raise UserError(
            f"got {len(texts)} refusals with categories, expected some of at least two categories; "
            "name tasks whose irrelevant queries have them, for example --tasks hi_charades"
        )
    vocabulary = _vocabulary([example.text for example in examples])
    idf = _idf([example.text for example in examples], vocabulary)
    coefficients, intercepts = _regression(
        _matrix([example.text for example in examples], vocabulary, idf),
        labels,
        np.array([example.weight for example in examples]),
        seed=seed,
    )
    return CategoryWeights(
        name=name,
        source=source,
        n_texts=len(texts),
        ngrams=vocabulary,
        idf=idf,
        coefficients=coefficients.astype(np.float16),
        intercepts=intercepts.astype(np.float16),
    )


def _examples(text: str, categories: Sequence[str]) -> list[_Labelled]:
    if not mask_of(categories):
        raise ValueError(f"got the refusal {text!r} without categories, expected at least one")
    labels = [LABELS.index(category) for category in categories]
    parts = sentences(text)
    if len(parts) == len(labels):
        return [_Labelled(part, label) for part, label in zip(parts, labels, strict=True)]
    if len(parts) == len(labels) + 1:
        opening = _Labelled(parts[0], len(LABELS) - 1)
        rest = zip(parts[1:], labels, strict=True)
        return [opening, *(_Labelled(part, label) for part, label in rest)]
    return [_Labelled(text, label, 1 / len(labels)) for label in labels]


def _vocabulary(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the n-grams of most sentences; of equally frequent ones the first by alphabet."""
    counts = Counter(ngram for text in texts for ngram in ngrams(text))
    frequent = [(-count, ngram) for ngram, count in counts.items() if count >= MIN_SENTENCES]
    return tuple(sorted(ngram for _, ngram in sorted(frequent)[:MAX_NGRAMS]))


def _idf(texts: Sequence[str], vocabulary: tuple[str, ...]) -> NDArray[np.float16]:
    counts = Counter(ngram for text in texts for ngram in ngrams(text))
    n_with = np.array([counts[ngram] for ngram in vocabulary])
    return (np.log((1 + len(texts)) / (1 + n_with)) + 1).astype(np.float16)


def _matrix(texts: Sequence[str], vocabulary: tuple[str, ...], idf: NDArray[np.float16]) -> Any:
    """Return the features as a sparse matrix. Shape: (texts, n-grams)."""
    from scipy.sparse import csr_matrix

    places = {ngram: place for place, ngram in enumerate(vocabulary)}
    rows = [sentence_features(text, places, idf.astype(np.float32)) for text in texts]
    starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    columns = np.concatenate([columns for columns, _ in rows])
    values = np.concatenate([values for _, values in rows])
    return csr_matrix((values, columns, starts), shape=(len(texts), len(vocabulary)))


def _regression(
    features: Any, labels: NDArray[np.int64], weights: NDArray[np.float64], *, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coefficients, shape (n-grams, labels), and the intercepts of every label."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=1000, random_state=seed)
    model.fit(features.astype(np.float64), labels, sample_weight=weights)
    fitted, offsets = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        # Two labels share one row: the log odds of the second.
        fitted, offsets = np.vstack([0 * fitted, fitted]), np.array([0.0, offsets[0]])
    coefficients = np.zeros((features.shape[1], len(LABELS)))
    intercepts = np.full(len(LABELS), ABSENT)
    coefficients[:, model.classes_] = fitted.T
    intercepts[model.classes_] = offsets
    return coefficients, intercepts
