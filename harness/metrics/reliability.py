"""How well a relevance score is a probability.

Source: the expected calibration error over bins of equal width by Naeini, Cooper and Hauskrecht,
"Obtaining Well Calibrated Probabilities Using Bayesian Binning" (2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rarft.harness.metrics.outcomes import QueryOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """The queries whose score lies in [low, high), in the last bin [low, high].

    `mean_score` and `share_relevant` are None in an empty bin.
    """

    low: float
    high: float
    n_queries: int
    mean_score: float | None
    share_relevant: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Every bin, and the expected calibration error over all of them."""

    bins: tuple[ReliabilityBin, ...]
    expected_calibration_error: float


def reliability(outcomes: Sequence[QueryOutcome], *, n_bins: int = 10) -> Reliability | None:
    """Compare the scores of the queries with the share of them that are relevant.

    The expected calibration error is the mean, over queries, of the distance between the mean score
    and the share of relevant queries of the query's bin.

    Returns:
        The bins, or None where no scored query has a score or one lies outside [0, 1], so that the
        scores are no probabilities.

    Raises:
        ValueError: n_bins is below 1.

    Example:
        >>> def scored(number, relevant, score):
        ...     return QueryOutcome(query_id=str(number), video="a.mp4", record=str(number),
        ...                         relevant=relevant, counts_as="refused", relevance_score=score)
        >>> found = reliability([scored(1, True, 0.75), scored(2, False, 0.5)], n_bins=2)
        >>> found.bins[1].n_queries, found.bins[1].mean_score, found.bins[1].share_relevant
        (2, 0.625, 0.5)
        >>> found.expected_calibration_error
        0.125
    """
    if n_bins < 1:
        raise ValueError(f"got {n_bins = }, expected at least 1")
    with_score = sorted(
        (one.relevance_score, one.relevant)
        for one in outcomes
        if one.counts_as is not None and one.relevance_score is not None
    )
    if not with_score or not 0.0 <= with_score[0][0] <= with_score[-1][0] <= 1.0:
        return None
    score = np.array([score for score, _ in with_score])
    relevant = np.array([relevant for _, relevant in with_score])
    # Quotients, unlike steps, are the floats that a score such as 0.6 is written as.
    edges = np.arange(n_bins + 1) / n_bins
    # The inner edges alone, so that a score of 1 falls into the last bin.
    number = np.searchsorted(edges[1:-1], score, side="right")
    bins = []
    error = 0.0
    for index in range(n_bins):
        members = number == index
        n_queries = int(members.sum())
        mean_score = float(score[members].mean()) if n_queries else None
        share = float(relevant[members].mean()) if n_queries else None
        if mean_score is not None and share is not None:
            error += n_queries * abs(share - mean_score) / len(score)
        bins.append(
            ReliabilityBin(
                low=float(edges[index]),
                high=float(edges[index + 1]),
                n_queries=n_queries,
                mean_score=mean_score,
                share_relevant=share,
            )
        )
    return Reliability(bins=tuple(bins), expected_calibration_error=error)
