"""Each text is encoded once, by whole weights, with the same result whatever came before."""

import itertools
import string

import pytest
import torch

from rarft.harness.judges.encoder import load_encoder
from rarft.trainer.reward_embeddings import Comparison, TextEmbeddings, text_embeddings
from rarft.trainer.reward_encoder import load_whole_encoder, outside_zero3
from rarft.trainer.rewards import reward_functions

LETTERS = ["".join(one) for one in itertools.product(string.ascii_lowercase[:4], repeat=3)]
ROWS = {
    "relevant": [True, False, False, False],
    "spans": [[[2.0, 6.0]]] * 4,
    "refusal": ["no dog"] * 4,
    "relevant_query": [None, "a cat", "a cat", "a bird"],
}
SAID = [
    "<answer>2.0 to 6.0</answer><correction>NIL</correction>",
    "<answer>there is no dog</answer><correction>the cat</correction>",
    "<answer>there is no dog</answer><correction>birds</correction>",
    "<answer>what dog</answer><correction>birds</correction>",
]


@pytest.fixture
def counting(words_encoder, monkeypatch):
    """The texts of each call of the encoder behind two rewards, and the rewards."""
    text_embeddings.cache_clear()
    network = load_encoder(words_encoder)
    calls = []
    encode = network.encode

    def recorded(texts, **options):
        calls.append(list(texts))
        return encode(texts, **options)

    monkeypatch.setattr(network, "encode", recorded)
    yield calls, reward_functions(["explain", "correct"], encoder=words_encoder)
    text_embeddings.cache_clear()


def test_a_batch_is_encoded_at_once_for_all_rewards(counting):
    calls, (explain, correct) = counting
    explain(SAID, **ROWS)
    completions, references = calls
    assert sorted(completions) == ["2.0 to 6.0", "birds", "the cat", "there is no dog", "what dog"]
    assert sorted(references) == ["2.00 to 6.00", "a bird", "a cat", "no dog"]
    correct(SAID, **ROWS)
    assert len(calls) == 2


def test_the_order_of_the_rewards_does_not_matter(counting):
    calls, (explain, correct) = counting
    correct(SAID, **ROWS)
    explain(SAID, **ROWS)
    assert len(calls) == 2


def test_references_are_encoded_once_a_run_and_completions_once_a_batch(counting):
    calls, (explain, correct) = counting
    for said in (SAID, [one.replace("dog", "fish") for one in SAID], SAID):
        for reward in (explain, correct):
            reward(said, **ROWS)
    assert len(calls) == 4
    seen = [text for call in calls for text in call]
    assert seen.count("no dog") == seen.count("a cat") == seen.count("2.00 to 6.00") == 1
    assert seen.count("there is no dog") == 2


def test_rewards_of_shared_and_separate_encodings_are_the_same(small_bert):
    explain, correct = reward_functions(["explain", "correct"], encoder=small_bert)
    (alone,) = reward_functions(["correct"], encoder=small_bert)
    explain(SAID, **ROWS)
    assert alone(SAID, **ROWS) == pytest.approx(correct(SAID, **ROWS), abs=1e-6)


def test_similarities_are_the_cosines_of_the_library(small_bert):
    from sentence_transformers import util

    network = load_encoder(small_bert)
    embeddings = TextEmbeddings(network)
    pairs = [Comparison(a, b) for a in LETTERS[:8] for b in LETTERS[4:12]]
    found = embeddings.cosines(pairs)
    vectors = {text: network.encode(text, show_progress_bar=False) for text in LETTERS[:12]}
    for pair in pairs:
        expected = util.cos_sim(vectors[pair.text], vectors[pair.reference]).item()
        assert found[pair] == pytest.approx(expected, abs=1e-5)


def test_what_a_run_saw_before_changes_no_bit_of_a_reward(small_bert):
    network = load_encoder(small_bert)
    batch = [
        Comparison(f"{a} {b}" * n, f"{b} {a}" * n)
        for n, (a, b) in enumerate(zip(LETTERS[:20], LETTERS[20:40], strict=True), start=1)
    ]
    longer = [Comparison("zz " * 30, one.reference) for one in batch[::3]]
    went_on, began = TextEmbeddings(network), TextEmbeddings(network)
    went_on.cosines(longer)
    assert went_on.cosines(batch) == began.cosines(batch)


def test_a_reference_beyond_the_encoders_length_is_cut(small_bert):
    embeddings = TextEmbeddings(load_encoder(small_bert))
    long, longer = "ab " * 60, "ab " * 90
    found = embeddings.cosines([Comparison(long, longer)])
    assert list(found.values()) == pytest.approx([1.0], abs=1e-5)


def test_loading_leaves_the_random_numbers_alone(small_bert):
    text_embeddings.cache_clear()
    before = torch.random.get_rng_state()
    reward_functions(["explain"], encoder=small_bert, device="cpu")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_an_encoder_is_where_it_is_asked_to_be(small_bert):
    assert load_whole_encoder(small_bert, device="cpu").device == torch.device("cpu")
    assert load_whole_encoder(small_bert, device="meta").device == torch.device("meta")


def test_outside_zero3_the_setting_is_hidden_and_then_there_again():
    pytest.importorskip("deepspeed")
    from transformers.integrations import HfDeepSpeedConfig, is_deepspeed_zero3_enabled

    setting = HfDeepSpeedConfig({"zero_optimization": {"stage": 3}})
    assert is_deepspeed_zero3_enabled()
    with outside_zero3():
        assert not is_deepspeed_zero3_enabled()
    assert is_deepspeed_zero3_enabled()
    with pytest.raises(KeyError), outside_zero3():
        raise KeyError
    assert is_deepspeed_zero3_enabled()
    assert setting.is_zero3()
