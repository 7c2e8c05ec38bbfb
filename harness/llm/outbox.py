"""Answers on their way out, in groups: one transaction and one call of the caller for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")

GROUP_WAIT_S = 0.05
GROUP_SIZE = 256


class Outbox(Generic[Item]):
    """Collects items and hands them on in groups: what came within 50 ms, or 256 items.

    `deliver` runs in the thread of `executor`, one group at a time, so that a slow disk holds no
    call up. It is never interrupted: a group is handed on whole or not at all.
    """

    def __init__(self, deliver: Callable[[Sequence[Item]], None], *, executor: Executor) -> None:
        self._deliver = deliver
        self._executor = executor
        self._items: list[Item] = []
        self._has_items = asyncio.Event()
        self._is_full = asyncio.Event()
        self._under_way: Future[None] | None = None

    def put(self, item: Item) -> None:
        """Add one item to the current group."""
        self._items.append(item)
        self._has_items.set()
        if len(self._items) >= GROUP_SIZE:
            self._is_full.set()

    async def run(self) -> None:
        """Hand groups on until cancelled, or until one cannot be."""
        while True:
            await self._has_items.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_full.wait(), GROUP_WAIT_S)
            self._under_way = self._executor.submit(self._deliver, self._take())
            await asyncio.shield(asyncio.wrap_future(self._under_way))

    def close(self) -> None:
        """Wait for the group under way and hand on the last one, unless a group could not be."""
        if self._under_way is not None:
            wait([self._under_way])
            self._under_way.result()
        if self._items:
            self._deliver(self._take())

    def _take(self) -> list[Item]:
        items, self._items = self._items, []
        self._has_items.clear()
        self._is_full.clear()
        return items
