"""The places of a query that a word or two can change, and what can stand there instead.

Only words are seen: no video, no classifier, no score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rarft.dataset_builder.guessability.lexicon import FORMS, Lexicon, Noun, Verb
from rarft.dataset_builder.guessability.roles import (
    DETERMINERS,
    FREE_DETERMINERS,
    LOOSE_DETERMINERS,
    compound_start,
    frame_of,
    noun_class,
)

_WORD: Final = re.compile(r"[\w']+")
_VOWELS: Final = "aeiou"


@dataclass(frozen=True, slots=True)
class Change:
    """Words [start, end) become `words`."""

    start: int
    end: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One edit: what changes, the word that is new in it, and its category of mismatch."""

    changes: tuple[Change, ...]
    word: str
    category: str


Place = tuple[Option, ...]
"""What one element of a query can become."""


def words_of_query(text: str) -> list[str]:
    """Return the words of a query in lower case, without punctuation.

    Example:
        >>> words_of_query("The person opens a door.")
        ['the', 'person', 'opens', 'a', 'door']
    """
    return [word.lower() for word in _WORD.findall(text)]


def edit_places(words: Sequence[str], lexicon: Lexicon) -> list[Place]:
    """Return the elements of a query that can be edited, each with what it can become.

    Example:
        >>> from rarft.dataset_builder.guessability.lexicon import read_lexicon
        >>> places = edit_places(["person", "opens", "the", "door"], read_lexicon())
        >>> [place[0].category for place in places]
        ['Action/FineGrainedAction', 'Object/ObjectExistence']
    """
    places = []
    for at in range(len(words)):
        for options in (
            _verb_options(words, at, lexicon),
            _noun_options(words, at, lexicon),
            _place_options(words, at, lexicon),
            _move_options(words, at, lexicon),
            _attribute_options(words, at, lexicon),
        ):
            if place := tuple(options):
                places.append(place)
    return places


def added_places(words: Sequence[str], lexicon: Lexicon) -> list[Place]:
    """Return what can be added to a query that has too few elements to edit.

    Example:
        >>> from rarft.dataset_builder.guessability.lexicon import read_lexicon
        >>> scene, thing = added_places(["a", "person", "sneezes"], read_lexicon())
        >>> apply_changes("a person sneezes.", scene[0].changes)
        'a person sneezes in the kitchen.'
    """
    end, held = len(words), set(words)
    kinds = (
        ("room", ("in", "the"), "Scene/SceneExistence"),
        ("carried", ("with", "a"), "Object/ObjectExistence"),
    )
    return [
        tuple(
            Option((Change(end - 1, end, (words[-1], *before, noun.form)),), noun.form, category)
            for noun in lexicon.nouns[name]
            if noun.number == "one" and noun.form not in {*held, *lexicon.flat_places}
        )
        for name, before, category in kinds
    ]


def apply_changes(text: str, changes: Sequence[Change]) -> str:
    """Return a text with some of its words changed; all that is between words stays.

    "a" and "an" follow the word after them.

    Example:
        >>> apply_changes("A man opens the door.", [Change(4, 5, ("oven",)), Change(3, 4, ("a",))])
        'A man opens an oven.'
    """
    spans = [match.span() for match in _WORD.finditer(text)]
    for change in sorted(changes, key=lambda change: -change.start):
        start, end = spans[change.start][0], spans[change.end - 1][1]
        new = " ".join(change.words)
        if text[start].isupper():
            new = new[:1].upper() + new[1:]
        text = text[:start] + new + text[end:]
    return re.sub(r"\b([Aa])n? (\w)", _article, text)


def _article(match: re.Match[str]) -> str:
    letter = match[2]
    return f"{match[1]}{'n' if letter.lower() in _VOWELS else ''} {letter}"


def _noun_options(words: Sequence[str], at: int, lexicon: Lexicon) -> Iterator[Option]:
    name = noun_class(words, at, lexicon)
    if name is None:
        return
    noun = lexicon.noun_classes[words[at]][name]
    start = compound_start(words, at, lexicon)
    before = words[start - 1]
    category = "Scene/SceneExistence" if name == "room" else "Object/ObjectExistence"
    for other in lexicon.nouns[name]:
        if noun.can_become(other) and not lexicon.are_alike(noun.lemma, other.lemma):
            change = _noun_change(before, start, at + 1, noun, other)
            if change is not None and words[start:at] != [other.form]:
                yield Option((change,), other.form, category)
    yield from _counting_options(before, start, at, noun)


