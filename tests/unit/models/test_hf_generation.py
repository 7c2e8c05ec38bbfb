import pytest
from transformers import GenerationConfig

from rarft.harness.errors import UserError
from rarft.harness.models.hf_generation import check_settings, generation_config

QWEN = GenerationConfig(
    do_sample=True,
    temperature=0.1,
    top_p=0.8,
    repetition_penalty=1.05,
    eos_token_id=[5, 6],
    pad_token_id=6,
)


def test_greedy_ignores_the_sampling_and_the_penalty_a_checkpoint_ships():
    config = generation_config({"max_new_tokens": 9, "do_sample": False}, own=QWEN)
    assert (config.do_sample, config.repetition_penalty, config.max_new_tokens) == (False, 1.0, 9)
    assert config.temperature is None
    assert (config.eos_token_id, config.pad_token_id) == ([5, 6], 6)


def test_temperature_zero_is_greedy():
    assert not generation_config({"do_sample": True, "temperature": 0}, own=QWEN).do_sample


def test_sampling_leaves_open_values_to_the_checkpoint():
    config = generation_config({"do_sample": True, "top_p": 0.5}, own=QWEN)
    assert (config.do_sample, config.temperature, config.top_p) == (True, 0.1, 0.5)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temprature": 1}, "got the generation setting temprature, expected one of"),
        ({"max_new_tokens": 0}, "expected a whole number of at least 1"),
        ({"max_new_tokens": -1}, "got max_new_tokens=-1, expected"),
        ({"max_new_tokens": "x"}, "got max_new_tokens=x, expected"),
        ({"max_new_tokens": True}, "got max_new_tokens=True, expected"),
        ({"max_new_tokens": 9.0}, "got max_new_tokens=9.0, expected"),
        ({"max_new_tokens": None}, "got max_new_tokens=None, expected"),
        ({"do_sample": "maybe"}, "got do_sample=maybe, expected true or false"),
        ({"temperature": "hot"}, "got temperature=hot, expected a number of at least 0"),
        ({"temperature": -0.1}, "got temperature=-0.1, expected"),
        ({"temperature": float("nan")}, "got temperature=nan, expected"),
        ({"temperature": float("inf")}, "got temperature=inf, expected"),
        ({"top_p": 2}, "got top_p=2, expected a number above 0 and at most 1"),
        ({"top_p": 0}, "got top_p=0, expected"),
        ({"top_k": 1.5}, "got top_k=1.5, expected a whole number of at least 0"),
        ({"num_beams": 0}, "got num_beams=0, expected a whole number of at least 1"),
        ({"repetition_penalty": 0}, "got repetition_penalty=0, expected a number above 0"),
        ({"no_repeat_ngram_size": -1}, "got no_repeat_ngram_size=-1, expected"),
    ],
)
def test_unknown_or_impossible_settings_are_refused_in_one_line(settings, said):
    with pytest.raises(UserError) as caught:
        check_settings(settings)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_new_tokens": 1, "do_sample": True, "temperature": 0, "top_p": 1, "top_k": 0},
        {"temperature": 1.5, "top_p": 0.9, "repetition_penalty": 1.05, "num_beams": 4},
        {"temperature": None, "top_p": None, "top_k": None, "no_repeat_ngram_size": 0},
    ],
)
def test_settings_that_the_library_can_follow_pass(settings):
    check_settings(settings)
