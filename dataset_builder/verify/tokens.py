"""A query as the words that carry its meaning, each with its kind and its place in time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rarft.dataset_builder.verify.lexicon import KINDS, Kind, Lexicon, base_form, lexicon

THINGS: Final[frozenset[Kind]] = frozenset({"agent", "scene", "part", "noun", "generic"})
ACTIONS: Final[frozenset[Kind]] = frozenset({"verb", "phase"})
PROPERTIES: Final[frozenset[Kind]] = frozenset(
    {"colour", "size", "material", "state", "number", "comparison"}
)
PLACES: Final[frozenset[Kind]] = frozenset({"place", "direction"})
_DETERMINERS: Final = frozenset(
    [
        "a",
        "an",
        "the",
        "his",
        "her",
        "their",
        "its",
        "my",
        "your",
        "our",
        "this",
        "that",
        "these",
        "those",
        "some",
        "another",
        "other",
        "each",
        "every",
        "any",
        "no",
    ]
)
_PIECE: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[,;]")
_SIDES: Final[frozenset[Kind]] = frozenset({"state", "direction"})
"""Kinds between which a word such as "left" is the same word."""
_PARTICLES: Final = frozenset(["up", "down", "on", "off", "out", "in", "away", "back", "over"])
_BARRIERS: Final = frozenset([",", ";", "and", "then", "while", "before", "after"])
_MOST_BETWEEN: Final = 4


@dataclass(frozen=True, slots=True)
class Token:
    """One word or set phrase.

    `kinds` holds every kind the word can have and `kind` the one it has here. `names` are the word
    and the first word of each list it is on. `clause` numbers the
    steps of a sequence in the order in which they happen. `determined` says that an article, a
    number or a possessive stands before it.
    """

    word: str
    base: str
    kind: Kind
    kinds: frozenset[Kind]
    concepts: frozenset[int]
    names: frozenset[str]
    plural: bool = False
    determined: bool = False
    clause: int = 0

    @property
    def is_unknown(self) -> bool:
        """Return whether no word list has the word."""
        return not self.kinds

    def says(self, other: Token) -> bool:
        """Return whether the two words mean the same."""
        return (
            self.base == other.base
            or (self.is_unknown and self.base.rstrip("e") == other.base.rstrip("e"))
            or bool(self.concepts & other.concepts)
        )

    def implies(self, other: Token) -> bool:
        """Return whether what this word is said of, the other may be said of too."""
        if self.says(other):
            return True
        broader = lexicon().broader
        return any(not other.names.isdisjoint(broader.get(name, ())) for name in self.names)


@dataclass(frozen=True, slots=True)
class _Raw:
    """A piece of the text: a word, a merged phrase or a comma."""

    word: str
    base: str
    n_words: int = 1


@lru_cache(maxsize=2_048)
def tokens_of(text: str) -> tuple[Token, ...]:
    """Return the words of a text that carry meaning, in the order in which they are said.

    Connectives such as "then" are kept; articles, auxiliaries and "begins to" are not.

    Example:
        >>> [(t.base, t.kind) for t in tokens_of("A man picks the red cup up.")]
        [('man', 'agent'), ('pick up', 'verb'), ('red', 'colour'), ('cup', 'noun')]
    """
    pieces = _PIECE.findall(unicodedata.normalize("NFKC", text).casefold())
    raws = [_Raw(piece, base_form(piece)) for p in pieces for piece in [p.replace("’", "'")]]
    raws = [_without_possessive(raw) for raw in raws]
    return tuple(_typed(_merged(_joined_particles(_taken_apart(raws)))))


def _taken_apart(raws: list[_Raw]) -> list[_Raw]:
    """Say "enters the room" as "goes into the room"; "left" is rarely a form of "leave"."""
    made_of = lexicon().made_of
    apart: list[_Raw] = []
    for place, raw in enumerate(raws):
        parts = made_of.get(raw.base)
        after = raws[place + 1].word if place + 1 < len(raws) else ""
        is_side = raw.word == "left" and after not in _DETERMINERS
        is_thing = bool(apart) and (
            apart[-1].word in _DETERMINERS or bool(_kinds(apart[-1], lexicon()) & PROPERTIES)
        )
        stays = raw.base == "leave" and not _leaves_place(raws, place)
        if parts is None or is_side or is_thing or stays or raw.word == "near":
            apart.append(raw)
        else:
            apart += [_Raw(raw.word, parts[0]), _Raw(parts[1], parts[1])]
    return apart


def _leaves_place(raws: Sequence[_Raw], place: int) -> bool:
    """Return whether somebody leaves a place, rather than a thing somewhere."""
    for raw in raws[place + 1 :]:
        if raw.word in _DETERMINERS:
            continue
        kinds = _kinds(raw, lexicon())
        return not (kinds & {"noun", "part", "agent", "generic"} and "scene" not in kinds)
    return True


def _without_possessive(raw: _Raw) -> _Raw:
    if not raw.word.endswith("'s"):
        return raw
    word = raw.word[:-2]
    return _Raw(word, base_form(word))


def _joined_particles(raws: list[_Raw]) -> list[_Raw]:
    """Bring "takes his shoes off" into the order of "takes off his shoes"."""
    words = lexicon()
    joined = list(raws)
    for place, raw in enumerate(raws):
        if raw.word not in _PARTICLES or not _ends_phrase(raws, place, words):
            continue
        if place and (raws[place - 1].base, raw.word) in words.phrases.get(
            raws[place - 1].base, ()
        ):
            continue
        for back in range(2, _MOST_BETWEEN + 2):
            verb = raws[place - back] if place >= back else None
            if verb is None or verb.word in _BARRIERS or verb.word in _PARTICLES:
                break
            if (verb.base, raw.word) in words.phrases.get(verb.base, ()):
                start = joined.index(verb)
                joined = [one for one in joined if one is not raw]
                joined.insert(start + 1, raw)
                break
    return joined


def _ends_phrase(raws: Sequence[_Raw], place: int, words: Lexicon) -> bool:
    """Return whether no object follows a particle."""
    if place + 1 == len(raws):
        return True
    after = raws[place + 1]
    if after.word in ("and", "then", "while", "before", "after", ",", ";", "to"):
        return True
    kinds = {sense.kind for sense in words.senses.get(after.base, ())}
    return "place" in kinds and after.word not in _DETERMINERS


def _merged(raws: Sequence[_Raw]) -> list[_Raw]:
    """Join the words of set phrases; articles inside one do not count."""
    words = lexicon()
    merged: list[_Raw] = []
    place = 0
    while place < len(raws):
        found = _phrase_at(raws, place, words)
        if found is None:
            merged.append(raws[place])
            place += 1
        else:
            phrase, place = found
            merged.append(phrase)
    return merged


def _phrase_at(raws: Sequence[_Raw], place: int, words: Lexicon) -> tuple[_Raw, int] | None:
    raw = raws[place]
    phrases = words.phrases.get(raw.base, ())
    if raw.word != raw.base:
        phrases = (*words.phrases.get(raw.word, ()), *phrases)
    for phrase in phrases:
        at = place + 1
        for part in phrase[1:]:
            while at < len(raws) and raws[at].word in ("a", "an", "the", "their", "his", "her"):
                at += 1
            if at >= len(raws) or part not in (raws[at].base, raws[at].word):
                break
            at += 1
        else:
            said = " ".join(raw.word for raw in raws[place:at])
            return _Raw(said, " ".join(phrase), len(phrase)), at
    return None


def _typed(raws: Sequence[_Raw]) -> Iterator[Token]:
    words = lexicon()
    before: Token | None = None
    said: set[str] = set()
    determined = has_plural = has_verb = False
    for place, raw in enumerate(raws):
        if raw.word in ",;":
            yield Token(",", ",", "sequence", frozenset(), frozenset(), frozenset([","]))
            before, determined = None, False
            has_plural = has_verb = False
            continue
        awaits_verb = has_plural and not has_verb
        after = raws[place + 1] if place + 1 < len(raws) else None
        if _is_weightless(raw, after, before, words):
            determined = raw.word in _DETERMINERS or (determined and raw.word in ("of", "own"))
            continue
        token = _token(raw, before, after, determined, words)
        if "verb" in token.kinds and token.kind == "noun" and awaits_verb and not determined:
            token = _token(raw, None, after, determined, words)
        came_from = before is not None and before.kind in THINGS and "from" in said
        if token.base == "to" and not came_from and _starts_verb(after, words):
            before = None
            continue
        said.add(token.base)
        yield token
        has_plural = has_plural or token.plural
        has_verb = has_verb or token.kind == "verb"
        determined = token.kind in PROPERTIES
        before = token


def _is_weightless(raw: _Raw, after: _Raw | None, before: Token | None, words: Lexicon) -> bool:
    if raw.word not in words.weightless and raw.base not in words.weightless:
        return False
    if raw.word in ("can", "cans"):
        return after is not None and "verb" in _kinds(after, words)
    return True


def _kinds(raw: _Raw, words: Lexicon) -> frozenset[Kind]:
    return frozenset(sense.kind for sense in words.senses.get(raw.base, ()))


def _starts_verb(after: _Raw | None, words: Lexicon) -> bool:
    if after is None or after.word in _DETERMINERS:
        return False
    kinds = _kinds(after, words)
    return not kinds or bool(kinds & ACTIONS)


def _token(
    raw: _Raw, before: Token | None, after: _Raw | None, determined: bool, words: Lexicon
) -> Token:
    base = raw.base
    if raw.word == "left" and not (after and after.word in _DETERMINERS):
        base = "left"
    senses = words.senses.get(base, ())
    kinds = frozenset(sense.kind for sense in senses)
    kind = _kind_here(raw, base, kinds, before, after, determined, words)
    alike = _SIDES if kind in _SIDES else {kind}
    concepts = {sense.concept for sense in senses if sense.kind in alike}
    return Token(
        word=raw.word,
        base=base,
        kind=kind,
        kinds=kinds,
        concepts=frozenset(concepts),
        names=frozenset({base, *(words.names[concept] for concept in concepts)}),
        plural=kind in THINGS and raw.word != base and " " not in base,
        determined=determined,
    )


def _kind_here(
    raw: _Raw,
    base: str,
    kinds: frozenset[Kind],
    before: Token | None,
    after: _Raw | None,
    determined: bool,
    words: Lexicon,
) -> Kind:
    """Choose among the kinds of a word by its neighbours; guess the kind of an unknown word."""
    things = [kind for kind in ("agent", "noun", "part", "scene", "generic") if kind in kinds]
    others = [kind for kind in KINDS if kind in kinds - THINGS - ACTIONS]
    actions = [kind for kind in ("verb", "phase") if kind in kinds]
    follows = _kinds(after, words) if after else frozenset()
    acts = after is not None and "verb" in follows and after.word != after.base
    heads = bool(follows & THINGS) and not acts
    heads = heads or bool(after and not follows and not _is_small(after, words))
    inflected = raw.word != base
    if inflected and (things or actions) and raw.word.endswith(("s", "ing")):
        # No property is inflected.
        others = [kind for kind in others if kind not in PROPERTIES]
    if heads:
        others.sort(key=lambda kind: kind != "state")
    if not kinds:
        return _guess(raw, before, determined)
    if (
        before is not None and before.kind == "place" and not raw.word.endswith("ing")
    ) or determined:
        order = [*others, *things] if heads else [*things, *others]
    elif before is not None and before.kind == "verb" and not raw.word.endswith(("ing", "ed")):
        order = [*others, *things] if heads or not things else [*things, *others]
    elif (
        before is not None
        and before.kind in ("noun", "scene", "part")
        and not (inflected or before.plural)
    ):
        order = [*things, *others]
    else:
        order = [*actions, *others, *things]
    chosen = [*order, *actions, *things, *others]
    return chosen[0]


def _is_small(raw: _Raw, words: Lexicon) -> bool:
    return raw.word in words.weightless or raw.word in ",;" or len(raw.word) < 3


def _guess(raw: _Raw, before: Token | None, determined: bool) -> Kind:
    if raw.word.endswith("ly"):
        return "manner"
    if raw.word.isdigit():
        return "number"
    if determined or (before is not None and before.kind == "place"):
        return "noun"
    if raw.word.endswith(("ing", "ed")):
        return "verb"
    if before is None or before.kind in ("agent", "generic", "phase", "manner"):
        return "verb" if before is not None else "noun"
    if before.kind in THINGS and raw.word != raw.base:
        return "verb"
    return "noun"
