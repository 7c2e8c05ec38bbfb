"""A limit on the bytes that decoded frames take, and videos decoded ahead within it.

Requests for one video share its frames, which count once and are let go with the last of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final


class ByteBudget:
    """Bytes that may be held at once, given out in the order they are asked for.

    What is larger than the whole budget is let through when nothing else is held, so that one large
    video is slow, not impossible. Used within one event loop.
    """

    def __init__(self, n_bytes: int) -> None:
        self._limit: Final = n_bytes
        self._held = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def held_bytes(self) -> int:
        """Return how many bytes are given out."""
        return self._held

    async def reserve(self, n_bytes: int) -> None:
        """Wait until so many bytes are free, and take them."""
        if not self._waiting and self._fits(n_bytes):
            self._held += n_bytes
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((n_bytes, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release(n_bytes)
            raise

    def release(self, n_bytes: int) -> None:
        """Give bytes back, and let go on whoever now fits."""
        self._held -= n_bytes
        while self._waiting:
            wanted, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
                continue
            if not self._fits(wanted):
                return
            self._waiting.popleft()
            self._held += wanted
            turn.set_result(None)

    def _fits(self, n_bytes: int) -> bool:
        return self._held == 0 or self._held + n_bytes <= self._limit


class Reservation:
    """Bytes of one video: first what it may take, then what it takes."""

    def __init__(self, budget: ByteBudget, n_bytes: int) -> None:
        self._budget = budget
        self.n_bytes = n_bytes

    def shrink(self, n_bytes: int) -> None:
        """Give back what a video turned out not to need."""
        if n_bytes < self.n_bytes:
            self._budget.release(self.n_bytes - n_bytes)
            self.n_bytes = n_bytes


@asynccontextmanager
async def reserved(budget: ByteBudget, n_bytes: int) -> AsyncIterator[Reservation]:
    """Hold bytes of the budget, and give them back at the end."""
    await budget.reserve(n_bytes)
    reservation = Reservation(budget, n_bytes)
    try:
        yield reservation
    finally:
        budget.release(reservation.n_bytes)
