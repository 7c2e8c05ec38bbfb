"""Neighbouring numbers that something joins: "3 to 5", "3 - 5", "[3, 5]", "between 3 and 5".

Whether a joined pair means times is decided elsewhere; dates and counts join as well.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rarft.harness.parsing.numbers import Time
from rarft.harness.parsing.words import AROUND_TIMES

_MAX_GAP = 48
_ABOUT = (
    r"(?:(?:the|about|around|approximately|roughly|approx\.?|at|t\s?=|seconds?|frame)\s{0,2}){0,3}"
)
_DASH = r"(?:-{1,3}>?|–|—|−|~|〜|～|→|\.{2,3}|…)"
_STRONG = re.compile(
    rf"[\s\"'<>)\]]{{0,4}}(?:,\s?)?(?:{_DASH}|(?:up\s)?to|until|till|through)[\s\"'<>(\[]{{0,4}}{_ABOUT}",
    re.IGNORECASE,
)
_AND = re.compile(rf"[\s\"']{{0,4}}(?:and|&)[\s\"']{{0,4}}{_ABOUT}", re.IGNORECASE)
_COMMA = re.compile(r"[\s\"']{0,4}[,;][\s\"']{0,4}")
_SPACE = re.compile(r"\s{1,4}")
_HYPHEN = re.compile(r"\s?(?:-|/|–)\s?")
_OPENING = re.compile(r"[\[(]\s{0,3}[\"']?-?\Z")
_CLOSING = re.compile(r"[\"']?\s{0,3}[\])]")
_BETWEEN = re.compile(r"\b(?:between|from)\W{1,3}(?:\w{1,13}\W{1,2}){0,2}-?\Z", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Joined:
    """Two joined numbers; `bracketed` means [a, b] or (a, b)."""

    first: Time
    second: Time
    bracketed: bool


def is_only_times(text: str, times: Sequence[Time]) -> bool:
    """Return whether `text` holds these numbers, joining words, and nothing else.

    Example:
        >>> from rarft.harness.parsing.numbers import find_times
        >>> is_only_times("from 3 to 5 seconds.", find_times("from 3 to 5 seconds."))
        True
    """
    rest, cursor = [], 0
    for time in times:
        rest.append(text[cursor : time.start])
        cursor = time.end
    rest.append(text[cursor:])
    return all(
        not _DIGIT.search(part)
        and all(word.lower() in AROUND_TIMES for word in _LETTERS.findall(part))
        for part in rest
    )


def find_joined(text: str, times: Sequence[Time], *, alone: bool) -> Iterator[Joined]:
    """Yield neighbouring numbers that something joins; no number is used twice.

    Args:
        text: the text the numbers stand in.
        times: its numbers, in order.
        alone: whether the text holds nothing else, so that "and", a comma or a space join too.

    Example:
        >>> from rarft.harness.parsing.numbers import find_times
        >>> text = "2023-05-12, from 3 to 5"
        >>> [j.first.value for j in find_joined(text, find_times(text), alone=False)]
        [3.0]
    """
    chained = _chained(text, times)
    single = alone and len(times) == 2
    i = 0
    while i + 1 < len(times):
        first, second = times[i], times[i + 1]
        joined = None
        if first.start not in chained and not _cut_by_comma(text, first, second):
            joined = _join(text, first, second, single=single)
        if joined is None:
            i += 1
        else:
            yield joined
            i += 2


def _join(text: str, first: Time, second: Time, *, single: bool) -> Joined | None:
    gap = _gap(text, first, second)
    if gap is None:
        return None
    if _STRONG.fullmatch(gap):
        return Joined(first, second, bracketed=False)
    if _COMMA.fullmatch(gap):
        bracketed = bool(
            _OPENING.search(text, max(0, first.start - 6), first.start)
            and _CLOSING.match(text, second.end)
        )
        marked = first.decimal or not first.bare or text[second.start - 1] != ","
        return Joined(first, second, bracketed) if bracketed or (single and marked) else None
    if single and _SPACE.fullmatch(gap) and (first.decimal or not first.bare):
        return Joined(first, second, bracketed=False)
    between = _BETWEEN.search(text, max(0, first.start - 40), first.start)
    if _AND.fullmatch(gap) and (single or between):
        return Joined(first, second, bracketed=False)
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
