"""How far the one-call judge agrees with the three-call protocol on the same replies."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarft.harness.types import Judgement, Measure, Prediction

Judgements = Mapping[Measure, Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolAgreement:
    """Agreement of two ways to judge, on the replies that both have judged.

    A figure is None where nothing is compared, or where all values are the same and it is not
    defined. `n_unscored` counts judgements that exist in both and are unscored in either;
    `n_one_sided` those that only one of the two has, because the two differ in relevance.
    """

    n: int
    n_unscored: int
    n_one_sided: int
    n_relevance: int
    n_categories: int
    n_scores: int
    relevance_share: float | None
    relevance_kappa: float | None
    category_jaccard: float | None
    score_spearman: float | None
    score_difference: float | None


def protocol_agreement(
    three: Mapping[Hashable, Judgements], combined: Mapping[Hashable, Judgements]
) -> ProtocolAgreement:
    """Compare the judgements of two protocols, reply by reply.

    Relevance agrees where both ground or neither does; kappa is Cohen's. Two empty category sets
    agree wholly: here two judges are compared, not a reply with a reference. The score's difference
    is the mean of its absolute value, in points of 0 to 5.

    Args:
        three: What the three calls gave, by reply.
        combined: What the one call gave, by reply.

    Example:
        >>> def score(value):
        ...     return {"reasoning": Judgement(
        ...         measure="reasoning", judge="llm", version="1", value=value)}
        >>> found = protocol_agreement({"a": score(1.0), "b": score(4.0)},
        ...                            {"a": score(1.5), "b": score(3.0)})
        >>> found.n, found.score_spearman, found.score_difference
        (2, 1.0, 0.75)
    """
    keys = [key for key in three if key in combined]
    paired = [(three[key], combined[key]) for key in keys]
    relevance = [(_grounds(a), _grounds(b)) for a, b in _values(paired, "relevance")]
    categories = [_jaccard(set(a), set(b)) for a, b in _values(paired, "categories")]
    scores = np.array(list(_values(paired, "reasoning")), dtype=np.float64).reshape(-1, 2)
    return ProtocolAgreement(
        n=len(keys),
        n_unscored=sum(
            _is_unscored(a[m]) or _is_unscored(b[m]) for a, b in paired for m in a.keys() & b.keys()
        ),
        n_one_sided=sum(len(a.keys() ^ b.keys()) for a, b in paired),
        n_relevance=len(relevance),
        n_categories=len(categories),
        n_scores=len(scores),
        relevance_share=_mean([a == b for a, b in relevance]),
        relevance_kappa=cohen_kappa(relevance),
        category_jaccard=_mean(categories),
        score_spearman=spearman(scores[:, 0], scores[:, 1]),
        score_difference=_mean(np.abs(scores[:, 0] - scores[:, 1]).tolist()),
    )


def cohen_kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Return Cohen's kappa of two yes-or-no ratings: (observed - chance) / (1 - chance).

    None where nothing is rated, or both raters give one and the same answer to everything.

    Example:
        >>> cohen_kappa([(True, True), (True, False), (False, False), (False, False)])
        0.5
    """
    if not pairs:
        return None
    first, second = np.array(pairs, dtype=bool).T
    observed = float(np.mean(first == second))
    chance = float(first.mean() * second.mean() + (1 - first.mean()) * (1 - second.mean()))
    return None if chance == 1.0 else (observed - chance) / (1 - chance)


def spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Return Spearman's rank correlation; ties share the mean of their ranks.

    None for fewer than two values, or where all values of a side are the same.

    Args:
        first: Shape: (n,).
        second: Shape: (n,).

    Example:
        >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([9.0, 5.0, 1.0]))
        -1.0
    """
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.round(np.corrcoef(_ranks(first), _ranks(second))[0, 1], 12))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def _values(
    paired: Sequence[tuple[Judgements, Judgements]], measure: Measure
) -> Iterator[tuple[Any, Any]]:
    """Yield the two values of a measure wherever both sides have scored it."""
    for a, b in paired:
        if (
            measure in a
            and measure in b
            and not (_is_unscored(a[measure]) or _is_unscored(b[measure]))
        ):
            yield a[measure].value, b[measure].value


def _is_unscored(judgement: Judgement) -> bool:
    return judgement.value is None


def _grounds(value: Prediction) -> bool:
    return value.kind == "grounded"


def _jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b) if a | b else 1.0


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
