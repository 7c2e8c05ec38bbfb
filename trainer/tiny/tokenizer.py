"""The tokenizer of a tiny model: the words of HI-Synth's train split, and single tokens for times.

Any other text can be written too, byte by byte.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from rarft.harness.models.tiny.make_tokenizer import SPECIAL_TOKENS, TAGS
from rarft.tasks.synth_hi.dataset import Example, make_records
from rarft.tasks.synth_hi.sentences import draw_style, render_text
from rarft.trainer.tiny.thoughts import think

VOCABULARY_SIZE: Final = 832
_N_RECORDS: Final = 1_000
_SEED: Final = 0
# As in Qwen's tokenizers, but for times to one decimal, which stay whole.
_WORD_PATTERN: Final = (
    r" ?\p{N}{1,2}\.\p{N}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def texts(records: Sequence[Example]) -> Iterator[str]:
    """Yield the texts that the vocabulary is learned from, always in the same order."""
    rng = random.Random(_SEED)
    for half_seconds in range(29):
        yield f"{half_seconds / 2:.1f} to {half_seconds / 2:.1f}\n" * 200
    for record in records:
        yield "".join(think(record.world, record.irrelevant))
        yield record.refusal
        for claim in (record.relevant, record.irrelevant):
            yield render_text(claim, draw_style(rng))
    yield "system\nuser\nassistant\nQuery: Describe the video. without colours NIL yes no " * 200


def make_tokenizer() -> Tokenizer:
    """Learn the vocabulary and add the special tokens and the tags."""
    tokenizer = Tokenizer(BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORD_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=VOCABULARY_SIZE - len(SPECIAL_TOKENS) - len(TAGS),
        min_frequency=2,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    records = make_records(n_queries=2 * _N_RECORDS, seed=_SEED, split="train")
    tokenizer.train_from_iterator(texts(records), trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL_TOKENS])
    tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in TAGS])
    return tokenizer


def save_tokenizer(folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json."""
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(
        tokenizer_object=make_tokenizer(),
        unk_token=None,
        bos_token=None,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=32768,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)
