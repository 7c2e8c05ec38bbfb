"""The audit's blind classifier over a set that is being chosen, cross-fitted by video."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rarft.dataset_builder.types import TASK, Candidate, Row
from rarft.harness.audit.blind import (
    BoolArray,
    FloatArray,
    blind_probabilities,
    blind_probabilities_from,
)
from rarft.harness.errors import UserError
from rarft.harness.types import Query

N_FOLDS: Final = 3
N_MEASURED_FOLDS: Final = 5
_MEASURE: Final = 7_919
"""Added to the seed of the folds that measure, so that they are not those that choose."""
_LEAST: Final = 1e-6

Chosen = Sequence[Candidate | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The AUC over a set, P(relevant) of its candidates by id, and of its relevant queries."""

    auc: float
    p_relevant: Mapping[str, float]
    of_relevant: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindScores:
    """The queries that a blind classifier is fitted to and asked about."""

    relevant: tuple[Query, ...]
    candidates: Mapping[str, Query]
    seed: int
    unfitted_videos: frozenset[str]

    def has_both_classes(self, chosen: Chosen) -> bool:
        """Say whether a classifier can be fitted: both labels, and more than one video."""
        labels = {query.relevant for query in self._measured(chosen)}
        return len(labels) == 2 and len({query.video for query in self._measured(chosen)}) > 1

    def guess(self, chosen: Chosen) -> Guess:
        """Guess the labels of a set, each query by a fit without its video."""
        queries = self._measured(chosen)
        labels = np.array([query.relevant for query in queries], dtype=bool)
        probabilities = blind_probabilities(
            queries, seed=self.seed + _MEASURE, n_folds=N_MEASURED_FOLDS
        )
        told = zip(queries, probabilities.tolist(), strict=True)
        return Guess(
            auc=auc_of(labels, probabilities),
            p_relevant={query.id: p for query, p in told if not query.relevant},
            of_relevant=tuple(probabilities[labels].tolist()),
        )

    def log_odds(self, chosen: Chosen, *, fold_seed: int) -> dict[str, float]:
        """Return the log odds of relevance of every candidate, fitted without its video."""
        fold = self._folds(fold_seed)
        fitted = self._measured(chosen)
        odds: dict[str, float] = {}
        for number in sorted({*fold.values(), -1}):
            asked = [one for one in self.candidates.values() if fold.get(one.video, -1) == number]
            train = [one for one in fitted if fold[one.video] != number]
            if asked and len({one.relevant for one in train}) == 2:
                for one, p in zip(asked, blind_probabilities_from(train, asked), strict=True):
                    odds[one.id] = math.log(max(p, _LEAST)) - math.log(max(1 - p, _LEAST))
        return odds

    def _folds(self, seed: int) -> dict[str, int]:
        videos = sorted({query.video for query in self.relevant} - self.unfitted_videos)
        random.Random(seed).shuffle(videos)
        return {video: index % N_FOLDS for index, video in enumerate(videos)}

    def _measured(self, chosen: Chosen) -> list[Query]:
        queries = [*self.relevant, *(self.candidates[one.id] for one in chosen if one is not None)]
        return [query for query in queries if query.video not in self.unfitted_videos]


def blind_scores(
    groups: Sequence[Sequence[Candidate]],
    relevant: Sequence[Row],
    *,
    seed: int,
    unfitted_videos: Collection[str] = (),
) -> BlindScores:
    """Gather the queries of a set that is to be chosen.

    Raises:
        UserError: a candidate is about no relevant query, or two have one id.
    """
    queries = {row.query.id: _words_of(row.query) for row in relevant}
    candidates: dict[str, Query] = {}
    for candidate in (one for group in groups for one in group):
        original = queries.get(candidate.query_id)
        if original is None or candidate.id in candidates:
            fault = "twice" if original else f"for {candidate.query_id}, which is not relevant"
            raise UserError(
                f"got the candidate {candidate.id} {fault}, expected each once, for a relevant "
                "query that is given"
            )
        candidates[candidate.id] = Query(
            id=candidate.id,
            task=TASK,
            video=original.video,
            text=candidate.text,
            relevant=False,
            record=original.record,
        )
    return BlindScores(
        relevant=tuple(queries.values()),
        candidates=candidates,
        seed=seed,
        unfitted_videos=frozenset(unfitted_videos),
    )


def _words_of(query: Query) -> Query:
    """Return what a blind classifier is told of a query."""
    return Query(
        id=query.id,
        task=query.task,
        video=query.video,
        text=query.text,
        relevant=query.relevant,
        record=query.record,
    )


def auc_of(relevant: Sequence[bool] | BoolArray, probabilities: FloatArray) -> float:
    """Return how often a relevant query has the higher probability; a tie is half.

    Example:
        >>> auc_of([True, True, False], np.array([0.9, 0.2, 0.2]))
        0.75
    """
    labels = np.asarray(relevant, dtype=bool)
    order = np.sort(probabilities[~labels])
    below = np.searchsorted(order, probabilities[labels], side="left")
    not_above = np.searchsorted(order, probabilities[labels], side="right")
    return float((below + not_above).mean() / (2 * len(order)))
