"""The Sentence-BERT rewards: what is compared with what, and how similarities add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rarft.trainer.reward_columns import Columns, Reference, references
from rarft.trainer.reward_embeddings import Comparison, TextEmbeddings, default_embeddings
from rarft.trainer.reward_texts import ReadCompletion, time_text


@dataclass(frozen=True, slots=True)
class Terms:
    """A reward as a sum: `base`, and similarities that are added or taken away."""

    base: float = 0.0
    plus: tuple[Comparison, ...] = ()
    minus: tuple[Comparison, ...] = ()


AllTerms = list[Terms | None]
ReadTerms = Callable[[Sequence[ReadCompletion], Columns, str], AllTerms]
"""From what completions say, the columns and the name of the reward; None: not applicable."""
Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Encoding:
    """Where similarities come from, and what else a run compares, by the name of the reward.

    The first reward of a batch encodes what all of them need.
    """

    embeddings: TextEmbeddings
    together: tuple[tuple[str, ReadTerms], ...] = ()


def explanation_terms(said: Sequence[ReadCompletion], columns: Columns, reward: str) -> AllTerms:
    """Compare each answer with the two answers of its pair of queries (Eq. 6).

    Of a pair that lacks one of the two, nothing can be said: None.
    """
    found = references(columns, ("spans", "refusal"), reward=reward, n_completions=len(said))
    return [_explanation(*both) for both in zip(said, found, strict=True)]


def correction_terms(said: Sequence[ReadCompletion], columns: Columns, reward: str) -> AllTerms:
    """Compare each correction with the relevant query, where the query is irrelevant (Eq. 7)."""
    found = references(columns, ("relevant_query",), reward=reward, n_completions=len(said))
    return [_correction(*both) for both in zip(said, found, strict=True)]


def nil_correction_terms(said: Sequence[ReadCompletion], columns: Columns, reward: str) -> AllTerms:
    """Do the same, and give 1 where a relevant query's correction is NIL, as the authors' code."""
    found = references(columns, ("relevant_query",), reward=reward, n_completions=len(said))
    return [
        Terms(base=float(one.is_nil)) if reference.relevant else _correction(one, reference)
        for one, reference in zip(said, found, strict=True)
    ]


def similarity_rewards(
    said: Sequence[ReadCompletion],
    columns: Columns,
    *,
    reward: str,
    terms: ReadTerms,
    scale: Scale,
    encoding: Encoding | None,
) -> list[float | None]:
    """Return the sum of each completion's terms.

    Args:
        said: What the completions say.
        columns: The columns of their rows.
        reward: Who asks.
        terms: What to add up.
        scale: What is made of a cosine before it counts.
        encoding: Where similarities come from; None for the default encoder, by itself.

    Raises:
        UserError: a column is missing, or the encoder cannot be loaded.
    """
    wanted = terms(said, columns, reward)
    others = encoding.together if encoding else ()
    batch = [read(said, columns, name) for name, read in others if name != reward]
    embeddings = encoding.embeddings if encoding else default_embeddings()
    cosines = embeddings.cosines(
        _comparisons(wanted), batch=[one for each in batch for one in _comparisons(each)]
    )

    def total(one: Terms) -> float:
        added = sum(scale(cosines[comparison]) for comparison in one.plus)
        return float(one.base + added - sum(scale(cosines[comparison]) for comparison in one.minus))

    return [None if one is None else total(one) for one in wanted]


def cosine(similarity: float) -> float:
    """Return the cosine as it is, from -1 to 1."""
    return similarity


def shifted_cosine(similarity: float) -> float:
    """Return the cosine moved to the range from 0 to 1, as the authors' code does.

    Example:
        >>> shifted_cosine(-1.0), shifted_cosine(0.5)
        (0.0, 0.75)
    """
    return (similarity + 1.0) / 2.0


def _explanation(said: ReadCompletion, reference: Reference) -> Terms | None:
    answers = (time_text(reference.spans), reference.refusal)
    if not all(answers):
        return None
    if not said.answer:
        return Terms()
    positive, negative = answers if reference.relevant else answers[::-1]
    return Terms(
        plus=(Comparison(said.answer, positive),), minus=(Comparison(said.answer, negative),)
    )


def _correction(said: ReadCompletion, reference: Reference) -> Terms | None:
    if reference.relevant:
        return Terms()
    if not reference.relevant_query:
        return None
    if said.correction is None:
        return Terms()
    return Terms(plus=(Comparison(said.correction, reference.relevant_query),))


def _comparisons(terms: Sequence[Terms | None]) -> list[Comparison]:
    return [comparison for one in terms if one for comparison in (*one.plus, *one.minus)]
