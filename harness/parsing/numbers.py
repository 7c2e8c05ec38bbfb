"""Find the numbers and clock times of a text, in one linear pass.

A number glued to a letter, a hash, a slash or a currency sign (P01, #1, 1080p, 3rd) is no time.
"""

import math
import re
from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["", "s", "min", "clock", "%"]

_SECONDS = r"(?:seconds?|secs?|s)(?![A-Za-z0-9_'’])"
_MINUTES = r"(?:minutes?|mins?)(?![A-Za-z0-9_'’])"
_HOURS = r"(?:hours?|hrs?|h)(?![A-Za-z_])"
_NUMBER = r"(?:\d++(?:\.\d++)?|(?<!\w)\.\d++)"
_TIME = re.compile(
    rf"""(?:(?<![\w#$€£/@^])|(?<=\dto)|(?<=\dand))(?<!\d\.)(?<!\d:)
    (?: (?P<clock>(?:(?P<ch>\d{{1,3}}):)?(?P<cm>\d{{1,3}}):(?P<cs>\d{{1,2}}(?:[.,]\d{{1,9}})?))
        (?![\d:])
      | (?:(?P<h>\d{{1,3}})\s{{0,2}}{_HOURS}\s{{0,2}},?\s{{0,2}}(?:and\s{{1,2}})?)?
        (?P<m>\d{{1,4}})\s{{0,2}}(?:minutes?|mins?|m)(?=[\s\d,])\s{{0,2}},?\s{{0,2}}(?:and\s{{1,2}})?
        (?P<s>\d{{1,3}}(?:\.\d++)?)\s{{0,2}}{_SECONDS}
      | (?P<num>{_NUMBER}(?:[eE][+-]?\d{{1,4}}+)?)(?![\w/]|\.\d|:\d)
      | (?P<glued>{_NUMBER})(?=(?:to|and|s|secs?|seconds?|mins?|minutes?)(?![A-Za-z]))
    )
    (?:[ \t]{{0,3}}(?:(?P<us>{_SECONDS})|(?P<um>{_MINUTES})|(?P<up>%|percent\b)))?""",
    re.VERBOSE | re.IGNORECASE,
)
_COMMA_DECIMAL: Final = re.compile(
    r"(?<![\d,.\[(])(\d{1,5}),(\d{1,2})(?![\d,])(\s{0,3}(?:s|secs?|seconds?)?\s{0,3}"
    r"(?:to|and|-|–|—|~)\s{0,3})(\d{1,5}),(\d{1,2})(?![\d,])",
    re.IGNORECASE,
)
_DOT_NUMBER = re.compile(r"\d\.\d")


@dataclass(frozen=True, slots=True)
class Time:
    """One number of a text, in seconds unless its unit says otherwise, and where it stands.

    `decimal` is true when it is written with a fraction; `bare` numbers have no unit.
    """

    value: float
    start: int
    end: int
    unit: Unit
    decimal: bool

    @property
    def bare(self) -> bool:
        """Return whether nothing but the digits says what the number means."""
        return self.unit == ""

    @property
    def seconds(self) -> float:
        """Return the value in seconds; percents are returned as they are."""
        return self.value * 60 if self.unit == "min" else self.value


def find_times(text: str) -> list[Time]:
    """Return the numbers and clock times of `text`, in order, without those no float holds.

    Example:
        >>> [(t.seconds, t.unit) for t in find_times("from 12.5s to 1:05, or 2 min 3 s")]
        [(12.5, 's'), (65.0, 'clock'), (123.0, 'clock')]
        >>> find_times("person #1 in 1080p, the 3rd of P01")
        []
    """
    times = (_read(match) for match in _TIME.finditer(text))
    return [time for time in times if math.isfinite(time.value)]


def _read(match: re.Match[str]) -> Time:
    value, unit = _value(match)
    text = match[0]
    return Time(
        value=value,
        start=match.start(),
        end=match.end(),
        unit=unit,
        decimal="." in text.rstrip("."),
    )


def _value(match: re.Match[str]) -> tuple[float, Unit]:
    if match["clock"]:
        return _clock(match["ch"], match["cm"], match["cs"].replace(",", ".")), "clock"
    if match["m"]:
        return _clock(match["h"], match["m"], match["s"]), "clock"
    value = float(match["num"] or match["glued"])
    if match["us"]:
        return value, "s"
    if match["um"]:
        return value, "min"
    return value, "%" if match["up"] else ""


def _clock(hours: str | None, minutes: str, seconds: str) -> float:
    return float(hours or 0) * 3600 + float(minutes) * 60 + float(seconds)


def normalise_decimals(text: str) -> str:
    """Write comma decimals with a point where they cannot be anything else.

    That is a pair of numbers with one or two digits after the comma, joined by a word or dash, in
    a text that uses no decimal point.

    Example:
        >>> normalise_decimals("12,54 to 17,83")
        '12.54 to 17.83'
        >>> normalise_decimals("[12,17]")
        '[12,17]'
    """
    if _DOT_NUMBER.search(text):
        return text
    return _COMMA_DECIMAL.sub(r"\1.\2\3\4.\5", text)


_DIGITS: Final = {
    "ZERO": "0",
    "ONE": "1",
    "TWO": "2",
    "THREE": "3",
    "FOUR": "4",
    "FIVE": "5",
    "SIX": "6",
    "SEVEN": "7",
    "EIGHT": "8",
    "NINE": "9",
    "DOT": ".",
}
_TIME_TOKEN = re.compile(rf"<TIME_({'|'.join(_DIGITS)})>", re.IGNORECASE)


def has_time_tokens(text: str) -> bool:
    """Return whether `text` holds VTG-LLM's digit tokens.

    Example:
        >>> has_time_tokens("<TIME_ONE>"), has_time_tokens("1")
        (True, False)
    """
    return bool(_TIME_TOKEN.search(text))


def decode_time_tokens(text: str) -> str:
    """Replace VTG-LLM's digit tokens by digits.

    Example:
        >>> decode_time_tokens("<TIME_ONE><TIME_TWO><TIME_DOT><TIME_FIVE> seconds")
        '12.5 seconds'
    """
    return _TIME_TOKEN.sub(lambda match: _DIGITS[match[1].upper()], text)
