import pytest

from rarft.harness.metrics import outcome
from rarft.harness.types import Prediction, Query, Span

REFUSED = Prediction(kind="refused")
UNPARSED = Prediction(kind="unparsed")


REFERENCE = (Span(2, 6),)


def query(*, relevant=True, spans=REFERENCE):
    return Query(
        id="1",
        task="t",
        video="a.mp4",
        text="a man cooks",
        relevant=relevant,
        record="r",
        spans=spans,
    )


def grounded(*spans):
    return Prediction(kind="grounded", spans=spans)


def test_a_relevant_query_that_is_grounded_scores_its_tiou():
    one = outcome(query(), grounded(Span(2, 5)))
    assert (one.iou, one.ra_iou) == (0.75, 0.75)


def test_only_the_first_predicted_span_counts():
    assert outcome(query(), grounded(Span(8, 9), Span(2, 6))).ra_iou == 0.0


def test_the_best_of_several_reference_spans_counts():
    asked = query(spans=(Span(20, 30), Span(2, 6)))
    assert outcome(asked, grounded(Span(2, 5))).ra_iou == 0.75


def test_refusing_a_relevant_query_scores_0():
    assert outcome(query(), REFUSED).ra_iou == 0.0


def test_refusing_an_irrelevant_query_scores_1():
    assert outcome(query(relevant=False, spans=()), REFUSED).ra_iou == 1.0


def test_grounding_an_irrelevant_query_scores_0_whatever_the_span():
    asked = query(relevant=False, spans=())
    assert outcome(asked, grounded(Span(2, 6))).ra_iou == 0.0
    assert outcome(asked, grounded()).ra_iou == 0.0


def test_the_reference_span_of_an_irrelevant_query_is_not_looked_at():
    assert outcome(query(relevant=False), grounded(Span(2, 6))).ra_iou == 0.0


@pytest.mark.parametrize(
    ("policy", "counts_as", "on_relevant", "on_irrelevant"),
    [("paper", "refused", 0.0, 1.0), ("strict", "unparsed", 0.0, 0.0)],
)
def test_the_policy_says_what_an_unparsed_reply_counts_as(
    policy, counts_as, on_relevant, on_irrelevant
):
    relevant = outcome(query(), UNPARSED, policy=policy)
    irrelevant = outcome(query(relevant=False), UNPARSED, policy=policy)
    assert relevant.predicted == irrelevant.predicted == "unparsed"
    assert relevant.counts_as == irrelevant.counts_as == counts_as
    assert (relevant.ra_iou, irrelevant.ra_iou) == (on_relevant, on_irrelevant)


@pytest.mark.parametrize("policy", ["paper", "strict"])
def test_a_refusal_counts_as_a_refusal_under_every_policy(policy):
    assert outcome(query(relevant=False), REFUSED, policy=policy).ra_iou == 1.0


def test_a_grounding_without_a_span_has_an_unknown_iou_on_a_relevant_query():
    one = outcome(query(), grounded())
    assert (one.predicted, one.iou, one.ra_iou) == ("grounded", None, None)


@pytest.mark.parametrize("prediction", [REFUSED, grounded(Span(2, 6))])
def test_a_relevant_query_without_a_reference_span_has_an_unknown_iou(prediction):
    assert outcome(query(spans=()), prediction).ra_iou is None


def test_no_prediction_means_missing():
    one = outcome(query(), None)
    assert (one.status, one.predicted, one.counts_as, one.ra_iou) == ("missing", None, None, None)


@pytest.mark.parametrize("prediction", [None, REFUSED])
def test_a_failed_query_is_not_scored_whatever_the_prediction(prediction):
    one = outcome(query(relevant=False), prediction, status="failed")
    assert (one.status, one.predicted, one.ra_iou) == ("failed", None, None)


def test_a_grounding_that_names_no_time_by_a_judge_has_iou_0():
    no_time = Prediction(kind="grounded", flags=("no_time",))
    one = outcome(query(), no_time)
    assert (one.predicted, one.iou, one.ra_iou) == ("grounded", 0.0, 0.0)
    assert outcome(query(spans=()), no_time).iou is None


def test_a_query_that_the_relevance_judge_left_out_is_not_scored():
    one = outcome(query(), None, status="unjudged", relevance_score=0.5)
    assert (one.status, one.counts_as, one.relevance_score) == ("unjudged", None, None)


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        (grounded(Span(2, 5)), 0.75),
        (Prediction(kind="grounded", spans=(Span(2, 5),), candidates=(Span(2, 6),)), 0.75),
        (Prediction(kind="refused", candidates=(Span(2, 6), Span(0, 1))), 1.0),
        (Prediction(kind="unparsed", candidates=(Span(2, 4),)), 0.5),
        (REFUSED, 0.0),
        (grounded(), 0.0),
    ],
    ids=["grounded", "span_before_candidate", "first_candidate", "unparsed", "none", "spanless"],
)
def test_the_candidate_iou_is_that_of_grounding_whatever_the_reply_decides(prediction, expected):
    assert outcome(query(), prediction).candidate_iou == expected
    assert outcome(query(spans=()), prediction).candidate_iou is None
    assert outcome(query(relevant=False), prediction).candidate_iou is None


def test_a_correction_is_noticed_on_queries_of_both_classes():
    corrects = Prediction(kind="refused", correction="a man sits")
    assert outcome(query(), corrects).corrects
    assert outcome(query(relevant=False), corrects).corrects
    assert not outcome(query(relevant=False), REFUSED).corrects
