import pytest

from rarft.harness.metrics import ExplanationScores
from rarft.harness.metrics.explanations import explanation_scores, has_reference
from rarft.harness.types import Judgement, Prediction, Query

ALL = ("categories", "similarity", "reasoning", "correction")
REFUSED = Prediction(kind="refused")
GROUNDED = Prediction(kind="grounded")
UNPARSED = Prediction(kind="unparsed")


def query(*, relevant=False, **reference):
    known = {
        "categories": ("Attribute/Counting", "Action/ActionSequence"),
        "refusal": "There are two dogs.",
        "relevant_query": "two dogs run",
    }
    return Query(
        id="1", task="t", video="v", text="q", relevant=relevant, record="1", **(known | reference)
    )


def judged_as(**values):
    return {
        measure: Judgement(
            measure=measure,
            judge="stored",
            version="1",
            value=value,
            reason="" if value is not None else "timeout",
        )
        for measure, value in values.items()
    }


WHOLE = judged_as(
    categories=("Attribute/Counting",), similarity=0.75, reasoning=4.0, correction=0.5
)


def scored(prediction, judgements, *, counts_as=None, judged=ALL, speaks=True, **reference):
    return explanation_scores(
        query(**reference),
        prediction,
        judgements,
        counts_as=counts_as or prediction.kind,
        judged=judged,
        speaks=speaks,
    )


def test_a_refusal_scores_what_the_judges_say():
    assert scored(REFUSED, WHOLE) == ExplanationScores(
        rt_iou=0.5, sbert=0.75, llm_score=4.0, correction_sim=0.5
    )


def test_a_relevant_query_has_no_explanation_to_score():
    assert scored(REFUSED, WHOLE, relevant=True) is None


@pytest.mark.parametrize("judgements", [{}, WHOLE], ids=["unjudged", "judged"])
def test_a_false_grounding_scores_0_whether_or_not_it_was_judged(judgements):
    assert scored(GROUNDED, judgements).values == (0.0, 0.0, 0.0, 0.0)


def test_an_unparsed_reply_is_judged_as_the_refusal_it_counts_as():
    assert scored(UNPARSED, WHOLE, counts_as="refused").values == (0.5, 0.75, 4.0, 0.5)


def test_an_unparsed_reply_that_is_wrong_on_both_classes_scores_0():
    assert scored(UNPARSED, WHOLE, counts_as="unparsed").values == (0.0, 0.0, 0.0, 0.0)


def test_a_judgement_without_a_value_is_unscored_and_not_0():
    failed = judged_as(categories=None, similarity=None, reasoning=None, correction=None)
    found = scored(REFUSED, failed)
    assert found.values == (None, None, None, None)
    assert found.unscored == ("rt_iou", "sbert", "llm_score", "correction_sim")


def test_a_judgement_that_is_not_there_is_unscored():
    found = scored(REFUSED, judged_as(similarity=0.25), judged=("similarity", "reasoning"))
    assert (found.sbert, found.llm_score, found.unscored) == (0.25, None, ("llm_score",))


def test_a_refusal_without_a_correction_corrects_nothing():
    without = {key: value for key, value in WHOLE.items() if key != "correction"}
    assert scored(REFUSED, without).correction_sim == 0.0
    corrects = Prediction(kind="refused", correction="two cats run")
    assert scored(corrects, without).unscored == ("correction_sim",)


def test_a_judge_that_names_no_category_scores_0():
    assert scored(REFUSED, judged_as(categories=()), judged=("categories",)).rt_iou == 0.0


@pytest.mark.parametrize("prediction", [REFUSED, GROUNDED])
def test_a_measure_without_a_judge_is_not_applicable(prediction):
    found = scored(prediction, WHOLE, judged=("categories",))
    assert found.values[1:] == (None, None, None)
    assert found.unscored == ()


@pytest.mark.parametrize("prediction", [REFUSED, GROUNDED])
def test_a_reply_without_text_explains_nothing(prediction):
    assert scored(prediction, WHOLE, speaks=False) == ExplanationScores()


@pytest.mark.parametrize("prediction", [REFUSED, GROUNDED])
def test_a_query_without_references_leaves_every_figure(prediction):
    found = scored(prediction, WHOLE, categories=(), refusal="", relevant_query=None)
    assert found == ExplanationScores()


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ({"categories": ()}, (None, 0.75, 4.0, 0.5)),
        ({"refusal": ""}, (0.5, None, None, 0.5)),
        ({"relevant_query": None}, (0.5, 0.75, 4.0, None)),
    ],
    ids=["categories", "refusal", "relevant_query"],
)
def test_each_figure_needs_its_own_reference(missing, left):
    assert scored(REFUSED, WHOLE, **missing).values == left


@pytest.mark.parametrize("prediction", [REFUSED, GROUNDED])
def test_a_shuffled_query_has_no_correction(prediction):
    assert not has_reference("correction", query(level="shuffled"))
    assert has_reference("correction", query(level="strong"))
    found = scored(prediction, WHOLE, level="shuffled")
    assert found.correction_sim is None
    assert None not in found.values[:3]
    assert found.unscored == ()


def test_a_prediction_is_no_score():
    with pytest.raises(TypeError, match="expected a score"):
        scored(REFUSED, judged_as(similarity=REFUSED))
