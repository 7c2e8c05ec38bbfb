"""A worker process, and all that it starts, as one thing that can be ended."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from rarft.harness.workers.devices import VISIBLE
from rarft.harness.workers.events import Assignment, Event, decode_event, encode_assignment

COMMAND: Final = ("-m", "rarft.harness.workers.child")
_LAST_LINES: Final = 20

Told = tuple[int, Event]


class WorkerProcess:
    """One process in a group of its own; what it says comes into `told` with its number."""

    def __init__(
        self,
        number: int,
        assignment: Assignment,
        told: queue.Queue[Told],
        *,
        devices: str | None,
        n_threads: int,
    ) -> None:
        self.number = number
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        environ.setdefault("OMP_NUM_THREADS", str(n_threads))
        if devices is not None:
            environ[VISIBLE] = devices
        # A group of its own: a terminal's Ctrl-C reaches the parent alone, which passes it on once.
        self._process = subprocess.Popen(
            [sys.executable, *COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environ,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read_events, args=(told,), daemon=True),
            threading.Thread(target=self._read_lines, args=(told,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(encode_assignment(assignment))
            self._process.stdin.flush()

    @property
    def process_id(self) -> int:
        """Return the process's number."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Whether the process is gone; then what it started is gone too."""
        if self._process.returncode is not None:
            return True
        # The group is ended before the process is reaped, while its number is certainly its own.
        options = os.WEXITED | os.WNOWAIT | os.WNOHANG
        if os.waitid(os.P_PID, self._process.pid, options) is None:
            return False
        self.signal(signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join(timeout=5)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        return True

    @property
    def exit_status(self) -> int:
        """Return how it ended, as subprocess counts."""
        return int(self._process.returncode or 0)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _read_events(self, told: queue.Queue[Told]) -> None:
        for line in _lines(self._process.stdout):
            told.put((self.number, decode_event(line)))

    def _read_lines(self, told: queue.Queue[Told]) -> None:
        for line in _lines(self._process.stderr):
            self.last_lines.append(line.rstrip("\n"))
            told.put((self.number, Event(kind="noise", text=line.rstrip("\n"))))


def _lines(pipe: Iterable[str] | None) -> Iterable[str]:
    try:
        yield from pipe or ()
    except ValueError:
        # The pipe was closed while something that the process had started still held it.
        return
