"""From pairs of seconds to spans: order, flags, and the pairs that mean "nowhere".

Spans are never clamped to the video. A pair that holds no time after zero, such as [0, 0] or
[-1, -1], says that there is no segment.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rarft.harness.types import Span

FLAGS: Final = (
    "reversed",
    "zero_length",
    "before_start",
    "beyond_end",
    "several_spans",
    "unclosed_tag",
)
_TOLERANCE_S = 1e-6


@dataclass(frozen=True, slots=True)
class Pair:
    """Two times in the order of the text, where they stand in it, and their unit."""

    first_s: float
    second_s: float
    start: int = 0
    end: int = 0
    unit: str = ""

    @property
    def is_nowhere(self) -> bool:
        """Return whether the pair is a way to write "no segment": [0, 0], [-1, -1]."""
        return max(self.first_s, self.second_s) <= 0.0


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans in the order of the text, with what was unusual about them."""

    spans: tuple[Span, ...]
    flags: tuple[str, ...]


def order_flags(flags: Iterable[str]) -> tuple[str, ...]:
    """Return each flag once, in the order of FLAGS.

    Example:
        >>> order_flags(["unclosed_tag", "reversed", "reversed"])
        ('reversed', 'unclosed_tag')
    """
    present = set(flags)
    return tuple(flag for flag in FLAGS if flag in present)


def make_spans(pairs: Iterable[Pair], *, duration_s: float | None = None) -> Spans:
    """Turn pairs into spans: swap reversed ones, drop exact repeats and "nowhere" pairs, flag.

    Args:
        pairs: times in seconds, in the order of the text.
        duration_s: length of the video in seconds; None leaves `beyond_end` unset.

    Example:
        >>> make_spans([Pair(9.0, 3.0)], duration_s=8.0)
        Spans(spans=(Span(start_s=3.0, end_s=9.0),), flags=('reversed', 'beyond_end'))
    """
    spans: dict[Span, None] = {}
    flags: list[str] = []
    for pair in pairs:
        if pair.is_nowhere or not (math.isfinite(pair.first_s) and math.isfinite(pair.second_s)):
            continue
        span = Span(min(pair.first_s, pair.second_s), max(pair.first_s, pair.second_s))
        if pair.second_s < pair.first_s:
            flags.append("reversed")
        flags.extend(_flags(span, duration_s))
        spans[span] = None
    if len(spans) > 1:
        flags.append("several_spans")
    return Spans(tuple(spans), order_flags(flags))


def _flags(span: Span, duration_s: float | None) -> list[str]:
    found = []
    if span.duration_s == 0.0:
        found.append("zero_length")
    if span.start_s < 0.0:
        found.append("before_start")
    if duration_s is not None and span.end_s > duration_s + _TOLERANCE_S:
        found.append("beyond_end")
    return found
