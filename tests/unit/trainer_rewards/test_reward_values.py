"""The rewards of completions worked out by hand from the paper's equations 4 to 7."""

import pytest

from rarft.harness.types import Span
from rarft.trainer.collator import reference_answer
from rarft.trainer.reward_texts import time_text
from rarft.trainer.rewards import format as format_reward
from rarft.trainer.rewards import refuse_iou

HALF = 0.5**0.5
SPANS = [[2.0, 6.0]]


def answer(text: str, correction: str = "NIL") -> str:
    return f"<think>a</think><answer>{text}</answer><correction>{correction}</correction>"


def iou(text: str, *, relevant: bool, spans=SPANS, reward=refuse_iou, **columns):
    columns = {name: [value] for name, value in columns.items()}
    return reward([text], relevant=[relevant], spans=[spans], **columns)[0]


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        ("<think>a</think><answer>b</answer><correct>c</correct>", 1.0),
        ("<think>a</think><answer>b</answer><correction>c</correction>", 1.0),
        (" <think>a\n</think>\n<answer>b</answer> \n<correct></correct>\n", 1.0),
        ("<think>a</think><answer>b</answer><correct>c</correction>", 0.0),
        ("<think>a</think><answer>b</answer>", 0.0),
        ("<answer>b</answer><correct>c</correct>", 0.0),
        ("<answer>b</answer><think>a</think><correct>c</correct>", 0.0),
        ("<think>a</think><answer>b</answer><correct>c</correct> And so on.", 0.0),
        ("<think>a</think><answer>b</answer><answer>b</answer><correct>c</correct>", 0.0),
        ("<think>a</think><answer>b</answer><correct>c", 0.0),
        ("", 0.0),
    ],
)
def test_format_is_1_for_exactly_the_three_blocks_in_order(text, reward):
    assert format_reward([text]) == [reward]


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        ("2.0 to 6.0", 1.0),
        ("4.0 to 8.0", 1 / 3),  # 2 s shared of 6 s
        ("2 to 3", 0.25),
        ("from 7.5 to 9.5 seconds", 0.0),
        ("8.0 to 4.0", 1 / 3),  # reversed spans are swapped, as in the evaluation
        ("1:00 to 1:30", 0.0),
        ("[[3.0, 5.0]]", 0.5),
        ("4.0 to 8.0, or 2.0 to 6.0", 1 / 3),  # the first of several counts
        ("The video does not show it from 2.0 to 6.0 seconds.", 1.0),
        ("No dog is shown.", 0.0),
        ("", 0.0),
    ],
)
def test_a_relevant_query_is_rewarded_with_the_tiou_of_any_span_in_the_answer(text, reward):
    assert iou(answer(text), relevant=True) == pytest.approx(reward)


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        ("No dog is shown.", 1.0),
        ("2.0 to 6.0", 0.0),
        ("100.0 to 200.0", 0.0),
        ("No dog is shown; from 2.0 to 6.0 seconds a cat sleeps.", 0.0),
        ("0 to 0", 1.0),  # the way to write "nowhere" names no time
        ("[]", 1.0),
        ("The 2 dogs of the query are 3 cats.", 1.0),
        ("", 1.0),
    ],
)
def test_an_irrelevant_query_is_rewarded_with_1_where_the_answer_names_no_span(text, reward):
    assert iou(answer(text), relevant=False) == reward


@pytest.mark.parametrize(
    "text",
    [
        "No dog is shown.",
        "2.0 to 6.0",
        "<think>No dog is shown.</think>",
        "<think><answer>No dog is shown.</answer></think>",
        "<answer>No dog is shown",
        "<answer>2.0 to 6.0",
        "No dog is shown.</answer>",
        "",
    ],
)
@pytest.mark.parametrize("relevant", [True, False])
def test_without_an_answer_block_the_reward_is_0(text, relevant):
    assert iou(text, relevant=relevant) == 0.0


