"""The same work on many items by several processes, in the order of the items."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing.connection import wait
from typing import Any, Final, TypeVar

from rarft.harness.errors import UserError

Item = TypeVar("Item")
Made = TypeVar("Made")
N_A_CHUNK: Final = 64
"""Items that go to a process at once."""
N_AHEAD: Final = 4
"""Chunks a process that are read, and worked on, before the first of them is asked for."""


def mapped(
    work: Callable[[Item], Made], items: Iterable[Item], *, n_processes: int
) -> Iterator[tuple[Item, Made]]:
    """Yield each item with what was made of it; what comes is the same for any number of processes.

    Items are read as they are needed. So few that they fill no chunk a process are worked on here,
    as starting a process takes a second.

    Args:
        work: A function that other processes can import, or a `partial` of one.
        items: What is worked on.
        n_processes: How many processes work; 1 starts none.

    Raises:
        UserError: a process died, or the work raised it.
    """
    waiting = iter(items)
    first = list(islice(waiting, n_processes * N_A_CHUNK)) if n_processes > 1 else []
    if len(first) < n_processes * N_A_CHUNK:
        for item in chain(first, waiting):
            yield item, work(item)
        return
    # Spawned: a fork of a process with threads may stop for ever.
    pool = ProcessPoolExecutor(
        n_processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(work,),
    )
    try:
        yield from _by_pool(pool, chain(first, waiting), n_ahead=n_processes * N_AHEAD)
    except BrokenProcessPool as error:
        raise UserError(
            f"got a process of {n_processes} that died, expected memory for all of them; give a "
            "smaller --num_proc"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _by_pool(
    pool: ProcessPoolExecutor, items: Iterator[Item], *, n_ahead: int
) -> Iterator[tuple[Item, Any]]:
    ahead: deque[tuple[list[Item], Future[list[Any]]]] = deque()
    while True:
        while len(ahead) < n_ahead and (chunk := list(islice(items, N_A_CHUNK))):
            ahead.append((chunk, pool.submit(_worked, chunk)))
        if not ahead:
            return
        chunk, made = ahead.popleft()
        yield from zip(chunk, made.result(), strict=True)


_works: list[Callable[[Any], Any]] = []
"""What this process does, where it is one of a pool."""


def _begin(work: Callable[[Any], Any]) -> None:
    _works.append(work)
    # A terminal's Ctrl-C reaches the whole group; the parent alone decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End where the parent was killed, which could not tell anybody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _worked(chunk: Sequence[Any]) -> list[Any]:
    (work,) = _works
    return [work(item) for item in chunk]
