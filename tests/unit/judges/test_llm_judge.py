"""What the LLM judges ask, which answers they accept, and what these say about a reply."""

import json

import pytest
from pydantic import ValidationError

from rarft.harness.errors import UserError
from rarft.harness.judges.categories import Categories
from rarft.harness.judges.combined import Combined
from rarft.harness.judges.llm_judge import judgements_of, llm_judge
from rarft.harness.judges.reasoning import Score
from rarft.harness.judges.relevance import Relevance
from rarft.harness.llm.request import LLMAnswer
from rarft.harness.taxonomy import CATEGORIES
from rarft.harness.types import Span

REFUSAL = "<think>A cat.</think><answer>No dog.</answer><correction>a cat runs left</correction>"
IRRELEVANT = {"relevance": "irrelevant", "span": None}
MINE = "[SYSTEM]\nJudge.\n[USER]\n{response} {reference}"


def judge_case(kind, case, value):
    """Return the values of the judgements that an answer of that kind gives."""
    judge = llm_judge(kind)
    schema = judge.build(case).schema
    answer = LLMAnswer(value=schema.model_validate_json(json.dumps(value)))
    found = judgements_of(judge, case, answer, model="m")
    return {measure: judgement.value for measure, judgement in found.items()}


def relevance_of(case, **answer):
    return judge_case("relevance", case, answer)["relevance"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Score, {"score": 0}),
        (Score, {"score": 5.0}),
        (Relevance, {"relevance": "relevant", "span": [3, 9.5]}),
        (Relevance, {"relevance": "relevant", "span": None}),
        (Categories, {"categories": []}),
        (Combined, {**IRRELEVANT, "categories": ["Attribute/Counting"], "score": None}),
    ],
)
def test_an_answer_that_fits_is_accepted(schema, value):
    assert schema.model_validate_json(json.dumps(value))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Score, {"score": 7}),
        (Score, {"score": -0.1}),
        (Score, {"score": True}),
        (Score, {"score": None}),
        (Score, {"score": 4.0, "why": "it fits"}),
        (Relevance, {"relevance": "relevant"}),
        (Relevance, {"relevance": "maybe", "span": None}),
        (Relevance, {"relevance": "relevant", "span": [3.0]}),
        (Relevance, {"relevance": "relevant", "span": [3.0, 5.0, 7.0]}),
        (Relevance, {"relevance": "relevant", "span": ["3", "5"]}),
        (Categories, {"categories": ["Negation/Negation"]}),
        (Categories, {"categories": ["counting"]}),
        (Categories, {"categories": "Attribute/Counting"}),
        (Combined, {**IRRELEVANT, "categories": []}),
        (Combined, {**IRRELEVANT, "categories": [], "score": 5.1}),
    ],
)
def test_an_answer_of_another_shape_is_refused(schema, value):
    with pytest.raises(ValidationError):
        schema.model_validate_json(json.dumps(value))


@pytest.mark.parametrize("text", ['{"score": NaN}', '{"score": 1e999}'])
def test_a_number_that_is_none_is_refused(text):
    with pytest.raises(ValidationError):
        Score.model_validate_json(text)


@pytest.mark.parametrize("schema", [Relevance, Categories, Score, Combined])
def test_a_schema_is_one_that_servers_can_enforce(schema):
    found = schema.model_json_schema()
    assert found["additionalProperties"] is False
    assert set(found["required"]) == set(found["properties"])
    assert "prefixItems" not in json.dumps(found)


def test_the_schema_of_categories_lists_the_eleven_paths():
    assert json.dumps(list(CATEGORIES)) in json.dumps(Categories.model_json_schema())


def test_repeated_categories_are_one_in_the_order_of_the_taxonomy(make_case):
    named = ["Attribute/Counting", "Object/ObjectExistence", "Attribute/Counting"]
    found = judge_case("categories", make_case(REFUSAL), {"categories": named})
    assert found == {"categories": ("Object/ObjectExistence", "Attribute/Counting")}


def test_relevance_asks_about_the_answer_alone(make_case):
    user = llm_judge("relevance").build(make_case(REFUSAL)).messages[1].content
    assert "\nNo dog.\n" in user
    assert "A cat." not in user
    assert "The animal is a cat" not in user


