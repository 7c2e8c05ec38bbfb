"""How many queries there are of each kind."""

from collections import Counter
from collections.abc import Sequence

from rarft.harness.metrics.explanations import EXPLANATION_KEYS, MEASURE_OF, NOT_APPLICABLE
from rarft.harness.metrics.outcomes import QueryOutcome


def counts(outcomes: Sequence[QueryOutcome]) -> dict[str, int]:
    """Return how many queries there are of each kind.

    `n_grounded`, `n_refused` and `n_unparsed` say what the scored replies are, before any policy;
    `n_iou_unknown` counts the scored relevant queries that leave the IoU means, `n_with_score` the
    scored queries that have a relevance score. `n_judged_<measure>` counts the refusals of
    irrelevant queries that the measure applies to, `n_unscored_<measure>` those of them that no
    judge could score; a false grounding needs no judge.

    Example:
        >>> one = QueryOutcome(query_id="1", video="a.mp4", record="1", relevant=False,
        ...                    predicted="refused", counts_as="refused")
        >>> counts([one])["n_refused"]
        1
    """
    predicted = Counter(one.predicted for one in outcomes)
    status = Counter(one.status for one in outcomes)
    n_relevant = sum(one.relevant for one in outcomes)
    return {
        "n_queries": len(outcomes),
        "n_relevant": n_relevant,
        "n_irrelevant": len(outcomes) - n_relevant,
        "n_scored": status["scored"],
        "n_missing": status["missing"],
        "n_failed": status["failed"],
        "n_unjudged": status["unjudged"],
        "n_grounded": predicted["grounded"],
        "n_refused": predicted["refused"],
        "n_unparsed": predicted["unparsed"],
        "n_iou_unknown": sum(
            one.relevant and one.status == "scored" and one.iou is None for one in outcomes
        ),
        "n_with_score": sum(
            one.relevance_score is not None for one in outcomes if one.status == "scored"
        ),
        **_judged_counts(outcomes),
    }


def _judged_counts(outcomes: Sequence[QueryOutcome]) -> dict[str, int]:
    """Count the queries that each measure applies to, and those it gave no value."""
    judged: Counter[str] = Counter()
    unscored: Counter[str] = Counter()
    for one in outcomes:
        if one.counts_as != "refused":
            continue
        if one.explanation is None or one.explanation is NOT_APPLICABLE:
            continue
        for key, value in zip(EXPLANATION_KEYS, one.explanation.values, strict=True):
            judged[key] += value is not None or key in one.explanation.unscored
            unscored[key] += key in one.explanation.unscored
    counted: dict[str, int] = {}
    for key, measure in MEASURE_OF.items():
        counted[f"n_judged_{measure}"] = judged[key]
        counted[f"n_unscored_{measure}"] = unscored[key]
    return counted
