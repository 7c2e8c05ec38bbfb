"""What became of one query: the only place where a prediction meets its reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rarft.harness.metrics.overlap import tiou
from rarft.harness.replies import Policy, Status
from rarft.harness.taxonomy import Level
from rarft.harness.types import Kind, Prediction, Query, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOutcome:
    """One query, its reference class, and how its reply compares.

    `predicted` is what the reply says; `counts_as` is what the scoring policy makes of it. Both
    are None unless `status` is "scored". `iou` belongs to relevant queries: 0.0 where the query
    was not grounded, None where the predicted or the reference span is unknown.
    """

    query_id: str
    video: str
    record: str
    relevant: bool
    predicted: Kind | None = None
    counts_as: Kind | None = None
    iou: float | None = None
    level: Level | None = None
    categories: tuple[str, ...] = ()
    status: Status = "scored"

    @property
    def ra_iou(self) -> float | None:
        """Return the query's RA-IoU, None where it is unknown or the query is not scored."""
        if self.counts_as is None:
            return None
        return ra_iou_of(relevant=self.relevant, counts_as=self.counts_as, iou=self.iou)


def outcome(
    query: Query,
    prediction: Prediction | None,
    *,
    policy: Policy = "paper",
    status: Status = "scored",
) -> QueryOutcome:
    """Compare a prediction with the query's reference.

    Args:
        query: the query with its reference.
        prediction: what the reply says; None where there is no reply.
        policy: "paper" counts an unparsed reply as a refusal; "strict" as wrong on both classes.
        status: why there is no prediction; "scored" without one becomes "missing".

    Example:
        >>> query = Query(id="1", task="t", video="a.mp4", text="a man cooks", relevant=True,
        ...               record="1", spans=(Span(0.0, 4.0),))
        >>> outcome(query, Prediction(kind="grounded", spans=(Span(2.0, 6.0),))).ra_iou
        0.3333333333333333
        >>> outcome(query, Prediction(kind="unparsed")).counts_as
        'refused'
        >>> outcome(query, Prediction(kind="unparsed"), policy="strict").counts_as
        'unparsed'
        >>> outcome(query, None).status
        'missing'
    """
    if prediction is None and status == "scored":
        status = "missing"
    predicted = prediction.kind if prediction is not None and status == "scored" else None
    counts_as, iou = None, None
    if predicted is not None and prediction is not None:
        counts_as = counted(predicted, policy=policy)
        if query.relevant:
            iou = iou_of_relevant(query.spans, prediction, counts_as=counts_as)
    return QueryOutcome(
        query_id=query.id,
        video=query.video,
        record=query.record,
        relevant=query.relevant,
        predicted=predicted,
        counts_as=counts_as,
        iou=iou,
        level=query.level,
        categories=query.categories,
        status=status,
    )


def counted(kind: Kind, *, policy: Policy) -> Kind:
    """Return what a reply counts as: the paper takes an unparsed one for a refusal."""
    return "refused" if kind == "unparsed" and policy == "paper" else kind


def iou_of_relevant(
    reference: Sequence[Span], prediction: Prediction, *, counts_as: Kind
) -> float | None:
    """Return the IoU of a relevant query, None where a span that it needs is unknown.

    Only the first predicted span counts. Of several reference spans the best one does, as is usual
    for videos that show an event more than once.
    """
    if not reference:
        return None
    if counts_as != "grounded":
        return 0.0
    if not prediction.spans:
        return None
    return max(tiou(prediction.spans[0], span) for span in reference)


def ra_iou_of(*, relevant: bool, counts_as: Kind, iou: float | None) -> float | None:
    """Return the RA-IoU of one scored query."""
    if relevant:
        return iou
    return 1.0 if counts_as == "refused" else 0.0