def test_categories_are_asked_without_the_reference_and_reasoning_with_it(make_case):
    case = make_case(REFUSAL, text="official")
    categories = llm_judge("categories", text="official").build(case).messages[1].content
    reasoning = llm_judge("reasoning", text="official").build(case).messages[1].content
    assert "A cat.  No dog." in categories
    assert case.query.refusal not in categories
    assert "A cat.  No dog." in reasoning
    assert f"\n{case.query.refusal}\n" in reasoning


def test_equal_replies_are_one_question_about_relevance(make_case):
    judge = llm_judge("relevance")
    requests = [judge.build(make_case(REFUSAL, relevant=r, id=str(r))) for r in (True, False)]
    assert requests[0].digest(model="m") == requests[1].digest(model="m")


def test_another_prompt_is_another_version_and_another_question(make_case):
    packaged, mine = llm_judge("reasoning"), llm_judge("reasoning", prompt=MINE)
    assert mine.version == f"1+{mine.prompt_sha256[:8]}" != packaged.version
    case = make_case(REFUSAL)
    assert mine.build(case).version == mine.version
    assert mine.build(case).digest(model="m") != packaged.build(case).digest(model="m")


def test_a_prompt_without_its_placeholder_is_refused():
    with pytest.raises(UserError, match=r"without \{reference\}"):
        llm_judge("reasoning", prompt=MINE.replace("{reference}", ""))


def test_a_relevant_reply_takes_the_judges_span_and_keeps_what_the_rule_read(make_case):
    case = make_case(
        "<think>a</think><answer>It is at 3 to 9.</answer><correction>NIL</correction>"
    )
    found = relevance_of(case, relevance="relevant", span=[3.5, 8.0])
    assert (found.kind, found.spans, found.flags) == ("grounded", (Span(3.5, 8.0),), ())
    assert found.format_ok == case.prediction.format_ok


def test_a_relevant_reply_without_a_span_is_grounded_with_an_iou_of_0(make_case):
    found = relevance_of(make_case("It is there."), relevance="relevant", span=None)
    assert (found.kind, found.spans, found.flags) == ("grounded", (), ("no_time",))


@pytest.mark.parametrize("span", [[0.0, 0.0], [-1.0, -1.0]])
def test_a_span_that_means_nowhere_is_none(make_case, span):
    found = relevance_of(make_case("It is there."), relevance="relevant", span=span)
    assert (found.spans, found.flags) == ((), ("no_time",))


@pytest.mark.parametrize(
    ("span", "expected", "flags"),
    [
        ([9.0, 3.0], Span(3.0, 9.0), ("reversed",)),
        ([3.0, 25.0], Span(3.0, 25.0), ("beyond_end",)),
        ([-1.0, 25.0], Span(-1.0, 25.0), ("before_start", "beyond_end")),
        ([4.0, 4.0], Span(4.0, 4.0), ("zero_length",)),
    ],
)
def test_an_odd_span_is_flagged_and_never_clamped(make_case, span, expected, flags):
    found = relevance_of(make_case("Here."), relevance="relevant", span=span)
    assert (found.spans, found.flags) == ((expected,), flags)


@pytest.mark.parametrize(("n_frames", "start_s"), [(8, 33.0), (None, 3.0)])
def test_times_told_from_the_start_of_a_shown_clip_are_moved(make_case, clip, n_frames, start_s):
    case = make_case("Here.", clip=clip, n_frames=n_frames)
    found = relevance_of(case, relevance="relevant", span=[3.0, 9.0])
    assert found.spans == (Span(start_s, start_s + 6.0),)


def test_an_irrelevant_reply_is_refused_with_its_answer_whatever_times_it_names(make_case):
    case = make_case("From 3 to 9 s a man cooks.<correction>a man cooks</correction>")
    assert case.prediction.kind == "grounded"
    found = relevance_of(case, relevance="irrelevant", span=[3.0, 9.0])
    assert (found.kind, found.spans) == ("refused", ())
    assert found.explanation == "From 3 to 9 s a man cooks."
    assert found.correction == "a man cooks"


def test_an_unclosed_tag_stays_flagged(make_case):
    case = make_case("<answer>No dog.")
    assert "unclosed_tag" in relevance_of(case, relevance="irrelevant", span=None).flags
    assert relevance_of(case, relevance="relevant", span=None).flags == ("unclosed_tag", "no_time")


def test_a_score_is_taken_as_it_is(make_case):
    assert judge_case("reasoning", make_case(REFUSAL), {"score": 3.7}) == {"reasoning": 3.7}


