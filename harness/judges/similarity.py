"""The sentence-encoder judge: explanations beside references, corrections beside queries.

A similarity is the cosine of the two embeddings, clipped to [0, 1] as in the official code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from rarft.harness.judges.case import Case
from rarft.harness.judges.encoder import encoder_identity, load_encoder
from rarft.harness.judges.judged_text import reference_text
from rarft.harness.types import Judgement, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

NAME: Final = "sbert"
VERSION: Final = "1"
_GROUP_BATCHES: Final = 16

OnDone = Callable[[int], None]
"""Told after every group how many more pairs are done."""


def similarities(
    pairs: Sequence[tuple[str, str]],
    *,
    encoder: str,
    batch_size: int = 64,
    on_done: OnDone | None = None,
) -> list[float]:
    """Return the similarity of each pair of texts, from 0 to 1.

    Each distinct text is encoded once. An empty text is like nothing: 0.

    Args:
        pairs: The texts to compare. Shape: (n_pairs,).
        encoder: A name of `encoder.ENCODERS`, a Hub id or a folder.
        batch_size: Texts encoded at once.
        on_done: Called with the number of pairs done since the last call.

    Raises:
        UserError: the encoder cannot be loaded.

    Example:
        >>> found = similarities(
        ...     [("a dog runs", "a dog runs"), ("a dog runs", ""), ("a dog runs", "a puppy runs")],
        ...     encoder="all-MiniLM-L6-v2",
        ... )
        >>> found[:2], 0.8 < found[2] < 0.9
        ([1.0, 0.0], True)
    """
    vectors: dict[str, NDArray[np.float64]] = {}
    found: list[float] = []
    n_group = _GROUP_BATCHES * batch_size
    for start in range(0, len(pairs), n_group):
        group = [(a.strip(), b.strip()) for a, b in pairs[start : start + n_group]]
        texts = dict.fromkeys(text for a, b in group if a and b for text in (a, b))
        new = [text for text in texts if text not in vectors]
        if new:
            network = load_encoder(encoder)
            vectors.update(zip(new, _encode(network, new, batch_size=batch_size), strict=True))
        found.extend(_cosine(vectors[a], vectors[b]) if a and b else 0.0 for a, b in group)
        if on_done is not None:
            on_done(len(group))
    return found


def judge_similarity(
    cases: Sequence[Case], *, encoder: str, on_done: OnDone | None = None
) -> list[Judgement]:
    """Judge how like each explanation is to the reference refusal (paper, Section 4.2).

    Raises:
        UserError: the encoder cannot be loaded.
    """
    pairs = [(case.text, reference_text(case.query, text="answer")) for case in cases]
    return _judge("similarity", pairs, encoder=encoder, on_done=on_done)


def judge_correction(
    cases: Sequence[Case], *, encoder: str, on_done: OnDone | None = None
) -> list[Judgement]:
    """Judge how like each corrected query is to the relevant query of the record.

    Training rewards it (paper, Section 3.2); a reply that corrects nothing has 0.

    Raises:
        UserError: the encoder cannot be loaded.
    """
    pairs = [(case.prediction.correction or "", case.query.relevant_query or "") for case in cases]
    return _judge("correction", pairs, encoder=encoder, on_done=on_done)


def _judge(
    measure: Measure, pairs: Sequence[tuple[str, str]], *, encoder: str, on_done: OnDone | None
) -> list[Judgement]:
    model = encoder_identity(encoder)
    return [
        Judgement(measure=measure, judge=NAME, version=VERSION, model=model, value=value)
        for value in similarities(pairs, encoder=encoder, on_done=on_done)
    ]


def _encode(
    network: SentenceTransformer, texts: list[str], *, batch_size: int
) -> NDArray[np.float64]:
    """Return the embeddings. Shape: (n_texts, n_dimensions)."""
    vectors = network.encode(
        texts, batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True
    )
    return vectors.astype("float64")


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    lengths = float((a @ a) * (b @ b)) ** 0.5
    cosine = float(a @ b) / lengths if lengths else 0.0
    return min(1.0, max(0.0, cosine))
