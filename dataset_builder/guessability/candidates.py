"""Candidates for irrelevant queries by edits of relevant ones, made without any score.

A stand-in for the language model where none is at hand: good for tests and for measuring what
selection alone does. The edits know no video, so what they say may by chance be true.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal

from rarft.dataset_builder.guessability.company import Company, company_of
from rarft.dataset_builder.guessability.edits import (
    Option,
    Place,
    added_places,
    apply_changes,
    edit_places,
    words_of_query,
)
from rarft.dataset_builder.guessability.lexicon import Lexicon, read_lexicon
from rarft.dataset_builder.types import Candidate
from rarft.harness.audit.words import same_words_key
from rarft.harness.taxonomy import HARD_LEVELS, Level
from rarft.harness.types import Query

Draw = Literal["flat", "matched"]
"""How a word is drawn: each alike, or as often as relevant queries use it in such company."""
N_EDITS: Final[Mapping[Level, int]] = {"strong": 1, "moderate": 2, "weak": 3}
_TRIES_PER_CANDIDATE: Final = 12


def edit_candidates(
    relevant: Sequence[Query], *, seed: int, n_candidates: int = 8, draw: Draw = "matched"
) -> list[list[Candidate]]:
    """Return up to `n_candidates` irrelevant queries for each relevant one, all of one level.

    The levels take turns over the queries in a random order; a query with too few words to edit
    gets fewer edits. No candidate repeats another, or says what is true of its video in the same
    words. What comes back depends on the queries and the seed, not on the order of the queries.

    Example:
        >>> queries = [Query(id="a", task="t", video="v.mp4", text="a person opens the door.",
        ...                  relevant=True, record="a")]
        >>> groups = edit_candidates(queries, seed=0, n_candidates=2)
        >>> len(groups[0]), groups[0][0].text != queries[0].text
        (2, True)
    """
    lexicon = read_lexicon()
    company = company_of(words_of_query(query.text) for query in relevant)
    true: dict[str, set[str]] = {}
    for query in relevant:
        true.setdefault(query.video, set()).add(same_words_key(query.text))
    levels = _levels(relevant, seed=seed)
    groups = []
    for query in relevant:
        made: list[Candidate] = []
        taken = set(true[query.video])
        offers = _offers(query.text, lexicon, company if draw == "matched" else None)
        while len(made) < n_candidates and (places := next(offers, None)):
            texts = _texts(
                query.text,
                places,
                n_edits=N_EDITS[levels[query.id]],
                generator=random.Random(f"{seed} {query.id} {len(places)}"),
                n_tries=_TRIES_PER_CANDIDATE * n_candidates,
            )
            while len(made) < n_candidates and (found := next(texts, None)):
                text, options = found
                if same_words_key(text) not in taken:
                    taken.add(same_words_key(text))
                    made.append(_candidate(query, len(made), text, options))
        groups.append(made)
    return groups


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A place with the running sums of the weights of its options."""

    place: Place
    sums: list[float]

    @classmethod
    def of(cls, place: Place, words: Sequence[str], company: Company | None) -> _Weighed:
        if company is None:
            return cls(place, list(accumulate([1.0] * len(place))))
        changed = {at for change in place[0].changes for at in range(change.start, change.end)}
        beside = [word for at, word in enumerate(words) if at not in changed]
        return cls(place, list(accumulate(company.weight(one.word, beside) for one in place)))


def _offers(text: str, lexicon: Lexicon, company: Company | None) -> Iterator[list[_Weighed]]:
    """Yield the places to edit; where they give too few texts something is added, by any word."""
    words = words_of_query(text)
    places = edit_places(words, lexicon)
    every = [*places, *added_places(words, lexicon)]
    for offered, used in ((places, company), (every, company), (every, None)):
        if offered:
            yield [_Weighed.of(place, words, used) for place in offered]


def _levels(relevant: Sequence[Query], *, seed: int) -> dict[str, Level]:
    ids = sorted(query.id for query in relevant)
    random.Random(seed).shuffle(ids)
    return {id_: HARD_LEVELS[index % len(HARD_LEVELS)] for index, id_ in enumerate(ids)}


def _texts(
    text: str,
    places: Sequence[_Weighed],
    *,
    n_edits: int,
    generator: random.Random,
    n_tries: int,
) -> Iterator[tuple[str, list[Option]]]:
    for _ in range(n_tries):
        options = _drawn(places, n_edits, generator)
        yield apply_changes(text, [each for one in options for each in one.changes]), options


def _drawn(places: Sequence[_Weighed], n_edits: int, generator: random.Random) -> list[Option]:
    """Draw edits of different words, up to `n_edits` of them."""
    drawn: list[Option] = []
    used: set[int] = set()
    for each in generator.sample(places, len(places)):
        option = generator.choices(each.place, cum_weights=each.sums)[0]
        touched = {at for change in option.changes for at in range(change.start, change.end)}
        if not touched & used:
            drawn.append(option)
            used |= touched
        if len(drawn) == n_edits:
            break
    return drawn


def _candidate(query: Query, attempt: int, text: str, options: Sequence[Option]) -> Candidate:
    return Candidate(
        id=f"{query.id}-{attempt}",
        query_id=query.id,
        level=HARD_LEVELS[len(options) - 1],
        categories=tuple(dict.fromkeys(option.category for option in options)),
        attempt=attempt,
        text=text,
        refusal=_refusal(options),
        reasons=tuple(f"{option.category}: {option.word}" for option in options),
    )


def _refusal(options: Sequence[Option]) -> str:
    said = " or ".join(
        " ".join(word for change in option.changes for word in change.words) for option in options
    )
    return f"Nothing in the video matches what the query says with “{said}”."
