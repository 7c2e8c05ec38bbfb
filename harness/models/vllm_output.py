"""What vLLM's processes write while an engine starts: kept, to say in one line why it did not."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final

_ERROR: Final = re.compile(r"(?:^|\] )([\w.]*(?:Error|Exception): .+)$")
_ELSEWHERE: Final = "root cause"
"""In the messages of those that only heard of an error."""
_STREAMS: Final = (1, 2)
_HAS_STARTED: Final = b"\0\n"
_WAIT_S: Final = 2.0
_N_LETTERS: Final = 300


def first_cause(lines: Sequence[str]) -> str | None:
    """Return the first error of a log that is not about another one, or None.

    Example:
        >>> first_cause(["(Worker pid=5) ERROR [executor.py:948] ValueError: too little memory",
        ...              "Exception: initialization failed. See stack trace for root cause."])
        'ValueError: too little memory'
    """
    found = (_ERROR.search(line) for line in lines)
    causes = (match[1][:_N_LETTERS] for match in found if match and _ELSEWHERE not in match[1])
    return next(causes, None)


class StartOutput:
    """The output streams of this process, and of those it starts meanwhile, read as lines.

    Inside, nothing is shown unless `shows`. Afterwards this process has its own streams again, and
    what the others write is passed on to stderr.
    """

    def __init__(self, *, shows: bool) -> None:
        self._lines: list[str] = []
        self._passes_on = shows

    def __enter__(self) -> StartOutput:
        """Take the streams."""
        _flush()
        self._own = [os.dup(stream) for stream in _STREAMS]
        read_end, self._write_end = os.pipe()
        for stream in _STREAMS:
            os.dup2(self._write_end, stream)
        shown = os.dup(self._own[-1])
        threading.Thread(target=self._read, args=(read_end, shown), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the streams back."""
        _flush()
        for stream, own in zip(_STREAMS, self._own, strict=True):
            os.dup2(own, stream)
            os.close(own)
        # Where there is an error, it is said in one line.
        if error is None:
            os.write(self._write_end, _HAS_STARTED)
        os.close(self._write_end)

    def cause(self) -> str | None:
        """Return why a process has ended, waiting a moment for its last lines."""
        deadline = time.monotonic() + _WAIT_S
        while (found := first_cause(self._lines)) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def _read(self, read_end: int, shown: int) -> None:
        with os.fdopen(read_end, "rb") as lines, os.fdopen(shown, "wb", buffering=0) as stderr:
            for line in lines:
                if line.endswith(_HAS_STARTED):
                    self._passes_on = True
                elif self._passes_on:
                    stderr.write(line)
                else:
                    self._lines.append(line.decode(errors="replace").rstrip())


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
