"""Sequences whose items are made when they are asked for, and lines of files read in that way."""

from __future__ import annotations

import os
import weakref
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar, overload

T = TypeVar("T")
_BLOCK: Final = 4096


class OnDemand(Sequence[T]):
    """Items that are made each time they are asked for; 8 bytes of each are in memory.

    It equals any sequence with the same items in the same order. A slice is made on demand too.

    Example:
        >>> squares = OnDemand([1, 2, 3], lambda number: number**2)
        >>> squares[-1], list(squares[:2]), squares == [1, 4, 9]
        (9, [1, 4], True)
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, numbers: Iterable[int], make: Callable[[int], T]) -> None:
        self._numbers = numbers if isinstance(numbers, array) else array("q", numbers)
        self._make = make

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> OnDemand[T]: ...

    def __getitem__(self, at: int | slice) -> T | OnDemand[T]:
        if isinstance(at, slice):
            return OnDemand(self._numbers[at], self._make)
        return self._make(self._numbers[at])

    def __len__(self) -> int:
        return len(self._numbers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))


def picked(items: Sequence[T], numbers: Iterable[int]) -> OnDemand[T]:
    """Return the items with these numbers, none of them made yet.

    Example:
        >>> list(picked("abc", [2, 0]))
        ['c', 'a']
    """
    return OnDemand(numbers, items.__getitem__)


class Lines:
    """The lines of a file that only grows, by the places where they begin; any thread may read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _file(self) -> int:
        file = os.open(self.path, os.O_RDONLY)
        weakref.finalize(self, os.close, file)
        return file

    def line(self, place: int) -> bytes:
        """Return the line that begins at a place."""
        size = _BLOCK
        while True:
            block = os.pread(self._file, size, place)
            end = block.find(b"\n") + 1
            if end or len(block) < size:
                return block[:end] if end else block
            size *= 4
