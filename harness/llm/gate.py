"""One gate for all workers: a server that asks for a pause gets it from every one of them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping

from rarft.harness.llm.waits import read_reset_s

SPREAD_S = 0.05
LONGEST_RESET_S = 120.0


class Gate:
    """Holds back every call until the latest pause that was asked for is over."""

    def __init__(self, *, rng: random.Random) -> None:
        self._opens_at = 0.0
        self._rng = rng

    def pause(self, seconds: float) -> None:
        """Keep the gate closed for this long from now, or longer if it is already."""
        self._opens_at = max(self._opens_at, time.monotonic() + seconds)

    async def wait(self) -> None:
        """Return once the gate is open, a little spread so that not all leave at one instant."""
        while (left_s := self._opens_at - time.monotonic()) > 0:
            await asyncio.sleep(left_s + self._rng.uniform(0, SPREAD_S))


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
