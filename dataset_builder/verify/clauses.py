"""The steps a query tells of, in the order in which they happen rather than are said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from rarft.dataset_builder.verify.tokens import Token, tokens_of

ASIDE: Final = -1
"""The clause of what goes on while something else happens."""
Link = Literal["sequence", "simultaneous"]
_ORDERED: Final = frozenset({"then", "and then", "afterwards", "followed by", "after that"})


@dataclass(frozen=True, slots=True)
class Told:
    """A query's words in the order of time, and how its steps are linked."""

    tokens: tuple[Token, ...]
    links: frozenset[Link]
    marks: tuple[str, ...]


@lru_cache(maxsize=2_048)
def told(text: str) -> Told:
    """Return the words of a query with its steps in the order of time.

    Example:
        >>> [t.base for t in told("After closing the door, a man sits.").tokens]
        ['close', 'door', 'man', 'sit']
        >>> [t.base for t in told("A man sits after he closes the door.").tokens]
        ['he', 'close', 'door', 'man', 'sit']
    """
    said = _without_like(tokens_of(text))
    links: set[Link] = set()
    marks = []
    for token in said:
        if token.kind == "simultaneous":
            links.add("simultaneous")
        elif token.kind == "sequence" and token.base != ",":
            links.add("sequence")
            marks.append(token.base)
    steps = _steps(said)
    ordered = [
        replace(token, clause=number)
        for number, step in enumerate(steps, start=ASIDE)
        for token in step
    ]
    return Told(tuple(ordered), frozenset(links), tuple(marks))


def _without_like(said: Sequence[Token]) -> list[Token]:
    """Drop an "as" that says what something is, not when it is."""
    return [
        token
        for at, token in enumerate(said)
        if token.base != "as" or any(later.kind == "verb" for later in said[at + 1 :])
    ]


def _steps(said: Sequence[Token]) -> list[list[Token]]:
    """Split at connectives and put each step before those that follow it in time.

    What goes on meanwhile is no step of its own: it comes first in the list, as `ASIDE`.
    """
    aside: list[Token] = []
    steps: list[list[Token]] = [[]]
    place = 0
    while place < len(said):
        token = said[place]
        if token.kind == "simultaneous":
            end = _end_of_clause(said, place)
            aside += _words(said[place + 1 : end])
            place = end
            continue
        if token.base in ("before", "after") and token.kind == "sequence":
            place = _take_turned(said, place, steps)
            continue
        if token.base in _ORDERED and token.kind == "sequence":
            if steps[-1]:
                steps.append([])
        elif token.kind != "sequence":
            steps[-1].append(token)
        place += 1
    return [aside, *(step for step in steps if step)]


def _end_of_clause(said: Sequence[Token], place: int) -> int:
    """Return where the clause of a connective ends: one that comes first ends at its comma."""
    fronted = place == 0 or said[place - 1].base == ","
    for at in range(place + 1, len(said)):
        token = said[at]
        if token.kind == "simultaneous" or (
            token.kind == "sequence" and (fronted or token.base != ",")
        ):
            return at
    return len(said)


def _words(said: Sequence[Token]) -> list[Token]:
    return [token for token in said if token.kind not in ("sequence", "simultaneous")]


def _take_turned(said: Sequence[Token], place: int, steps: list[list[Token]]) -> int:
    """Put the clause of "before" or "after" where it happens; return where reading goes on."""
    is_before = said[place].base == "before"
    fronted = place == 0 or said[place - 1].base == ","
    end = _end_of_clause(said, place)
    clause = _words(said[place + 1 : end])
    if fronted and end < len(said) and said[end].base == ",":
        rest_end = _end_of_clause(said, end)
        rest = _words(said[end + 1 : rest_end])
        opening = steps.pop()
        pair = [[*opening, *rest], clause] if is_before else [[*opening, *clause], rest]
        steps.extend(pair)
        return rest_end
    if is_before:
        steps.append(clause)
    else:
        steps.insert(len(steps) - 1, clause)
    return end
