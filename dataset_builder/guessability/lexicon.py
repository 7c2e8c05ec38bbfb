"""The words that an edit can put in the place of others, read from lexicon.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

Number = Literal["one", "many", "mass"]
Form = Literal["base", "third", "ing", "past"]
FORMS: Final[tuple[Form, ...]] = ("base", "third", "ing", "past")


@dataclass(frozen=True, slots=True)
class Noun:
    """One form of a noun; `lemma` is the form that the lexicon lists first."""

    form: str
    number: Number
    lemma: str
    plural: str = ""

    def can_become(self, other: Noun) -> bool:
        """Say whether another noun fits where this one stands, but for the article.

        A thing becomes a thing or a mass, things become things or a mass.
        """
        return other._is_loose if self._is_loose else other.number != "one"

    @property
    def _is_loose(self) -> bool:
        """Say whether it is no plural, or one without a singular."""
        return self.number != "many" or self.lemma == self.form


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of a frame: verbs that can stand before the same words."""

    frame: str
    forms: tuple[str, str, str, str]

    @property
    def lemma(self) -> str:
        """Return the base form."""
        return self.forms[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """`verb` with a preposition of `places` becomes `becomes` with one of `sources`."""

    verb: str
    places: tuple[str, ...]
    becomes: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Nouns by class, verbs by frame, and what is too alike to contradict one another."""

    nouns: Mapping[str, tuple[Noun, ...]]
    verbs: Mapping[str, tuple[Verb, ...]]
    alike: Mapping[str, frozenset[str]]
    places: Mapping[str, tuple[str, ...]]
    moves: tuple[Move, ...]
    attributes: tuple[tuple[str, ...], ...]
    compound_heads: frozenset[str]
    flat_places: frozenset[str]
    noun_classes: Mapping[str, Mapping[str, Noun]]
    verb_forms: Mapping[str, tuple[tuple[Verb, Form], ...]]

    def are_alike(self, lemma: str, other: str) -> bool:
        """Say whether both lemmas can be true of one thing or action."""
        return lemma == other or other in self.alike.get(lemma, ())


@cache
def read_lexicon() -> Lexicon:
    """Return the lexicon that comes with the package.

    Example:
        >>> lexicon = read_lexicon()
        >>> lexicon.are_alike("sofa", "couch"), lexicon.are_alike("sofa", "table")
        (True, False)
    """
    import yaml

    content = yaml.safe_load(
        files("rarft.dataset_builder.guessability")
        .joinpath("lexicon.yaml")
        .read_text(encoding="utf-8")
    )
    nouns = {name: tuple(_nouns(lines)) for name, lines in content["nouns"].items()}
    verbs = {
        frame: tuple(_verb(frame, line) for line in lines)
        for frame, lines in content["verbs"].items()
    }
    kinds = [(kind, each) for kind, line in content["kinds"].items() for each in line]
    return Lexicon(
        nouns=nouns,
        verbs=verbs,
        alike=_alike([*content["alike"], *content["same_action"], *kinds]),
        places={line["of"]: tuple(line["to"]) for line in content["places"]},
        moves=tuple(map(_move, content["moves"])),
        attributes=tuple(map(tuple, content["attributes"])),
        compound_heads=frozenset(content["compound_heads"]),
        flat_places=frozenset(content["flat_places"]),
        noun_classes=_noun_classes(nouns),
        verb_forms=_verb_forms(verbs),
    )


def _alike(lines: Iterable[Sequence[str]]) -> dict[str, frozenset[str]]:
    """Return the words that are on a line with each word."""
    beside: dict[str, set[str]] = {}
    for line in lines:
        for word in line:
            beside.setdefault(word, set()).update(line)
    return {word: frozenset(others) for word, others in beside.items()}


def _nouns(lines: Iterable[str]) -> Iterable[Noun]:
    for line in lines:
        singular, plural = line.split()
        lemma = plural if singular == "-" else singular
        if singular != "-":
            number: Number = "mass" if plural == "-" else "one"
            yield Noun(singular, number, lemma, "" if plural == "-" else plural)
        if plural != "-":
            yield Noun(plural, "many", lemma)


def _verb(frame: str, line: str) -> Verb:
    base, third, ing, past = line.split()
    return Verb(frame, (base, third, ing, past))


def _move(line: Mapping[str, Any]) -> Move:
    return Move(
        verb=line["verb"],
        places=tuple(line["place"]),
        becomes=line["becomes"],
        sources=tuple(line["from"]),
    )


def _noun_classes(nouns: Mapping[str, Sequence[Noun]]) -> dict[str, dict[str, Noun]]:
    """Return the classes that each form of a noun is in, in the order of the lexicon."""
    classes: dict[str, dict[str, Noun]] = {}
    for name, members in nouns.items():
        for noun in members:
            classes.setdefault(noun.form, {})[name] = noun
    return classes


def _verb_forms(verbs: Mapping[str, Sequence[Verb]]) -> dict[str, tuple[tuple[Verb, Form], ...]]:
    """Return the verbs that a form can be of; the past of "put" reads as its base."""
    found: dict[str, dict[Verb, Form]] = {}
    for members in verbs.values():
        for verb in members:
            for name, form in zip(FORMS, verb.forms, strict=True):
                found.setdefault(form, {}).setdefault(verb, name)
    return {form: tuple(readings.items()) for form, readings in found.items()}
