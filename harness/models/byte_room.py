"""Memory shared by tasks of one event loop: each waits until what it will take fits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ByteRoom:
    """A number of bytes that tasks take and give back; one that needs more than all gets all."""

    def __init__(self, n_bytes: int) -> None:
        self._most = n_bytes
        self._left = n_bytes
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def taken(self, n_bytes: int) -> AsyncIterator[None]:
        """Hold so many bytes for the length of a block."""
        n_taken = min(n_bytes, self._most)
        async with self._changed:
            await self._changed.wait_for(lambda: n_taken <= self._left)
            self._left -= n_taken
        try:
            yield
        finally:
            async with self._changed:
                self._left += n_taken
                self._changed.notify_all()
