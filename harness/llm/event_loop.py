"""Run a coroutine to its end from plain code, whether or not an event loop runs already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_in_loop(make: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run in an event loop: here, or in a thread where a loop runs here already.

    Example:
        >>> run_in_loop(lambda: asyncio.sleep(0, result=7))
        7
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(make())
    return _run_beside(make)


def _run_beside(make: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run in a thread with a loop of its own; an interrupt of this thread ends that one too."""
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Result]]] = Future()

    async def run() -> Result:
        task = asyncio.ensure_future(make())
        started.set_result((asyncio.get_running_loop(), task))
        return await task

    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(asyncio.run, run())
        try:
            return asked.result()
        except KeyboardInterrupt:
            if not asked.done():
                loop, task = started.result()
                loop.call_soon_threadsafe(task.cancel)
            raise
