"""What became of one query, for plots and filters; not a metric.

The class of the answer and the quality of its span are kept apart, and so is a reply that could
not be read, whatever the scoring policy makes of it.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from rarft.harness.report.schema import Sample

Outcome = Literal[
    "right_span",
    "right_refusal",
    "wrong_span",
    "unscored_span",
    "wrong_refusal",
    "wrong_grounding",
    "unparsed",
    "unjudged",
    "failed",
    "missing",
]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
OUTCOME_LABELS: Final[dict[Outcome, str]] = {
    "right_span": "right span",
    "right_refusal": "right refusal",
    "wrong_span": "wrong span",
    "unscored_span": "grounded, no reference span",
    "wrong_refusal": "refused a relevant query",
    "wrong_grounding": "grounded an irrelevant query",
    "unparsed": "unparsed reply",
    "unjudged": "unjudged reply",
    "failed": "failed request",
    "missing": "no stored reply",
}
RIGHT_IOU: Final = 0.5
"""The IoU from which a span counts as right here."""


def outcome_of(sample: Sample) -> Outcome:
    """Name what became of one query.

    Example:
        >>> outcome_of(Sample(query_id="1", video="a", text="?", relevant=True, status="missing"))
        'missing'
    """
    if sample.status != "scored":
        return sample.status
    if sample.prediction is None or sample.prediction.kind == "unparsed":
        return "unparsed"
    if sample.prediction.kind == "refused":
        return "wrong_refusal" if sample.relevant else "right_refusal"
    if not sample.relevant:
        return "wrong_grounding"
    if sample.iou is None:
        return "unscored_span"
    return "right_span" if sample.iou >= RIGHT_IOU else "wrong_span"
