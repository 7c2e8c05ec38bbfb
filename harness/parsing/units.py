"""Read percents of a video and numbers of frames, and turn them into seconds.

Frames are numbered from 1, as the "Frame1:" prefixes of prompts number them.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from rarft.harness.parsing.clauses import find_named_pairs
from rarft.harness.parsing.numbers import find_times
from rarft.harness.parsing.pairs import find_pairs
from rarft.harness.parsing.spans import Pair

_PERCENT = re.compile(r"[ \t]{0,3}(?:%|\bpercent\b)", re.IGNORECASE)
_FRAME = re.compile(
    r"\bframes?(?![A-Za-z])[ \t]{0,3}(?:(?:numbers?|no\.?|ind(?:ex|ices)|ids?)\b[ \t]{0,3})?"
    r"[#:]?[ \t]{0,3}",
    re.IGNORECASE,
)
_LISTED = re.compile(r"[\s,;]*(?:and)?[\s,;]*\.?\s*")


def find_percent_pairs(text: str) -> tuple[str, list[Pair]]:
    """Return the text without percent signs, and its pairs of unitless numbers.

    Example:
        >>> find_percent_pairs("From 21% to 35%")[1][0].second_s
        35.0
    """
    text = _PERCENT.sub("", text)
    return text, [pair for pair in _all_pairs(text) if pair.unit == ""]


def percent_pairs(pairs: Sequence[Pair], *, duration_s: float | None) -> tuple[Sequence[Pair], str]:
    """Turn percents of the video into seconds; without a duration, say so.

    Example:
        >>> percent_pairs([Pair(21.0, 35.0)], duration_s=200.0)[0][0].second_s
        70.0
        >>> percent_pairs([Pair(21.0, 35.0)], duration_s=None)[1]
        'percent: the form needs duration_s'
    """
    if duration_s is None or not math.isfinite(duration_s):
        return pairs, "percent: the form needs duration_s"
    return [
        replace(
            pair,
            first_s=pair.first_s * duration_s / 100.0,
            second_s=pair.second_s * duration_s / 100.0,
        )
        for pair in pairs
    ], ""


def find_frame_pairs(text: str) -> tuple[str, list[Pair]]:
    """Return the text without the word frame, and its pairs of whole unitless numbers.

    Example:
        >>> find_frame_pairs("frame 12 to frame 20")[1][0].first_s
        12.0
    """
    text = _FRAME.sub("", text)
    pairs = [pair for pair in _all_pairs(text) if pair.unit == ""]
    return text, [p for p in pairs if p.first_s.is_integer() and p.second_s.is_integer()]


def frame_pairs(
    pairs: Sequence[Pair], *, frame_times_s: Sequence[float] | None
) -> tuple[Sequence[Pair], str]:
    """Turn frame numbers, counted from 1, into the seconds of those frames.

    Args:
        pairs: frame numbers.
        frame_times_s: when each shown frame is, in seconds, in the order shown. Shape: (n_frames,).

    Example:
        >>> frame_pairs([Pair(2.0, 3.0)], frame_times_s=[0.0, 0.5, 1.0])[0][0].second_s
        1.0
        >>> frame_pairs([Pair(2.0, 4.0)], frame_times_s=[0.0, 0.5, 1.0])[1]
        'frames: frame 4 is outside 1 to 3'
    """
    if frame_times_s is None:
        return pairs, "frames: the form needs frame_times_s"
    scaled = []
    for pair in pairs:
        if pair.is_nowhere:
            scaled.append(pair)
            continue
        for number in (pair.first_s, pair.second_s):
            if not 1 <= number <= len(frame_times_s):
                return pairs, f"frames: frame {number:.0f} is outside 1 to {len(frame_times_s)}"
        first_s, second_s = (
            float(frame_times_s[int(number) - 1]) for number in (pair.first_s, pair.second_s)
        )
        scaled.append(replace(pair, first_s=first_s, second_s=second_s))
    return scaled, ""


def find_listed_pairs(text: str) -> list[Pair]:
    """Return the pairs of a flat list such as "12.0 seconds, 44.0 seconds", two by two.

    Example:
        >>> [(p.first_s, p.second_s) for p in find_listed_pairs("12.0 seconds, 44.0 seconds.")]
        [(12.0, 44.0)]
    """
    times = find_times(text)
    if not times or len(times) % 2 or any(time.unit == "%" for time in times):
        return []
    bounds = [0, *(edge for time in times for edge in (time.start, time.end)), len(text)]
    gaps = (text[bounds[i] : bounds[i + 1]] for i in range(0, len(bounds), 2))
    if not all(len(gap) <= 16 and _LISTED.fullmatch(gap) for gap in gaps):
        return []
    return [
        Pair(a.seconds, b.seconds, a.start, b.end, a.unit)
        for a, b in zip(times[::2], times[1::2], strict=True)
    ]


def _all_pairs(text: str) -> list[Pair]:
    return find_pairs(text, care="declared") or find_named_pairs(text)
