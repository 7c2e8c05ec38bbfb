"""The tiny model's package data: what it knows, how large it is, and that it can be remade."""

import math

import pytest
import torch
from transformers import AutoConfig, AutoModelForImageTextToText, AutoTokenizer

from rarft.harness.models.revision import checkpoint_folder
from rarft.harness.models.tiny.make_tokenizer import SPECIAL_TOKENS, TAGS, save_tokenizer
from rarft.harness.models.tiny_weights import draw_weights

FOLDER = checkpoint_folder("package:tiny")


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(FOLDER)


@pytest.fixture(scope="module")
def network():
    network = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(FOLDER))
    draw_weights(network)
    return network


def test_the_script_makes_the_shipped_tokenizer(tmp_path, tokenizer):
    save_tokenizer(tmp_path)
    made = AutoTokenizer.from_pretrained(tmp_path)
    assert made.get_vocab() == tokenizer.get_vocab()
    text = "The red circle moves left, then stops. <answer>3.50 to 7.25</answer>"
    assert made(text).input_ids == tokenizer(text).input_ids


@pytest.mark.parametrize("token", [*SPECIAL_TOKENS, *TAGS])
def test_each_tag_and_special_token_is_one_token(token, tokenizer):
    assert len(tokenizer.encode(f"a{token}b")) == 3


def test_times_are_one_token_a_digit(tokenizer):
    assert tokenizer.tokenize("12.54 to 7.83") == [*"12.54", "Ġto", "Ġ", *"7.83"]


def test_words_of_the_synthetic_world_are_one_token_each(tokenizer):
    words = "two small red circles with a white stripe move left on the sand"
    assert len(tokenizer.encode(words)) == len(words.split())


@pytest.mark.parametrize(
    "text", ["naïve café 東京 🎬", "a\n\n  b\tc", "<answer>no</answer><|im_end|>"]
)
def test_any_text_survives_encoding(text, tokenizer):
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_configuration_and_tokenizer_agree(tokenizer):
    config = AutoConfig.from_pretrained(FOLDER)
    assert len(tokenizer) == config.text_config.vocab_size
    assert tokenizer.convert_tokens_to_ids("<|video_pad|>") == config.video_token_id
    assert tokenizer.convert_tokens_to_ids("<|image_pad|>") == config.image_token_id
    assert tokenizer.convert_tokens_to_ids("<|vision_start|>") == config.vision_start_token_id
    assert tokenizer.convert_tokens_to_ids("<|vision_end|>") == config.vision_end_token_id
    assert tokenizer.eos_token_id == config.text_config.eos_token_id


def test_the_network_has_two_and_a_half_million_parameters(network):
    assert 2.5e6 < sum(one.numel() for one in network.parameters()) < 2.7e6


def test_weights_are_the_same_in_every_process_and_scaled_by_fan_in(network):
    layer = network.model.language_model.layers[1]
    assert layer.self_attn.q_proj.weight.std().item() == pytest.approx(1 / math.sqrt(192), rel=0.03)
    assert layer.mlp.down_proj.weight.std().item() == pytest.approx(0.5 / math.sqrt(384), rel=0.03)
    assert layer.self_attn.q_proj.bias.abs().max() == 0
    embeddings = network.model.language_model.embed_tokens.weight
    assert embeddings.std().item() == pytest.approx(0.3, rel=0.03)
    again = AutoModelForImageTextToText.from_config(network.config)
    draw_weights(again)
    assert all(
        torch.equal(one, other)
        for one, other in zip(network.parameters(), again.parameters(), strict=True)
    )
