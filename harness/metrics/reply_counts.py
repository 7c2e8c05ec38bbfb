"""How many queries there are of each kind."""

from collections import Counter
from collections.abc import Sequence

from rarft.harness.metrics.outcomes import QueryOutcome


def counts(outcomes: Sequence[QueryOutcome]) -> dict[str, int]:
    """Return how many queries there are of each kind.

    `n_grounded`, `n_refused` and `n_unparsed` say what the scored replies are, before any policy;
    `n_iou_unknown` counts the scored relevant queries that leave the IoU means.

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
        "n_grounded": predicted["grounded"],
        "n_refused": predicted["refused"],
        "n_unparsed": predicted["unparsed"],
        "n_iou_unknown": sum(
            one.relevant and one.status == "scored" and one.iou is None for one in outcomes
        ),
    }
