"""What rewards take: completions of either shape, columns by name, names from the table."""

import inspect

import pytest

from rarft.harness.errors import NotFoundError, UserError
from rarft.trainer.checked_rewards import checked_reward
from rarft.trainer.reward_texts import completion_text
from rarft.trainer.rewards import PAPER_REWARDS, REWARDS, check_reward_names, reward_functions

ROWS = {
    "relevant": [True, False],
    "spans": [[[2.0, 6.0]], [[2.0, 6.0]]],
    "duration_s": [10.0, 10.0],
    "refusal": ["cat", "cat"],
    "relevant_query": [None, "cat"],
}
TEXTS = [
    "<think>a</think><answer>2.0 to 6.0</answer><correction>NIL</correction>",
    "<think>a</think><answer>cat</answer><correction>cat</correction>",
]
OTHERS = {
    "prompts": ["p", "p"],
    "completion_ids": [[1], [2]],
    "trainer_state": None,
    "log_extra": print,
    "log_metric": print,
    "level": ["original", "strong"],
    "query_id": ["0-0", "0-1"],
}
EXPECTED = {
    "format": [1.0, 1.0],
    "refuse_iou": [1.0, 1.0],
    "explain": [1.0, 1.0],
    "correct": [0.0, 1.0],
    "refuse_iou_semantic": [1.0, 0.0],
    "refuse_iou_scaled": [1.0, 1.0],
    "explain_shifted": [0.5, 0.5],
    "correct_shifted": [0.0, 1.0],
    "correct_nil": [1.0, 1.0],
    "correct_nil_shifted": [1.0, 1.0],
}


@pytest.mark.parametrize("name", REWARDS)
@pytest.mark.parametrize("conversational", [False, True])
def test_every_reward_takes_what_trl_hands_over(paper_rewards, name, conversational):
    said = [[{"role": "assistant", "content": text}] for text in TEXTS] if conversational else TEXTS
    rewards = checked_reward(paper_rewards[name])(completions=said, **ROWS, **OTHERS)
    assert rewards == pytest.approx(EXPECTED[name], abs=1e-6)
    assert all(type(one) is float for one in rewards)


@pytest.mark.parametrize("name", REWARDS)
def test_a_reward_is_logged_by_its_name_and_is_no_coroutine(paper_rewards, name):
    assert paper_rewards[name].__name__ == REWARDS[name].__name__ == name
    assert not inspect.iscoroutinefunction(paper_rewards[name])


def test_the_rewards_come_in_the_order_of_their_names(words_encoder):
    names = ["correct", "format", "explain"]
    found = reward_functions(names, encoder=words_encoder)
    assert [reward.__name__ for reward in found] == names


def test_all_rewards_of_a_run_are_what_each_is_alone(words_encoder):
    for reward in reward_functions(list(REWARDS), encoder=words_encoder):
        rewards = reward(completions=TEXTS, **ROWS, **OTHERS)
        assert rewards == pytest.approx(EXPECTED[reward.__name__], abs=1e-6)


def test_no_completions_are_no_rewards(paper_rewards):
    columns = {name: [] for name in ROWS}
    assert all(reward([], **columns) == [] for reward in paper_rewards.values())


@pytest.mark.parametrize(
    ("completion", "text"),
    [
        ("a", "a"),
        ([{"role": "assistant", "content": "a"}], "a"),
        ([{"role": "tool", "content": "b"}, {"role": "assistant", "content": "a"}], "a"),
        ([{"role": "assistant", "content": [{"type": "text", "text": "a"}, {"text": None}]}], "a"),
        ([{"role": "assistant", "content": None}], ""),
        ([{"role": "assistant"}], ""),
        ([], ""),
        (None, ""),
    ],
)
def test_a_completion_is_a_text_or_its_last_message(completion, text):
    assert completion_text(completion) == text


@pytest.mark.parametrize(
    ("name", "column"),
    [
        *(("refuse_iou", one) for one in ("relevant", "spans")),
        *(("refuse_iou_scaled", one) for one in ("relevant", "spans", "duration_s")),
        *(("explain", one) for one in ("relevant", "spans", "refusal")),
        *(("correct", one) for one in ("relevant", "relevant_query")),
        *(("correct_nil", one) for one in ("relevant", "relevant_query")),
    ],
)
def test_a_missing_column_is_named(paper_rewards, name, column):
    rows = {key: values for key, values in ROWS.items() if key != column}
    with pytest.raises(UserError) as caught:
        REWARDS[name](TEXTS, **rows)
    message = str(caught.value)
    assert message.startswith(f"got rows without the column {column}, expected relevant, ")
    assert message.endswith(f"for the reward {name}; add it to the dataset")
    assert "\n" not in message


def test_a_column_of_another_length_is_named(paper_rewards):
    with pytest.raises(UserError, match="got 1 values of spans for 2 completions"):
        paper_rewards["refuse_iou"](TEXTS, **(ROWS | {"spans": [[]]}))


def test_the_rewards_of_the_paper_are_four_and_the_rest_is_only_there_by_name():
    assert PAPER_REWARDS == tuple(REWARDS)[:4] == ("format", "refuse_iou", "explain", "correct")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("explian", "did you mean 'explain'?"),
        ("correction", "did you mean 'correct'?"),
        ("refuse-iou", "did you mean 'refuse_iou'?"),
        ("xyzzy", "see docs/rewards.md"),
    ],
)
def test_an_unknown_reward_is_one_line_with_the_nearest_name(name, near):
    with pytest.raises(NotFoundError) as caught:
        reward_functions(["format", name])
    message = str(caught.value)
    assert message.startswith(f"got an unknown reward '{name}', expected one of format, refuse_iou")
    assert message.endswith(near)
    assert "\n" not in message


def test_a_reward_is_named_once():
    with pytest.raises(UserError, match="got the reward format twice, expected each once"):
        check_reward_names(["format", "refuse_iou", "format"])


def test_an_encoder_that_is_not_there_is_one_line_before_training(folder_of_nothing):
    with pytest.raises(UserError) as caught:
        reward_functions(["explain"], encoder=str(folder_of_nothing))
    assert "cannot be loaded (the folder has no config.json)" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rewards_without_similarities_load_no_encoder(folder_of_nothing):
    (reward,) = reward_functions(["refuse_iou"], encoder=str(folder_of_nothing))
    assert reward is REWARDS["refuse_iou"]
