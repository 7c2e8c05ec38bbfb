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
    "settings", [{"temprature": 1}, {"max_new_tokens": 0}, {"max_new_tokens": "x"}]
)
def test_unknown_or_impossible_settings_are_refused(settings):
    with pytest.raises(UserError, match=r"^got "):
        check_settings(settings)
