"""Which measures a reply has, and which need no judge."""

import pytest

from rarft.harness.judges.applies import applies, without_call
from rarft.harness.types import Prediction

MEASURES = ("relevance", "categories", "similarity", "reasoning", "correction")
REFUSAL = "<answer>The animal is a cat.</answer><correction>a cat runs left</correction>"


def applying(case):
    return [measure for measure in MEASURES if applies(measure, case)]


def test_a_refusal_of_an_irrelevant_query_has_every_measure(make_case):
    assert applying(make_case(REFUSAL)) == list(MEASURES)


def test_a_reply_to_a_relevant_query_has_relevance_only(make_case):
    assert applying(make_case(REFUSAL, relevant=True)) == ["relevance"]


def test_a_false_grounding_explains_nothing(make_case):
    assert applying(make_case("<answer>3.0 to 9.0</answer>")) == ["relevance"]


def test_an_unparsed_reply_is_measured_as_a_refusal_is(make_case):
    case = make_case("I cannot watch videos.")
    assert case.prediction.kind == "unparsed"
    assert applying(case) == list(MEASURES)


def test_a_model_that_speaks_no_text_has_no_measure(make_case):
    assert applying(make_case(None)) == []


def test_an_empty_reply_is_measured_and_says_nothing(make_case):
    case = make_case("")
    assert applying(case) == list(MEASURES)
    assert without_call("reasoning", case) == 0.0


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"categories": ()}, {"categories"}),
        ({"refusal": ""}, {"similarity", "reasoning"}),
        ({"relevant_query": None}, {"correction"}),
        ({"relevant_query": ""}, {"correction"}),
    ],
)
def test_a_measure_needs_what_it_compares_with(make_case, changes, missing):
    assert set(applying(make_case(REFUSAL, **changes))) == set(MEASURES) - missing


def test_an_explanation_without_words_is_known(make_case):
    case = make_case("<answer> </answer>")
    assert without_call("categories", case) == ()
    assert without_call("similarity", case) == 0.0
    assert without_call("reasoning", case) == 0.0


def test_an_explanation_with_words_is_not_known(make_case):
    case = make_case(REFUSAL)
    assert [without_call(measure, case) for measure in MEASURES] == [None] * 5


def test_a_refusal_without_a_corrected_query_corrects_nothing(make_case):
    assert without_call("correction", make_case("<answer>The animal is a cat.</answer>")) == 0.0


def test_a_reply_of_thinking_alone_is_what_the_rule_reads(make_case):
    value = without_call("relevance", make_case("<think>A cat runs."))
    assert value == Prediction(
        kind="unparsed", flags=("unclosed_tag",), reason="no answer after <think>"
    )
