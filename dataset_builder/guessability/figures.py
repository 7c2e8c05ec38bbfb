"""What two blind models make of a set: the figures of its card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rarft.dataset_builder.guessability.second_model import embeddings, second_probabilities
from rarft.harness.audit.blind import FloatArray, blind_probabilities
from rarft.harness.audit.guesses import N_RESAMPLES, guess_figures, leakage
from rarft.harness.errors import UserError
from rarft.harness.types import Query

N_DIGITS: Final = 6


def guessability(
    queries: Sequence[Query],
    *,
    encoder: str | None,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
) -> dict[str, Any]:
    """Return how well two blind models tell the labels of a set, each on videos it never saw.

    `blind` is the audit's classifier of n-grams; `second` is made of sentence embeddings, and None
    without an encoder.

    Raises:
        UserError: the queries are of one class or about one video, or the encoder cannot be loaded.
    """
    if len({query.id for query in queries}) < len(queries):
        raise UserError(
            "got two queries with one id, expected ids that differ; the blind models need each once"
        )
    first = blind_probabilities(queries, seed=seed)
    second = None
    if encoder is not None:
        vectors = embeddings([query.text for query in queries], encoder=encoder)
        second = auc_figures(
            queries,
            second_probabilities(queries, vectors, seed=seed),
            seed=seed,
            n_resamples=n_resamples,
        )
    return {
        "n_queries": len(queries),
        "n_relevant": sum(query.relevant for query in queries),
        "n_videos": len({query.video for query in queries}),
        "seed": seed,
        "blind": auc_figures(queries, first, seed=seed, n_resamples=n_resamples),
        "second": second,
    }


def auc_figures(
    queries: Sequence[Query],
    probabilities: FloatArray,
    *,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
) -> dict[str, float | None]:
    """Return AUC with its 95% interval over videos, leakage and F1. Shape: (n_queries,)."""
    figures = guess_figures(queries, probabilities, n_resamples=n_resamples, seed=seed)
    auc = figures["auc"]
    found = {
        "auc": auc.value,
        "auc_ci_low": auc.low,
        "auc_ci_high": auc.high,
        "leakage": leakage(auc.value),
        "f1_avg": figures["f1_avg"].value,
    }
    return {
        name: None if value is None else round(value, N_DIGITS) for name, value in found.items()
    }
