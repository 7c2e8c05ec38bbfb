"""Which queries two runs can be compared on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rarft.harness.metrics.explanations import EXPLANATION_KEYS
from rarft.harness.metrics.outcomes import QueryOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The outcomes of two runs on the queries that both scored, in the same order.

    The counts say how many queries are left out because only run a scored them, only run b did,
    or neither; a query that the other run does not have at all counts as not scored by it.
    """

    a: tuple[QueryOutcome, ...]
    b: tuple[QueryOutcome, ...]
    n_only_a: int
    n_only_b: int
    n_neither: int

    @property
    def n_paired(self) -> int:
        """Return the number of queries that both runs scored."""
        return len(self.a)

    @property
    def n_videos(self) -> int:
        """Return the number of videos of the paired queries."""
        return len({one.video for one in self.a})


def pair_outcomes(a: Sequence[QueryOutcome], b: Sequence[QueryOutcome]) -> Pairing:
    """Pair two runs by query.

    Missing and failed queries leave both runs, so that neither is compared on queries that the
    other was spared. So does any single value that only one of them has, such as the IoU of a
    query that the other grounds without a span, or a score that no judge gave the other: such a
    refusal counts as unscored in both.

    Raises:
        ValueError: a query comes twice in a run, or has another reference in the other run.

    Example:
        >>> def told(query_id, status="scored"):
        ...     kind = "refused" if status == "scored" else None
        ...     return QueryOutcome(query_id=query_id, video="v", record=query_id, relevant=False,
        ...                         predicted=kind, counts_as=kind, status=status)
        >>> paired = pair_outcomes([told("1"), told("2")], [told("1"), told("2", "failed")])
        >>> paired.n_paired, paired.n_only_a, paired.n_only_b, paired.n_neither
        (1, 1, 0, 0)
    """
    first, second = _by_query(a), _by_query(b)
    kept_a, kept_b = [], []
    n_only_a = n_only_b = n_neither = 0
    for query_id in sorted(first.keys() | second.keys()):
        one, other = first.get(query_id), second.get(query_id)
        if one is not None and other is not None:
            _check_reference(one, other)
        in_a = one is not None and one.counts_as is not None
        in_b = other is not None and other.counts_as is not None
        if in_a and in_b and one is not None and other is not None:
            kept_a.append(one)
            kept_b.append(other)
        n_only_a += in_a and not in_b
        n_only_b += in_b and not in_a
        n_neither += not in_a and not in_b
    same_a, same_b = _same_base(kept_a, kept_b)
    return Pairing(
        a=same_a,
        b=same_b,
        n_only_a=n_only_a,
        n_only_b=n_only_b,
        n_neither=n_neither,
    )


def _by_query(outcomes: Sequence[QueryOutcome]) -> dict[str, QueryOutcome]:
    named = {one.query_id: one for one in outcomes}
    if len(named) != len(outcomes):
        raise ValueError(f"got {len(outcomes)} outcomes of {len(named)} queries, expected one each")
    return named


def _check_reference(one: QueryOutcome, other: QueryOutcome) -> None:
    references = [
        (o.video, o.record, o.relevant, o.level, tuple(o.categories)) for o in (one, other)
    ]
    if references[0] != references[1]:
        raise ValueError(
            f"got query {one.query_id} with the references {references[0]} and {references[1]}, "
            "expected the same task in both runs"
        )


def _same_base(
    a: Sequence[QueryOutcome], b: Sequence[QueryOutcome]
) -> tuple[tuple[QueryOutcome, ...], tuple[QueryOutcome, ...]]:
    """Return the outcomes with every measured value known in both runs or in neither.

    A value that one run never has says what kind of run it is; it stays in the other.
    """
    comparable = _measured(a) & _measured(b)
    pairs = [_agreed(one, other, comparable) for one, other in zip(a, b, strict=True)]
    return tuple(one for one, _ in pairs), tuple(other for _, other in pairs)


def _measured(run: Sequence[QueryOutcome]) -> set[str]:
    """Return the names of the values that a run has."""
    names = {name for one in run for name in _known(one)}
    grounded = [one for one in run if one.relevant and one.counts_as == "grounded"]
    # A refused relevant query has an IoU of 0 even in a run that never tells a span.
    if grounded and all(one.iou is None for one in grounded):
        names.discard("iou")
    return names


def _known(one: QueryOutcome) -> set[str]:
    values: dict[str, float | None] = {
        "iou": one.iou,
        "candidate_iou": one.candidate_iou,
        "relevance_score": one.relevance_score,
    }
    if one.explanation is not None:
        values |= dict(zip(EXPLANATION_KEYS, one.explanation.values, strict=True))
    return {name for name, value in values.items() if value is not None}


def _agreed(
    one: QueryOutcome, other: QueryOutcome, comparable: set[str]
) -> tuple[QueryOutcome, QueryOutcome]:
    differing = (_known(one) ^ _known(other)) & comparable
    unscored = differing & (_unscored(one) | _unscored(other))
    if one.counts_as != other.counts_as:
        # A reply that is no refusal scores 0 unseen: it spares no run a judgement.
        differing -= unscored
    if not differing:
        return one, other
    return _without(one, differing, unscored), _without(other, differing, unscored)


def _unscored(one: QueryOutcome) -> set[str]:
    return set() if one.explanation is None else set(one.explanation.unscored)


def _without(one: QueryOutcome, names: set[str], unscored: set[str]) -> QueryOutcome:
    """Return the outcome without some values; those of them that are unscored stay applicable."""
    explanation = one.explanation
    if explanation is not None:
        lost: dict[str, Any] = dict.fromkeys(names & set(EXPLANATION_KEYS))
        missed = _unscored(one) | (names & unscored)
        kept = tuple(key for key in EXPLANATION_KEYS if key in missed)
        explanation = replace(explanation, **lost, unscored=kept)
    return replace(
        one,
        iou=None if "iou" in names else one.iou,
        candidate_iou=None if "candidate_iou" in names else one.candidate_iou,
        relevance_score=None if "relevance_score" in names else one.relevance_score,
        explanation=explanation,
    )
