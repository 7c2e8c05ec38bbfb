"""F1 on the queries whose class the blind classifier gets wrong.

What a model scores there cannot come from the words that a classifier of texts knows; on these
queries the classifier itself scores 0. The classes are not balanced there, so always refusing does
not score 33.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from rarft.harness.metrics import QueryOutcome
from rarft.leaderboard.ranking.drawn import DrawnFigure, drawn_figures

BLIND_WRONG: Final = "f1_avg_blind_wrong"
_SOURCE: Final = "f1_avg"


def blind_wrong_figure(
    outcomes: Sequence[QueryOutcome],
    blind_right: Mapping[str, bool],
    *,
    n_resamples: int,
    seed: int,
) -> DrawnFigure | None:
    """Return the mean F1 on the queries that are guessed wrong, None where it is not applicable.

    Args:
        outcomes: the outcomes of one row on one task.
        blind_right: whether the blind classifier tells the class of each query, by its id.
        n_resamples: resamples of the videos that have such a query.
        seed: seed of the resamples.

    Example:
        >>> def told(query_id, relevant, kind):
        ...     return QueryOutcome(query_id=query_id, video=query_id, record=query_id,
        ...                         relevant=relevant, predicted=kind, counts_as=kind)
        >>> outcomes = [told("1", True, "grounded"), told("2", False, "refused"),
        ...             told("3", False, "grounded")]
        >>> right = {"1": False, "2": False, "3": True}
        >>> blind_wrong_figure(outcomes, right, n_resamples=10, seed=0).point
        1.0
    """
    restricted = [_told(one) for one in outcomes if blind_right.get(one.query_id) is False]
    if not restricted:
        return None
    found = drawn_figures(restricted, n_resamples=n_resamples, seed=seed)[_SOURCE]
    return found if found.point is not None else None


def _told(one: QueryOutcome) -> QueryOutcome:
    """Return what F1 needs of an outcome; sums over the rest would take most of the time."""
    return replace(
        one,
        iou=None,
        candidate_iou=None,
        relevance_score=None,
        explanation=None,
        level=None,
        categories=(),
    )
