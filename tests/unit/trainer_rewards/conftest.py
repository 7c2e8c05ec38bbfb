"""Sentence encoders that are read from folders like any other, and are small enough to work out."""

from pathlib import Path

import numpy as np
import pytest

WORDS = {"[UNK]": (0, 0, 1), "cat": (1, 0, 0), "dog": (0, 1, 0), "uncat": (-1, 0, 0)}
"""An answer's vector is the mean of its words'; every time is unknown, so all times are alike."""


@pytest.fixture(scope="session")
def words_encoder(tmp_path_factory) -> str:
    """An encoder that averages the vectors of WORDS."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    weights = np.array(list(WORDS.values()), dtype=np.float32)
    folder = tmp_path_factory.mktemp("words")
    embedding = StaticEmbedding(tokenizer, embedding_weights=weights)
    SentenceTransformer(modules=[embedding], device="cpu").save(str(folder))
    return str(folder)


@pytest.fixture(scope="session")
def small_bert(tmp_path_factory) -> str:
    """An encoder of two layers with random weights, whose texts are padded."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    parts, whole = folder / "parts", folder / "whole"
    parts.mkdir()
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
    vocabulary += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    (parts / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(str(parts / "vocab.txt"), model_max_length=64).save_pretrained(parts)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        BertModel(config).save_pretrained(parts)
    modules = [Transformer(str(parts), max_seq_length=48), Pooling(32)]
    SentenceTransformer(modules=modules, device="cpu").save(str(whole))
    return str(whole)


@pytest.fixture
def paper_rewards(words_encoder):
    """The rewards by name, each by itself, with the encoder of WORDS."""
    from rarft.trainer.rewards import REWARDS, reward_functions

    return {name: reward_functions([name], encoder=words_encoder)[0] for name in REWARDS}


@pytest.fixture
def folder_of_nothing(tmp_path) -> Path:
    """A folder that holds no encoder."""
    return tmp_path
