"""What asking cost: calls, tokens, money and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stopped = Literal["", "budget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """The cost of one round of requests, failed attempts included.

    `n_requests` is how many were handed on, `n_cached` how many of these came from the cache,
    `n_failed` how many are without an answer, and `n_calls` what was sent. `usd` is None where the
    model has no known price. `stopped` says why other requests were not handed on.
    """

    n_requests: int = 0
    n_calls: int = 0
    n_cached: int = 0
    n_failed: int = 0
    n_prompt_tokens: int = 0
    n_new_tokens: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0
    stopped: Stopped = ""
