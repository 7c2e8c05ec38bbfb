"""A second blind model, unlike the first: sentence embeddings and a logistic regression.

Selection never sees it, so that it says whether a set has become hard to guess, or only hard for
the classifier that chose it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import numpy as np

from rarft.harness.audit.blind import BoolArray, FloatArray
from rarft.harness.errors import UserError
from rarft.harness.judges.encoder import DEFAULT_ENCODER, load_encoder
from rarft.harness.types import Query

N_FOLDS: Final = 5
INVERSE_REGULARISATION: Final = 1.0
_BATCH: Final = 64


def embeddings(texts: Sequence[str], *, encoder: str = DEFAULT_ENCODER) -> FloatArray:
    """Return the embedding of each text, each distinct text encoded once.

    Shape: (n_texts, n_dimensions).

    Raises:
        UserError: the encoder cannot be loaded.
    """
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    vectors = load_encoder(encoder).encode(
        distinct, batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True
    )
    at = {text: index for index, text in enumerate(distinct)}
    rows: FloatArray = vectors.astype("float64")[[at[text] for text in texts]]
    return rows


def second_probabilities(
    queries: Sequence[Query], vectors: FloatArray, *, seed: int = 0, n_folds: int = N_FOLDS
) -> FloatArray:
    """Return each query's P(relevant) from a fit that saw no query about its video.

    Shape: vectors (n_queries, n_dimensions), the result (n_queries,).

    Raises:
        UserError: the queries are of one class, or about one video.
    """
    videos = sorted({query.video for query in queries})
    labels = np.array([query.relevant for query in queries], dtype=bool)
    if len(videos) < 2 or labels.all() or not labels.any():
        raise UserError(
            f"got {len(queries)} queries about {len(videos)} videos, expected relevant and "
            "irrelevant ones about two videos or more; the blind models are not applicable"
        )
    random.Random(seed).shuffle(videos)
    fold_of = {video: index % n_folds for index, video in enumerate(videos)}
    fold = np.array([fold_of[query.video] for query in queries])
    probabilities = np.empty(len(queries))
    for held_out in (fold == number for number in range(min(n_folds, len(videos)))):
        probabilities[held_out] = second_probabilities_from(
            vectors[~held_out], labels[~held_out], vectors[held_out]
        )
    return probabilities


def second_probabilities_from(
    train_vectors: FloatArray, train_relevant: BoolArray, vectors: FloatArray
) -> FloatArray:
    """Return P(relevant) of texts from a fit to others, all given by their embeddings.

    Shape: train_relevant (n_train,), the result (n_texts,).
    """
    from sklearn.linear_model import LogisticRegression

    if train_relevant.all() or not train_relevant.any():
        return np.full(len(vectors), float(train_relevant.mean()))
    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=2_000)
    model.fit(train_vectors, train_relevant)
    probabilities: FloatArray = model.predict_proba(vectors)[:, 1]
    return probabilities
