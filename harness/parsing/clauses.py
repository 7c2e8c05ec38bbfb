"""Find times that are named one by one: "starts at 3.0 s … and ends at 9 s", "Ending time: 9"."""

import re
from collections.abc import Iterator
from typing import Literal

from rarft.harness.parsing.numbers import Time, find_times
from rarft.harness.parsing.pairs import sign
from rarft.harness.parsing.spans import Pair
from rarft.harness.parsing.words import NAMING

_Role = Literal["start", "end"]

_WINDOW = 80
_CUE = re.compile(
    r"\b(?:(?P<start>start(?:s|ed|ing)?|begin(?:s|ning)?|began|commenc(?:es?|ed|ing)|onset|from)"
    r"|(?P<end>end(?:s|ed|ing)?|finish(?:es|ed|ing)?|conclud(?:es?|ed|ing)|stop(?:s|ped|ping)?"
    r"|until|till|to))(?=[\W_\d]|time|sec|at)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]+")
_POINTS = re.compile(r"\b(?:at|around|about|is|mark)\s{1,2}\Z|[:=]\s{0,2}\Z", re.IGNORECASE)


def find_named_pairs(text: str) -> list[Pair]:
    """Return the pairs whose start and end are named, in order; either may come first.

    Example:
        >>> [(p.first_s, p.second_s) for p in find_named_pairs("Ends at 9 s, starts at 3.0 s.")]
        [(3.0, 9.0)]
        >>> find_named_pairs("The man starts to cook with 2 pans and ends the day.")
        []
    """
    pairs: list[Pair] = []
    waiting: tuple[_Role, Time] | None = None
    for role, time in _named_times(text):
        if waiting is None or waiting[0] == role:
            waiting = (role, time)
            continue
        start, end = (waiting[1], time) if role == "end" else (time, waiting[1])
        pairs.append(
            Pair(
                sign(text, start) * start.seconds,
                sign(text, end) * end.seconds,
                min(start.start, end.start),
                max(start.end, end.end),
                end.unit or start.unit,
            )
        )
        waiting = None
    return pairs


def _named_times(text: str) -> Iterator[tuple[_Role, Time]]:
    previous = 0
    for time in find_times(text):
        gap_start = max(previous, time.start - _WINDOW)
        previous = time.end
        if time.unit == "%":
            continue
        cues = list(_CUE.finditer(text, gap_start, time.start))
        cue = next((cue for cue in reversed(cues) if _names(text, cue, time)), None)
        if cue:
            yield ("start" if cue["start"] else "end"), time


def _names(text: str, cue: re.Match[str], time: Time) -> bool:
    """Return whether the cue is about this number: only filler between, or "… at 3.0 s"."""
    between = text[cue.end() : time.start]
    unmarked = time.bare and not time.decimal
    adjacent = all(word.lower() in NAMING for word in _WORDS.findall(between))
    if cue[0].lower() in ("from", "to"):
        return adjacent and not unmarked
    return adjacent or (not unmarked and bool(_POINTS.search(between)))
