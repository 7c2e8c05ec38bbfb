"""How long to wait before a call is sent again, by the server's headers or by chance."""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 60.0
LONGEST_RESET_S = 120.0

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def backoff_s(n_failed: int, *, rng: random.Random) -> float:
    """Draw a wait by exponential backoff with full jitter, after so many failures in a row."""
    ceiling_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(n_failed - 1, 16))
    return rng.uniform(0.0, ceiling_s)


def read_retry_after_s(headers: Mapping[str, str], *, now_s: float | None = None) -> float | None:
    """Return the seconds that `retry-after-ms` or `retry-after` ask to wait.

    `retry-after` holds seconds or an HTTP date. None where neither says a time.

    Example:
        >>> read_retry_after_s({"retry-after-ms": "1500"})
        1.5
        >>> read_retry_after_s({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, now_s=20.0)
        40.0
        >>> read_retry_after_s({"retry-after": "soon"}) is None
        True
    """
    in_ms = _number(headers.get("retry-after-ms", ""))
    if in_ms is not None:
        return in_ms / 1000
    text = headers.get("retry-after", "").strip()
    in_s = _number(text)
    if in_s is not None or not text:
        return in_s
    try:
        at_s = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, at_s - (time.time() if now_s is None else now_s))


def read_reset_s(text: str) -> float | None:
    """Return the seconds of an `x-ratelimit-reset-*` header: a number, or 6m0s, 12ms, 1h2m.

    Example:
        >>> [read_reset_s(text) for text in ("12ms", "6m0s", "2.5", "later")]
        [0.012, 360.0, 2.5, None]
    """
    text = text.strip().lower()
    number = _number(text)
    if number is not None:
        return number
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text):
        return None
    return sum(float(amount) * _UNIT_S[unit] for amount, unit in parts)


def pause_of_headers(headers: Mapping[str, str]) -> float:
    """Return the seconds to wait where a limit is used up, by `x-ratelimit-*`; else 0.

    Example:
        >>> pause_of_headers(
        ...     {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m0.5s"}
        ... )
        60.5
        >>> pause_of_headers(
        ...     {"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "0"}
        ... )
        0.0
    """
    waits = [0.0]
    for limited in ("requests", "tokens"):
        if headers.get(f"x-ratelimit-remaining-{limited}", "").strip() == "0":
            reset_s = read_reset_s(headers.get(f"x-ratelimit-reset-{limited}", ""))
            waits.append(min(reset_s or 0.0, LONGEST_RESET_S))
    return max(waits)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