def test_one_call_gives_relevance_categories_and_score_of_a_refusal(make_case):
    answer = {**IRRELEVANT, "categories": ["Object/ObjectExistence"], "score": 4}
    found = judge_case("combined", make_case(REFUSAL), answer)
    assert found["relevance"].kind == "refused"
    assert found["categories"] == ("Object/ObjectExistence",)
    assert found["reasoning"] == 4.0


@pytest.mark.parametrize(
    ("relevance", "changes"), [("relevant", {}), ("irrelevant", {"relevant": True})]
)
def test_one_call_reads_relevance_only_where_nothing_is_explained(make_case, relevance, changes):
    answer = {"relevance": relevance, "span": None, "categories": [], "score": 2.0}
    assert set(judge_case("combined", make_case(REFUSAL, **changes), answer)) == {"relevance"}


def test_one_call_may_refuse_what_the_rule_took_for_grounded(make_case):
    case = make_case("From 3 to 9 s a man cooks.")
    answer = {**IRRELEVANT, "categories": [], "score": 1.0}
    assert set(judge_case("combined", case, answer)) == {"relevance", "categories", "reasoning"}


def test_one_call_without_a_score_leaves_reasoning_unscored(make_case):
    case, judge = make_case(REFUSAL), llm_judge("combined")
    answer = LLMAnswer(value=Combined(relevance="irrelevant", span=None, categories=[], score=None))
    found = judgements_of(judge, case, answer, model="m")["reasoning"]
    assert (found.value, found.reason) == (None, "the judge gave no value")


def test_one_call_about_a_refusal_owes_a_score_only_where_there_is_a_reference(make_case):
    answer = json.dumps({**IRRELEVANT, "categories": [], "score": None})
    judge = llm_judge("combined")
    with pytest.raises(ValidationError, match="expected a score from 0 to 5"):
        judge.build(make_case(REFUSAL)).schema.model_validate_json(answer)
    for changes in ({"refusal": ""}, {"relevant": True}):
        assert judge.build(make_case(REFUSAL, **changes)).schema.model_validate_json(answer)
    grounded = answer.replace("irrelevant", "relevant")
    assert judge.build(make_case(REFUSAL)).schema.model_validate_json(grounded)


def test_one_call_about_a_relevant_query_shows_no_reference(make_case):
    user = llm_judge("combined").build(make_case(REFUSAL, relevant=True)).messages[1].content
    assert "The animal is a cat" not in user


def test_one_call_shows_both_texts_where_they_differ(make_case):
    judge = llm_judge("combined", text="official")
    both = judge.build(make_case(REFUSAL, text="official")).messages[1].content
    assert "-----\nNo dog.\n----- end of response" in both
    assert "-----\nA cat.  No dog.\n----- end of explanation" in both
    one = llm_judge("combined").build(make_case(REFUSAL)).messages[1].content
    assert one.count("No dog.") == 1
    assert "explanation" not in one


@pytest.mark.parametrize(
    ("kind", "measures"),
    [
        ("relevance", {"relevance"}),
        ("categories", {"categories"}),
        ("reasoning", {"reasoning"}),
        ("combined", {"relevance", "categories", "reasoning"}),
    ],
)
def test_a_failed_answer_leaves_what_applies_unscored_with_its_reason(make_case, kind, measures):
    failed = LLMAnswer(failure="timeout after 120 s")
    found = judgements_of(llm_judge(kind), make_case(REFUSAL), failed, model="m")
    assert set(found) == measures
    assert {(one.value, one.reason, one.model) for one in found.values()} == {
        (None, "timeout after 120 s", "m")
    }


def test_every_judgement_names_judge_version_and_model(make_case):
    judge = llm_judge("combined")
    answer = LLMAnswer(value=Combined(relevance="irrelevant", span=None, categories=[], score=1.0))
    found = judgements_of(judge, make_case(REFUSAL), answer, model="gpt")
    assert {(one.judge, one.version, one.model) for one in found.values()} == {
        ("combined", judge.version, "gpt")
    }
    assert [one.measure for one in found.values()] == list(found)


@pytest.mark.parametrize("kind", ["relevance", "categories", "reasoning", "combined"])
def test_a_strict_schema_of_every_answer_can_be_asked_for(kind, make_case):
    from rarft.harness.llm.answer_schema import response_format_for

    schema = llm_judge(kind).build(make_case(REFUSAL)).schema
    assert response_format_for(schema, "json_schema")["json_schema"]["strict"] is True