def test_the_last_answer_counts():
    text = "<answer>No dog is shown.</answer> No: <answer>2.0 to 6.0</answer>"
    assert (iou(text, relevant=True), iou(text, relevant=False)) == (1.0, 0.0)


def test_the_nearest_of_several_reference_spans_counts():
    assert iou(answer("4.0 to 8.0"), relevant=True, spans=[[20.0, 30.0], [4.0, 8.0]]) == 1.0


def test_a_relevant_query_without_a_reference_span_has_no_reward():
    assert iou(answer("4.0 to 8.0"), relevant=True, spans=[]) is None
    assert iou(answer("4.0 to 8.0"), relevant=True, spans=None) is None


@pytest.mark.parametrize(
    ("text", "relevant", "reward"),
    [
        ("No dog is shown; from 2.0 to 6.0 seconds a cat sleeps.", False, 1.0),
        ("No dog is shown; from 2.0 to 6.0 seconds a cat sleeps.", True, 0.0),
        ("2.0 to 6.0", False, 0.0),
        ("4.0 to 8.0", True, 1 / 3),
        ("hello", False, 0.0),
        ("", False, 0.0),
    ],
)
def test_semantic_refuse_iou_goes_by_what_the_harness_reads(paper_rewards, text, relevant, reward):
    found = iou(answer(text), relevant=relevant, reward=paper_rewards["refuse_iou_semantic"])
    assert found == pytest.approx(reward)


@pytest.mark.parametrize(
    ("text", "relevant", "duration_s", "reward"),
    [
        ("2.0 to 6.0", True, 10.0, 1.0),
        ("4.0 to 8.0", True, 10.0, 1 / 3 * 0.8 * 0.8),
        ("2.0 to 3.0", True, 20.0, 0.25 * 0.85),
        ("2.0 to 30.0", True, 10.0, 0.0),  # the end is 2.4 durations away
        ("2.0 to 6.0", True, None, None),
        ("No dog is shown.", True, None, None),
        ("2.0 to 6.0", True, 0.0, None),
        ("No dog is shown.", True, 10.0, 0.0),
        ("No dog is shown.", False, None, 1.0),
    ],
)
def test_scaled_refuse_iou_multiplies_by_the_authors_factor(
    paper_rewards, text, relevant, duration_s, reward
):
    scaled = paper_rewards["refuse_iou_scaled"]
    found = iou(answer(text), relevant=relevant, reward=scaled, duration_s=duration_s)
    assert found == (None if reward is None else pytest.approx(reward))


@pytest.mark.parametrize(
    ("text", "of_irrelevant"),
    [
        ("cat", 1.0),  # cos with the refusal "cat" is 1, with the time 0
        ("cat dog", HALF),
        ("dog", 0.0),
        ("uncat", -1.0),
        ("2.00 to 6.00", -1.0),
        ("cat 7", 0.0),  # as near to the one as to the other
        ("", 0.0),
    ],
)
def test_explain_is_the_cosine_with_the_right_answer_less_that_with_the_other(
    paper_rewards, text, of_irrelevant
):
    rows = {"relevant": [False, True], "spans": [SPANS] * 2, "refusal": ["cat"] * 2}
    found = paper_rewards["explain"]([answer(text)] * 2, **rows)
    assert found == pytest.approx([of_irrelevant, -of_irrelevant], abs=1e-6)
    shifted = paper_rewards["explain_shifted"]([answer(text)] * 2, **rows)
    assert shifted == pytest.approx([of_irrelevant / 2, -of_irrelevant / 2], abs=1e-6)


def test_explain_is_0_without_an_answer(paper_rewards):
    rows = {"relevant": [False], "spans": [SPANS], "refusal": ["cat"]}
    for name in ("explain", "explain_shifted"):
        assert paper_rewards[name](["cat"], **rows) == [0.0]
        assert paper_rewards[name](["<answer>cat"], **rows) == [0.0]