def _noun_change(before: str, start: int, end: int, noun: Noun, other: Noun) -> Change | None:
    """Return the change that keeps the article right, None where it would be wrong."""
    if before in LOOSE_DETERMINERS:
        article = "a" if other.number == "one" else "some"
        return Change(start - 1, end, (article, other.form))
    keeps_number = noun.number == other.number or "one" not in (noun.number, other.number)
    if keeps_number or before in FREE_DETERMINERS:
        return Change(start, end, (other.form,))
    return None


def _counting_options(before: str, start: int, at: int, noun: Noun) -> Iterator[Option]:
    if noun.number == "one" and before in {"a", "an", "one"} and start == at:
        for count in ("two", "three"):
            change = Change(at - 1, at + 1, (count, noun.plural))
            yield Option((change,), count, "Attribute/Counting")


def _verb_options(words: Sequence[str], at: int, lexicon: Lexicon) -> Iterator[Option]:
    found = frame_of(words, at, lexicon)
    if found is None:
        return
    verb, form = found
    for other in lexicon.verbs[verb.frame]:
        if not lexicon.are_alike(verb.lemma, other.lemma):
            new = other.forms[FORMS.index(form)]
            if _stands_before(other, words[at + 1 : at + 2]):
                change = Change(at, at + 1, (new,))
                yield Option((change,), new, "Action/FineGrainedAction")


def _stands_before(verb: Verb, after: Sequence[str]) -> bool:
    """Say whether a verb takes the particle after it: nobody stands down a chair."""
    return not after or not (
        (after[0] == "down" and verb.lemma in {"stand", "dance", "sleep"})
        or (after[0] == "up" and verb.lemma in {"lie", "kneel", "sleep"})
    )


def _place_options(words: Sequence[str], at: int, lexicon: Lexicon) -> Iterator[Option]:
    """Return the other sides of a place on which something can be."""
    for of, others in lexicon.places.items():
        length = len(of.split())
        if " ".join(words[at : at + length]) != of or _is_part_of_longer(words, at, length):
            continue
        head = _head(words, at + length, lexicon)
        if head is None or not _is_place(words[head], lexicon):
            continue
        for other in others:
            change = Change(at, at + length, tuple(other.split()))
            yield Option((change,), other.split()[0], "Object/ObjectSpatialRelation")


def _is_place(word: str, lexicon: Lexicon) -> bool:
    classes = lexicon.noun_classes[word]
    return word not in lexicon.flat_places and bool(
        {"surface", "room", "container", "opening"} & set(classes)
    )


def _is_part_of_longer(words: Sequence[str], at: int, length: int) -> bool:
    """Say whether a preposition is a word of a longer one, or belongs to its verb."""
    before, after = words[at - 1] if at else "", words[at + length : at + length + 1]
    is_verbs_own = before in {"turn", "turns", "turning", "put", "look", "looks", "looking"}
    return (
        after in (["of"], ["front"]) or before in {"out", "next"} or (length == 1 and is_verbs_own)
    )


def _head(words: Sequence[str], start: int, lexicon: Lexicon) -> int | None:
    """Return where the noun of a phrase is that starts with a determiner or itself."""
    for at in range(start, min(start + 3, len(words))):
        if words[at] in lexicon.noun_classes:
            return at
        if words[at] not in DETERMINERS and at > start:
            return None
    return None


def _move_options(words: Sequence[str], at: int, lexicon: Lexicon) -> Iterator[Option]:
    """Return edits that turn putting somewhere into taking from there, and the other way round."""
    for verb, form in lexicon.verb_forms.get(words[at], ()):
        for move in lexicon.moves:
            if verb.frame != "handle" or verb.lemma != move.verb:
                continue
            found = _preposition_after(words, at, move.places, lexicon)
            if found is None:
                continue
            start, length = found
            becomes = next(v for v in lexicon.verbs["handle"] if v.lemma == move.becomes)
            new = becomes.forms[FORMS.index(form)]
            for source in move.sources:
                changes = (
                    Change(at, at + 1, (new,)),
                    Change(start, start + length, tuple(source.split())),
                )
                yield Option(changes, new, "Object/ObjectMoving")


def _preposition_after(
    words: Sequence[str], at: int, places: Sequence[str], lexicon: Lexicon
) -> tuple[int, int] | None:
    """Return where a place of a verb with an object begins, and how many words lead to it."""
    for start in range(at + 2, min(at + 7, len(words))):
        for place in places:
            length = len(place.split())
            if (
                " ".join(words[start : start + length]) == place
                and not _is_part_of_longer(words, start, length)
                and _head(words, start + length, lexicon) is not None
            ):
                return start, length
    return None


def _attribute_options(words: Sequence[str], at: int, lexicon: Lexicon) -> Iterator[Option]:
    for line in lexicon.attributes:
        if words[at] in line:
            for other in line:
                if other != words[at]:
                    change = Change(at, at + 1, (other,))
                    yield Option((change,), other, "Attribute/AttributeValue")
