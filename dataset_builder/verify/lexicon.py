"""The closed word lists by which an original and its rewrite are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

FOLDER: Final = Path(__file__).parent / "lexicon"
Kind = Literal[
    "verb",
    "phase",
    "manner",
    "sequence",
    "simultaneous",
    "agent",
    "scene",
    "part",
    "noun",
    "generic",
    "colour",
    "size",
    "material",
    "number",
    "comparison",
    "direction",
    "place",
    "state",
    "negation",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_UNDOUBLED: Final = "bdgklmnprtvz"
_VOWELS: Final = frozenset("aeiouy")


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning of a word: words that share a kind and a concept say the same."""

    kind: Kind
    concept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """What the word lists say.

    `senses` and `phrases` are keyed by base forms; a phrase is found by its first word.
    `broader` gives the base forms of everything a thing also is, `made_of` the words that say the
    same as one: "enter" is "go into". `names` gives each concept its first word.
    """

    senses: Mapping[str, tuple[Sense, ...]]
    phrases: Mapping[str, tuple[tuple[str, ...], ...]]
    broader: Mapping[str, frozenset[str]]
    irregular: Mapping[str, str]
    weightless: frozenset[str]
    motion: frozenset[str]
    posture: frozenset[str]
    opposites: frozenset[frozenset[str]]
    made_of: Mapping[str, tuple[str, ...]]
    names: Mapping[int, str]


@cache
def lexicon() -> Lexicon:
    """Return the packaged word lists, read once a process."""
    sections: dict[str, list[str]] = defaultdict(list)
    for path in sorted(FOLDER.glob("*.txt")):
        for name, line in _lines(path):
            sections[name].append(line)
    senses = _senses(sections)
    names: dict[int, str] = {}
    for word, meanings in senses.items():
        for sense in meanings:
            names.setdefault(sense.concept, word)
    phrases: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for entry in senses:
        if " " in entry:
            words = tuple(entry.split())
            phrases[words[0]].append(words)
    return Lexicon(
        senses=senses,
        phrases={first: tuple(sorted(p, key=len, reverse=True)) for first, p in phrases.items()},
        broader=_broader(sections["hypernym"]),
        irregular=_irregular(sections["irregular"]),
        weightless=frozenset(_words(sections["weightless"])),
        motion=frozenset(_words(sections["motion"])),
        posture=frozenset(_words(sections["posture"])),
        opposites=frozenset(
            frozenset(pair.strip() for pair in group.split(","))
            for line in sections["opposite"]
            for group in line.split(";")
        ),
        made_of={
            word.strip(): _first_and_rest(said)
            for line in sections["made of"]
            for word, _, said in (one.partition(":") for one in line.split(";"))
        },
        names=names,
    )


def _first_and_rest(said: str) -> tuple[str, ...]:
    first, _, rest = said.strip().partition(" ")
    return (first, rest)


@cache
def base_form(word: str) -> str:
    """Return the uninflected form of a word, by the lists first and then by spelling.

    Example:
        >>> [base_form(word) for word in ("running", "shelves", "closes", "glass", "frobbed")]
        ['run', 'shelf', 'close', 'glass', 'frob']
    """
    words = lexicon()
    if word in words.irregular:
        return words.irregular[word]
    if word in words.senses or word in words.weightless:
        return word
    candidates = list(_uninflected(word))
    return next((form for form in candidates if form in words.senses), (candidates or [word])[0])


def _uninflected(word: str) -> Iterator[str]:
    """Yield what the word may be an inflection of, the likeliest first."""
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return
    if word.endswith(("ies", "ied")):
        yield word[:-3] + "y"
    elif word.endswith("s"):
        if word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
            yield word[:-2]
        yield word[:-1]
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem == word or not _VOWELS & set(stem) or len(stem) < 2:
            continue
        if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] in _UNDOUBLED:
            yield stem[:-1]
        yield stem
        yield stem + "e"


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    section = ""
    for raw in path.read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            yield section, line


def _senses(sections: Mapping[str, list[str]]) -> dict[str, tuple[Sense, ...]]:
    found: dict[str, list[Sense]] = defaultdict(list)
    concept = 0
    for kind in KINDS:
        for line in sections[kind]:
            # A pronoun stands for whatever was named before: all of them are one concept.
            groups = [line] if kind in ("generic", "negation") else line.split(";")
            for group in groups:
                concept += 1
                for word in group.split(","):
                    sense = Sense(kind, concept)
                    if word.strip() and sense not in found[word.strip()]:
                        found[word.strip()].append(sense)
    return {word: tuple(senses) for word, senses in found.items()}


def _broader(lines: list[str]) -> dict[str, frozenset[str]]:
    direct: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        broad, _, narrow = line.partition(":")
        for word in narrow.split(","):
            direct[word.strip()].add(broad.strip())

    def closed(word: str) -> set[str]:
        return {up for one in direct.get(word, ()) for up in {one, *closed(one)}}

    return {word: frozenset(closed(word)) for word in list(direct)}


def _irregular(lines: list[str]) -> dict[str, str]:
    forms: dict[str, str] = {}
    for line in lines:
        inflected, _, base = line.rstrip(";").partition(":")
        forms |= dict.fromkeys(inflected.split(), base.strip())
    return forms


def _words(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield from (word.strip() for word in line.replace(";", ",").split(","))
