"""Find pairs of times in a text: "a to b", "a - b", "[a, b]", "between a and b".

Prose is full of numbers that are no times. A pair counts when units, a clock, a fraction or the
words around it say so, when it is bracketed, or when it is all the text holds.
"""

import re
from dataclasses import replace
from typing import Literal

from rarft.harness.parsing.joins import Joined, find_joined, is_only_times
from rarft.harness.parsing.numbers import Time, find_times
from rarft.harness.parsing.spans import Pair
from rarft.harness.parsing.words import AROUND_TIMES, COUNTED, FUNCTION_WORDS

Care = Literal["careful", "declared"]

_CONTEXT = re.compile(
    r"\b(?:from|between|during|happens?|happened|happening|occurs?|occurred|occurring|takes?\splace"
    r"|took\splace|time(?:s|stamps?|frame)?|intervals?|segments?|moments?|range|window|answer|events?"
    r"|located|found|spans?|visible|appears?|starts?|seconds?|clip\stime|at)\b[^.!?;\n]{0,24}\Z",
    re.IGNORECASE,
)
_FRAMES = re.compile(
    r"\bframes?\W{0,3}(?:(?:numbers?|no|index|indices|ids?)\W{0,3})?\Z", re.IGNORECASE
)
_LASTING = re.compile(
    r"\b(?:for|lasts?|lasting|lasted|takes|every|waits?)\s(?:(?:about|around|roughly|approximately"
    r"|only|some|up\sto|the|a)\s){0,2}\Z",
    re.IGNORECASE,
)
_WORD = re.compile(r"\s{0,3}\)?\s{0,3}([A-Za-z'’]+)?")
_LETTERS = re.compile(r"[^\W\d_]+")
_NEGATIVE = re.compile(r"(?:\A|[\s\[(,;:\"'=]|\bto|-\s|–\s?|—\s?)[-−]\Z")
_RANGE_DASH = re.compile(r"[\dsS]\s{1,3}[-−]\Z")


def find_pairs(text: str, *, care: Care = "careful") -> list[Pair]:
    """Return the pairs of times of `text` in seconds, in order.

    Args:
        text: plain text without tags.
        care: `careful` asks for a sign that numbers are times; `declared` trusts the numbers of a
            reply whose model is known to answer with times, and still leaves out counts and dates.

    Example:
        >>> [(p.first_s, p.second_s) for p in find_pairs("from 3.2 to 12.5 a man cooks")]
        [(3.2, 12.5)]
        >>> find_pairs("2-3 people sit on a bench")
        []
        >>> [(p.first_s, p.second_s) for p in find_pairs("2 - 3")]
        [(2.0, 3.0)]
    """
    times = [time for time in find_times(text) if time.unit != "%"]
    if len(times) < 2:
        return []
    alone = is_only_times(text, times)
    return [
        _pair(text, joined)
        for joined in find_joined(text, times, alone=alone)
        if alone or joined.bracketed or _means_time(text, joined, care)
    ]


def _means_time(text: str, joined: Joined, care: Care) -> bool:
    first, second = joined.first, joined.second
    before = text[max(0, first.start - 60) : first.start]
    bare = first.bare and second.bare
    word = _next_word(text, second)
    if _FRAMES.search(before) or (bare and word in COUNTED):
        return False
    if care == "declared":
        return not _are_years(first, second)
    if _LASTING.search(before):
        return False
    if not bare or first.decimal or second.decimal:
        return True
    if _are_years(first, second):
        return False
    in_context = _CONTEXT.search(before) or _is_lead_in(text[: min(first.start, 200)])
    return bool(in_context) and (word == "" or word in FUNCTION_WORDS)


def _is_lead_in(before: str) -> bool:
    """Return whether the pair opens the text: nothing but words like "answer" before it."""
    return all(word.lower() in AROUND_TIMES for word in _LETTERS.findall(before))


def _are_years(first: Time, second: Time) -> bool:
    return all(
        time.bare and not time.decimal and 1900 <= time.value <= 2099 for time in (first, second)
    )


def _next_word(text: str, time: Time) -> str:
    match = _WORD.match(text, time.end)
    return (match[1] or "").lower() if match else ""


def _pair(text: str, joined: Joined) -> Pair:
    first, second = joined.first, joined.second
    if first.bare and second.unit == "min":
        first = replace(first, unit="min")
    return Pair(
        sign(text, first) * first.seconds,
        sign(text, second) * second.seconds,
        first.start,
        second.end,
        second.unit or first.unit,
    )


def sign(text: str, time: Time) -> int:
    """Return -1 where a minus sign belongs to the number, and not to a range, else 1.

    Example:
        >>> [sign(t, find_times(t)[-1]) for t in ("[-1, -1]", "3 to -1", "3-1", "3 -1")]
        [-1, -1, 1, 1]
    """
    before = text[max(0, time.start - 4) : time.start]
    return -1 if _NEGATIVE.search(before) and not _RANGE_DASH.search(before) else 1
