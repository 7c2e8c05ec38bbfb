"""Whatever a completion holds, its rewards are finite and within their bounds."""

import math

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rarft.harness.parsing import parse_reply
from rarft.trainer.reward_texts import read_completion

FRAGMENTS = [
    *("<think>", "</think>", "<answer>", "</answer>", "<correct>", "</correct>", "<correction>"),
    *(
        "</correction>",
        "2.0 to 6.0",
        "-3 - 7",
        "1e308 to 9e400",
        "[[1, 2]]",
        "NIL",
        "No dog.",
        "\n",
    ),
    *("from 1:00 to 2:00", "9" * 400, "\x00", "\ud800", "cat", "uncat dog", "{", "<|im_end|>", "∞"),
]
TEXTS = st.one_of(
    st.text(max_size=80), st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(" ".join)
)
BOUNDS = {
    "format": (0, 1),
    "refuse_iou": (0, 1),
    "explain": (-2, 2),
    "correct": (-1, 1),
    "refuse_iou_semantic": (0, 1),
    "refuse_iou_scaled": (0, 1),
    "explain_shifted": (-1, 1),
    "correct_shifted": (0, 1),
    "correct_nil": (-1, 1),
    "correct_nil_shifted": (0, 1),
}
FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FEW
@given(text=TEXTS, relevant=st.booleans(), start_s=st.floats(0, 90), length_s=st.floats(0, 90))
@example(text="<answer>uncat</answer>", relevant=False, start_s=0.0, length_s=1.0)
def test_every_reward_is_finite_and_within_its_bounds(
    paper_rewards, text, relevant, start_s, length_s
):
    columns = {
        "relevant": [relevant],
        "spans": [[[start_s, start_s + length_s]]],
        "duration_s": [100.0],
        "refusal": ["cat is not dog"],
        "relevant_query": ["uncat"],
    }
    for name, reward in paper_rewards.items():
        (found,) = reward([text], **columns)
        low, high = BOUNDS[name]
        assert math.isfinite(found)
        assert low - 1e-6 <= found <= high + 1e-6


@FEW
@given(text=TEXTS)
def test_a_span_that_the_harness_reads_in_an_answer_is_the_one_that_is_rewarded(text):
    said = read_completion(f"<answer>{text}</answer>")
    read = parse_reply(f"<answer>{text}</answer>", form="answer_tag")
    if said.answer is not None and said.kind == "grounded":
        assert (read.kind, read.spans) == ("grounded", said.spans)


@FEW
@given(start_s=st.floats(0, 500), length_s=st.floats(0.01, 500))
def test_the_reference_itself_has_the_highest_reward(paper_rewards, start_s, length_s):
    start_s, end_s = round(start_s, 2), round(start_s + length_s, 2)
    said = [f"<answer>{start_s:.2f} to {end_s:.2f}</answer>"]
    columns = {"relevant": [True], "spans": [[[start_s, end_s]]], "duration_s": [1000.0]}
    for name in ("refuse_iou", "refuse_iou_semantic", "refuse_iou_scaled"):
        # Spans of no length overlap nothing.
        expected = 1.0 if end_s > start_s else 0.0
        assert paper_rewards[name](said, **columns) == pytest.approx([expected])
