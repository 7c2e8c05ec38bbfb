"""Find pairs of times in a text: "a to b", "a - b", "[a, b]", "between a and b".

Prose is full of numbers that are no times. A pair counts when units, a clock, a fraction or the
words around it say so, when it is bracketed, or when it is all the text holds.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from rarft.harness.parsing.numbers import Time, find_times
from rarft.harness.parsing.spans import Pair
from rarft.harness.parsing.words import AROUND_TIMES, COUNTED, FUNCTION_WORDS

Care = Literal["careful", "declared"]

_MAX_GAP = 48
_ABOUT = (
    r"(?:(?:the|about|around|approximately|roughly|approx\.?|at|t\s?=|seconds?|frame)\s{0,2}){0,3}"
)
_DASH = r"(?:-{1,3}>?|–|—|−|~|〜|～|→|\.{2,3}|…)"
_STRONG = re.compile(
    rf"[\s\"')\]]{{0,4}}(?:,\s?)?(?:{_DASH}|(?:up\s)?to|until|till|through)[\s\"'(\[]{{0,4}}{_ABOUT}",
    re.IGNORECASE,
)
_AND = re.compile(rf"[\s\"']{{0,4}}(?:and|&)[\s\"']{{0,4}}{_ABOUT}", re.IGNORECASE)
_COMMA = re.compile(r"[\s\"']{0,4}[,;][\s\"']{0,4}")
_HYPHEN = re.compile(r"\s?(?:-|/|–)\s?")
_OPENING = re.compile(r"[\[(]\s{0,3}[\"']?-?\Z")
_CLOSING = re.compile(r"[\"']?\s{0,3}[\])]")
_BETWEEN = re.compile(r"\b(?:between|from)\W{1,3}(?:\w{1,13}\W{1,2}){0,2}-?\Z", re.IGNORECASE)
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


@dataclass(frozen=True, slots=True)
class _Candidate:
    first: Time
    second: Time
    bracketed: bool


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
    candidates = list(_candidates(text, times))
    if candidates and is_only_times(text, times):
        return [_pair(text, candidate) for candidate in candidates]
    return [
        _pair(text, candidate)
        for candidate in candidates
        if candidate.bracketed or _means_time(text, candidate, care)
    ]


def is_only_times(text: str, times: Sequence[Time]) -> bool:
    """Return whether `text` holds numbers and joining words and nothing else.

    Example:
        >>> is_only_times("from 3 to 5 seconds.", find_times("from 3 to 5 seconds."))
        True
    """
    rest, cursor = [], 0
    for time in times:
        rest.append(text[cursor : time.start])
        cursor = time.end
    rest.append(text[cursor:])
    words = " ".join(rest)
    return not any(c.isdigit() for c in words) and all(
        word.lower() in AROUND_TIMES for word in _LETTERS.findall(words)
    )


def _candidates(text: str, times: Sequence[Time]) -> Iterator[_Candidate]:
    """Yield neighbouring times that something joins; no time is used twice."""
    chained = _chained(text, times)
    whole = len(times) == 2 and is_only_times(text, times)
    i = 0
    while i + 1 < len(times):
        first, second = times[i], times[i + 1]
        candidate = None
        if first.start not in chained and not _cut_by_comma(text, first, second):
            candidate = _join(text, first, second, whole)
        if candidate is None:
            i += 1
        else:
            yield candidate
            i += 2


def _join(text: str, first: Time, second: Time, whole: bool) -> _Candidate | None:
    gap = _gap(text, first, second)
    if gap is None:
        return None
    bracketed = bool(_OPENING.search(text, max(0, first.start - 6), first.start)) and bool(
        _CLOSING.match(text, second.end)
    )
    if _STRONG.fullmatch(gap):
        return _Candidate(first, second, bracketed=False)
    if _COMMA.fullmatch(gap) and (bracketed or (whole and (first.decimal or not first.bare))):
        return _Candidate(first, second, bracketed=bracketed)
    between = _BETWEEN.search(text, max(0, first.start - 40), first.start)
    if _AND.fullmatch(gap) and (whole or between):
        return _Candidate(first, second, bracketed=False)
    return None


def _gap(text: str, first: Time, second: Time) -> str | None:
    """Return what stands between two times without the sign of the second, if it is short."""
    if second.start - first.end > _MAX_GAP:
        return None
    gap = text[first.end : second.start]
    if not gap.endswith(("-", "−")) or gap.strip() == "--":
        return gap
    unsigned = gap[:-1]
    joins = (separator.fullmatch(unsigned) for separator in (_STRONG, _COMMA, _AND))
    return unsigned if any(joins) else gap


def _chained(text: str, times: Sequence[Time]) -> set[int]:
    """Return the starts of numbers in chains like 2023-05-12 or 1-2-3, which are no pairs."""
    links = [
        a.bare and b.bare and b.start - a.end <= 3 and bool(_HYPHEN.fullmatch(text, a.end, b.start))
        for a, b in pairwise(times)
    ]
    chained: set[int] = set()
    for i in range(len(links) - 1):
        if links[i] and links[i + 1]:
            chained.update(time.start for time in times[i : i + 3])
    return chained


def _cut_by_comma(text: str, first: Time, second: Time) -> bool:
    """Return whether a number is part of a longer one written with commas, as 1,234."""
    before = text[max(0, first.start - 2) : first.start]
    after = text[second.end : second.end + 2]
    return (before[1:] == "," and before[:1].isdigit()) or (
        after[:1] == "," and after[1:].isdigit()
    )


def _means_time(text: str, candidate: _Candidate, care: Care) -> bool:
    first, second = candidate.first, candidate.second
    before = text[max(0, first.start - 60) : first.start]
    if _FRAMES.search(before):
        return False
    word = _next_word(text, second)
    if word in COUNTED and second.bare:
        return False
    if care == "declared":
        return not _is_year(first, second)
    if _LASTING.search(before):
        return False
    if not (first.bare and second.bare):
        return True
    if first.decimal or second.decimal:
        return True
    if _is_year(first, second):
        return False
    return bool(_CONTEXT.search(before)) and (word == "" or word in FUNCTION_WORDS)


def _is_year(first: Time, second: Time) -> bool:
    return all(
        time.bare and not time.decimal and 1900 <= time.value <= 2099 for time in (first, second)
    )


def _next_word(text: str, time: Time) -> str:
    match = _WORD.match(text, time.end)
    return (match[1] or "").lower() if match else ""


def _pair(text: str, candidate: _Candidate) -> Pair:
    first, second = candidate.first, candidate.second
    if first.bare and second.unit == "min":
        first = replace(first, unit="min")
    return Pair(
        sign(text, first) * first.seconds,
        sign(text, second) * second.seconds,
        first.start,
        second.end,
        second.unit or first.unit,
    )


_NEGATIVE = re.compile(r"(?:\A|[\s\[(,;:\"'=]|\bto|-\s|–\s?|—\s?)[-−]\Z")


def sign(text: str, time: Time) -> int:
    """Return -1 where a minus sign belongs to the number, and not to a range, else 1.

    Example:
        >>> [sign(t, find_times(t)[-1]) for t in ("[-1, -1]", "3 to -1", "3-1", "3 -1")]
        [-1, -1, 1, 1]
    """
    before = text[max(0, time.start - 4) : time.start]
    if not _NEGATIVE.search(before):
        return 1
    return 1 if re.search(r"[\dsS]\s{1,3}[-−]\Z", before) else -1