@pytest.mark.parametrize(("spans", "refusal"), [([], "cat"), (SPANS, ""), (None, None)])
def test_a_pair_that_lacks_an_answer_explains_nothing(paper_rewards, spans, refusal):
    rows = {"relevant": [True, False], "spans": [spans] * 2, "refusal": [refusal] * 2}
    assert paper_rewards["explain"]([answer("cat")] * 2, **rows) == [None, None]


@pytest.mark.parametrize(
    ("correction", "reward"),
    [("cat", 1.0), ("cat dog", HALF), ("dog", 0.0), ("uncat", -1.0)],
)
def test_correct_is_the_cosine_with_the_relevant_query(paper_rewards, correction, reward):
    rows = {"relevant": [False], "relevant_query": ["cat"]}
    said = [answer("dog", correction)]
    assert paper_rewards["correct"](said, **rows) == pytest.approx([reward])
    assert paper_rewards["correct_nil"](said, **rows) == pytest.approx([reward])
    for name in ("correct_shifted", "correct_nil_shifted"):
        assert paper_rewards[name](said, **rows) == pytest.approx([(reward + 1) / 2])


@pytest.mark.parametrize(
    "text",
    [
        answer("dog", "NIL"),
        answer("dog", ""),
        answer("dog", " \n "),
        "<answer>dog</answer>",
        "<answer>dog</answer><correction>cat",
        "",
    ],
)
@pytest.mark.parametrize(
    "name", ["correct", "correct_shifted", "correct_nil", "correct_nil_shifted"]
)
def test_what_corrects_nothing_has_0_for_an_irrelevant_query(paper_rewards, name, text):
    assert paper_rewards[name]([text], relevant=[False], relevant_query=["cat"]) == [0.0]


@pytest.mark.parametrize("correction", ["cat", "dog", "NIL", ""])
def test_correct_is_0_for_relevant_queries(paper_rewards, correction):
    rows = {"relevant": [True], "relevant_query": ["cat"]}
    for name in ("correct", "correct_shifted"):
        assert paper_rewards[name]([answer("cat", correction)], **rows) == [0.0]


@pytest.mark.parametrize(
    ("correction", "reward"),
    [("NIL", 1.0), (" nil. ", 1.0), ("cat", 0.0), ("", 0.0), ("a cat, not NIL", 0.0)],
)
def test_the_nil_variants_reward_nil_for_relevant_queries(paper_rewards, correction, reward):
    rows = {"relevant": [True], "relevant_query": [None]}
    for name in ("correct_nil", "correct_nil_shifted"):
        assert paper_rewards[name]([answer("cat", correction)], **rows) == [reward]


def test_each_correction_is_compared_with_the_query_of_its_own_row(paper_rewards):
    said = [answer("a", "cat"), answer("a", "dog"), answer("a", "dog")]
    rows = {"relevant": [False] * 3, "relevant_query": ["cat", "dog", "cat"]}
    assert paper_rewards["correct"](said, **rows) == pytest.approx([1.0, 1.0, 0.0])


def test_an_irrelevant_query_without_a_relevant_one_has_no_correction_reward(paper_rewards):
    rows = {"relevant": [False] * 2, "relevant_query": [None, ""]}
    assert paper_rewards["correct"]([answer("a", "cat")] * 2, **rows) == [None, None]


def test_the_last_correction_counts(paper_rewards):
    said = ["<answer>a</answer><correct>dog</correct><correction>cat</correction>"]
    assert paper_rewards["correct"](said, relevant=[False], relevant_query=["cat"]) == [1.0]


def test_the_time_that_explains_is_the_one_that_fine_tuning_teaches():
    row = {"relevant": True, "spans": [[2.5, 4.125]]}
    assert f"<answer>{time_text([Span(2.5, 4.125)])}</answer>" in reference_answer(row)
