"""What became of one query: the only place where a prediction meets its reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rarft.harness.metrics.explanations import ExplanationScores, explanation_scores
from rarft.harness.metrics.overlap import tiou
from rarft.harness.replies import Policy, Status
from rarft.harness.taxonomy import Level
from rarft.harness.types import Judgement, Kind, Measure, Prediction, Query, Span

NO_JUDGEMENTS: Final[Mapping[Measure, Judgement]] = {}
NO_TIME: Final = "no_time"
"""The flag of a reply that a judge took for relevant although it names no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOutcome:
    """One query, its reference class, and how its reply compares.

    `predicted` is what the reply says; `counts_as` is what the scoring policy makes of it. Both
    are None unless `status` is "scored". `iou` belongs to relevant queries: 0.0 where the query
    was not grounded, None where the predicted or the reference span is unknown. `candidate_iou` is
    the IoU that a relevant query would have if it was grounded whatever the reply decides: 0.0
    where the model gives no span, None where the reference span is unknown. `relevance_score` is
    higher for what the model takes for more relevant. `explanation` belongs to irrelevant queries;
    `corrects` says whether the reply, to whatever query, carries a correction.
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
    explanation: ExplanationScores | None = None
    relevance_score: float | None = None
    candidate_iou: float | None = None
    corrects: bool = False

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
    judgements: Mapping[Measure, Judgement] = NO_JUDGEMENTS,
    judged: Collection[Measure] = (),
    speaks: bool = True,
    relevance_score: float | None = None,
) -> QueryOutcome:
    """Compare a prediction with the query's reference.

    Args:
        query: the query with its reference.
        prediction: what the reply says; None where there is no reply.
        policy: "paper" counts an unparsed reply as a refusal; "strict" as wrong on both classes.
        status: why there is no prediction; "scored" without one becomes "missing".
        judgements: what the judges say of the reply's explanation, by measure.
        judged: the measures for which the run has a judge.
        speaks: whether the reply has text, without which it explains nothing.
        relevance_score: how relevant the model takes the query for, higher for more relevant.

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
    if prediction is None or status != "scored":
        return _not_scored(query, status="missing" if status == "scored" else status)
    counts_as = counted(prediction.kind, policy=policy)
    iou, candidate_iou, explanation = None, None, None
    if query.relevant:
        iou = iou_of_relevant(query.spans, prediction, counts_as=counts_as)
        candidate_iou = _candidate_iou(query.spans, prediction)
    else:
        explanation = explanation_scores(
            query, prediction, judgements, counts_as=counts_as, judged=judged, speaks=speaks
        )
    return QueryOutcome(
        query_id=query.id,
        video=query.video,
        record=query.record,
        relevant=query.relevant,
        predicted=prediction.kind,
        counts_as=counts_as,
        iou=iou,
        level=query.level,
        categories=query.categories,
        explanation=explanation,
        relevance_score=relevance_score,
        candidate_iou=candidate_iou,
        corrects=prediction.correction is not None,
    )


def _not_scored(query: Query, *, status: Status) -> QueryOutcome:
    return QueryOutcome(
        query_id=query.id,
        video=query.video,
        record=query.record,
        relevant=query.relevant,
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
    for videos that show an event more than once. A grounding of an unknown span is unknown; one
    that a judge found to name no time is 0.
    """
    if not reference:
        return None
    if counts_as != "grounded":
        return 0.0
    if not prediction.spans:
        return 0.0 if NO_TIME in prediction.flags else None
    return max(tiou(prediction.spans[0], span) for span in reference)


def _candidate_iou(reference: Sequence[Span], prediction: Prediction) -> float | None:
    if not reference:
        return None
    candidates = prediction.spans or prediction.candidates
    return max(tiou(candidates[0], span) for span in reference) if candidates else 0.0


def ra_iou_of(*, relevant: bool, counts_as: Kind, iou: float | None) -> float | None:
    """Return the RA-IoU of one scored query."""
    if relevant:
        return iou
    return 1.0 if counts_as == "refused" else 0.0
