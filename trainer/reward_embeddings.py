"""Embeddings of the texts that rewards compare: references once a run, completions once a batch.

A text's embedding depends, in its last bits, on the padding beside it. References are therefore
encoded without any, whenever they are first seen, and completions always with the whole of their
batch: a run that goes on from a checkpoint computes the rewards that it would have computed.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.judges.encoder import DEFAULT_ENCODER
from rarft.trainer.reward_encoder import load_whole_encoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH: Final = 64
Vectors = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A text of a completion and the reference that it is compared with."""

    text: str
    reference: str


class TextEmbeddings:
    """Keeps what one encoder has encoded.

    References stay for good: 1.5 kB each with the default encoder.

    Args:
        network: The encoder.

    Example:
        >>> embeddings = default_embeddings()
        >>> same, other = Comparison("a cat", "a cat"), Comparison("a cat", "a dog barks")
        >>> found = embeddings.cosines([same, other])
        >>> round(found[same], 4), 0.2 < found[other] < 0.6
        (1.0, True)
        >>> embeddings.cosines([Comparison("", "a cat")])
        {Comparison(text='', reference='a cat'): 0.0}
    """

    def __init__(self, network: SentenceTransformer) -> None:
        self._network = network
        self._references: Vectors = {}
        self._completions: Vectors = {}

    def cosines(
        self, wanted: Sequence[Comparison], *, batch: Iterable[Comparison] = ()
    ) -> dict[Comparison, float]:
        """Return the cosine similarity of each comparison, from -1 to 1; an empty text has 0.

        Args:
            wanted: What to compare.
            batch: What else will be compared in this batch: it is encoded at once with the rest.
        """
        self._encode_new([*wanted, *batch])
        pairs = [one for one in dict.fromkeys(wanted) if one.text and one.reference]
        if not pairs:
            return dict.fromkeys(wanted, 0.0)
        texts = np.stack([self._completions[one.text] for one in pairs])
        others = np.stack([self._references[one.reference] for one in pairs])
        found = np.einsum("nd,nd->n", texts, others, dtype=np.float64).clip(-1.0, 1.0)
        return dict.fromkeys(wanted, 0.0) | dict(zip(pairs, found.tolist(), strict=True))

    def _encode_new(self, comparisons: Sequence[Comparison]) -> None:
        pairs = [one for one in comparisons if one.text and one.reference]
        texts = list(dict.fromkeys(one.text for one in pairs))
        if self._completions.keys() != set(texts):
            self._completions = _encode(self._network, texts)
        references = dict.fromkeys(one.reference for one in pairs)
        new = [text for text in references if text not in self._references]
        for group in _of_equal_length(self._network, new):
            self._references |= _encode(self._network, group)


@cache
def text_embeddings(encoder: str, *, device: str | None = None) -> TextEmbeddings:
    """Return the embeddings by an encoder, the same ones for all rewards of the process.

    Raises:
        UserError: the encoder cannot be loaded.
    """
    return TextEmbeddings(load_whole_encoder(encoder, device=device))


def default_embeddings() -> TextEmbeddings:
    """Return the embeddings by the encoder that the authors train with, which is installed."""
    return text_embeddings(DEFAULT_ENCODER)


def _encode(network: SentenceTransformer, texts: Sequence[str]) -> Vectors:
    """Return the unit vector of each text."""
    if not texts:
        return {}
    vectors = network.encode(
        list(texts),
        batch_size=_BATCH,
        show_progress_bar=False,
        convert_to_numpy=True,
        normalize_embeddings=True,
    )
    return dict(zip(texts, vectors.astype(np.float32), strict=True))


def _of_equal_length(network: SentenceTransformer, texts: Sequence[str]) -> Iterable[list[str]]:
    """Return the texts in groups that need no padding."""
    if not texts or not callable(network.tokenizer):
        # An encoder without a tokenizer of its own averages words, and pads nothing.
        return [list(texts)]
    longest = network.max_seq_length or sys.maxsize
    groups: Mapping[int, list[str]] = defaultdict(list)
    tokens = network.tokenizer(list(texts), truncation=True)["input_ids"]
    for text, ids in zip(texts, tokens, strict=True):
        groups[min(len(ids), longest)].append(text)
    return groups.values()
