"""How well a query's relevance can be guessed from its words alone.

A benchmark whose irrelevant queries read differently can be solved without its videos; every
result is therefore read against this classifier. Only query texts and labels are seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.errors import UserError
from rarft.harness.types import Query

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WORD_NGRAMS: Final = (1, 3)
CHARACTER_NGRAMS: Final = (2, 5)
INVERSE_REGULARISATION: Final = 4.0


def has_both_classes(queries: Sequence[Query]) -> bool:
    """Whether there is a relevant and an irrelevant query, without which nothing can be learned."""
    return len({query.relevant for query in queries}) == 2


def blind_probabilities(queries: Sequence[Query], *, seed: int = 0, n_folds: int = 5) -> FloatArray:
    """Return each query's P(relevant) from a classifier fitted to the other folds.

    Queries about one video are in one fold. The result of a query depends on the set of queries
    and the seed, not on their order.

    Shape: (n_queries,).

    Raises:
        UserError: all queries are of one class, or all are about one video.
        ValueError: n_folds is below 2.

    Example:
        >>> texts = ["a man runs", "a man sits", "no dog", "no cat"]
        >>> queries = [Query(id=t, task="t", video=f"{i % 2}", text=t, record=t, relevant=i < 2)
        ...            for i, t in enumerate(texts)]
        >>> blind_probabilities(queries) > 0.5
        array([ True,  True, False, False])
    """
    _check_classes(queries)
    order = sorted(range(len(queries)), key=lambda i: _identity(queries[i]))
    ordered = [queries[index] for index in order]
    fold = _folds([query.video for query in ordered], seed=seed, n_folds=n_folds)
    relevant = _labels(ordered)
    counted = _ngram_counts([query.text for query in ordered])
    probabilities = np.empty(len(queries))
    for inside in (fold == number for number in range(fold.max() + 1)):
        probabilities[inside] = _fit_and_predict(
            counted, relevant[~inside], training=~inside, asked=inside
        )
    result = np.empty(len(queries))
    result[order] = probabilities
    return result


def blind_probabilities_from(
    train_queries: Sequence[Query], queries: Sequence[Query]
) -> FloatArray:
    """Return each query's P(relevant) from a classifier fitted to the queries of another task.

    Shape: (n_queries,).

    Raises:
        UserError: all training queries are of one class.

    Example:
        >>> texts = ["a man runs", "a man sits", "no dog", "no cat"]
        >>> queries = [Query(id=t, task="t", video="a", text=t, record=t, relevant=i < 2)
        ...            for i, t in enumerate(texts)]
        >>> blind_probabilities_from(queries, queries[2:]) > 0.5
        array([False, False])
    """
    _check_classes(train_queries)
    if not queries:
        return np.empty(0)
    trained = sorted(train_queries, key=_identity)
    counted = _ngram_counts([query.text for query in (*trained, *queries)])
    training = np.arange(len(trained) + len(queries)) < len(trained)
    return _fit_and_predict(counted, _labels(trained), training=training, asked=~training)


def _check_classes(queries: Sequence[Query]) -> None:
    if not has_both_classes(queries):
        raise UserError(
            f"got {len(queries)} queries of fewer than two classes, expected relevant and "
            "irrelevant ones; the blind model is not applicable to this task"
        )


def _identity(query: Query) -> tuple[str, str, str]:
    return query.video, query.task, query.id


def _labels(queries: Sequence[Query]) -> BoolArray:
    return np.array([query.relevant for query in queries], dtype=bool)


def _folds(videos: Sequence[str], *, seed: int, n_folds: int) -> NDArray[np.intp]:
    """Return each query's fold, one a video. Shape: (n_queries,)."""
    if n_folds < 2:
        raise ValueError(f"got {n_folds = }, expected at least 2")
    names, number = np.unique(np.array(videos), return_inverse=True)
    if len(names) < 2:
        raise UserError(
            "got queries about one video, expected at least two; "
            "the blind model is not applicable to this task"
        )
    shuffled = np.random.default_rng(seed).permutation(len(names))
    folds: NDArray[np.intp] = (shuffled % min(n_folds, len(names)))[number]
    return folds


def _ngram_counts(texts: Sequence[str]) -> list[Any]:
    """Count the word and the character n-grams. Shape: sparse (n_texts, n_ngrams) each.

    Counting is most of the work and sees no label, so it is done once for all folds.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    words = CountVectorizer(
        ngram_range=WORD_NGRAMS, token_pattern=r"\w+", lowercase=False, dtype=np.float64
    )
    characters = CountVectorizer(
        analyzer="char", ngram_range=CHARACTER_NGRAMS, lowercase=False, dtype=np.float64
    )
    # The extra row is dropped again; it keeps texts without any n-gram from being an error.
    return [each.fit_transform([*texts, "end"])[:-1] for each in (words, characters)]


def _fit_and_predict(
    counted: Sequence[Any], labels: BoolArray, *, training: BoolArray, asked: BoolArray
) -> FloatArray:
    """Fit to the training rows and return P(relevant) of the asked ones.

    Shape: labels (n_training,), training and asked (n_texts,).
    """
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    train_parts, asked_parts = [], []
    for counts in counted:
        seen = np.asarray(counts[training].sum(axis=0)).ravel() > 0
        if seen.any():
            weigh = TfidfTransformer(sublinear_tf=True)
            train_parts.append(weigh.fit_transform(counts[training][:, seen]))
            asked_parts.append(weigh.transform(counts[asked][:, seen]))
    if not train_parts or len(set(labels.tolist())) < 2:
        return np.full(int(asked.sum()), float(labels.mean()))
    model = LogisticRegression(C=INVERSE_REGULARISATION, solver="liblinear")
    model.fit(hstack(train_parts).tocsr(), labels)
    probabilities: FloatArray = model.predict_proba(hstack(asked_parts).tocsr())[:, 1]
    return probabilities
