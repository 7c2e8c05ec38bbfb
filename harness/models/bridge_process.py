"""A runner as a process: its own group, two pipes that are never waited for without a limit."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rarft.harness.errors import UserError

MAX_LINE_BYTES: Final = 16 * 1024**2
_CHUNK_BYTES: Final = 64 * 1024
_TAIL_BYTES: Final = 8 * 1024
_TAIL_LINES: Final = 3
_TAIL_CHARACTERS: Final = 400
MAX_LOG_BYTES: Final = 64 * 1024**2
_LOOK_AGAIN_S: Final = 0.5
TERMINATE_S: Final = 3.0


class RunnerLostError(Exception):
    """The runner died, said nothing in time, or wrote what cannot be read; it is of no more use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a runner is started; `log` receives its stderr."""

    arguments: tuple[str, ...]
    log: Path
    cwd: Path | None = None
    environment: Mapping[str, str] | None = None


class RunnerProcess:
    """One running process; lines go in and come out within a deadline.

    Raises:
        UserError: the program cannot be started, or the log cannot be written.
    """

    def __init__(self, launch: Launch) -> None:
        self._log = launch.log
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("ab") as log:
                self._log_start = log.tell()
                self._process = subprocess.Popen(
                    launch.arguments,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=launch.cwd,
                    env={**os.environ, **(launch.environment or {})},
                    bufsize=0,
                    start_new_session=True,
                )
        except (OSError, ValueError) as error:
            raise UserError(
                f"got the command {' '.join(launch.arguments)}, which cannot be started ({error}), "
                "expected a program and a script that are there; check command, python and cwd"
            ) from error
        # The group outlives neither this object nor this process, however either ends.
        self._end = weakref.finalize(self, _kill_group, self._process.pid)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        os.set_blocking(self._input.fileno(), False)
        os.set_blocking(self._output.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self._unsent = b""
        self._unfinished = bytearray()
        self._log_seen_s = time.monotonic()
        self._lines: deque[bytes] = deque()

    @property
    def pid(self) -> int:
        """Return the number of the process and of its group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, None while it runs; negative where a signal ended it."""
        return self._process.poll()

    def send(self, line: bytes) -> None:
        """Hand over a line; it is written while waiting for what comes back."""
        if not self._unsent and line:
            self._selector.register(self._input, selectors.EVENT_WRITE)
        self._unsent += line

    def receive(self, *, deadline_s: float) -> bytes:
        """Return the next line the runner writes, without its end.

        Args:
            deadline_s: When to give up, by `time.monotonic()`.

        Raises:
            RunnerLostError: the runner ended, the deadline passed, or a line has no end.
        """
        while not self._lines:
            self._exchange(deadline_s)
        return self._lines.popleft()

    def _exchange(self, deadline_s: float) -> None:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise RunnerLostError("said nothing in time")
        self._bound_log()
        ready = self._selector.select(min(left_s, _LOOK_AGAIN_S))
        # A child of the runner may hold the pipe open, so the end of the pipe is not waited for.
        has_ended = not ready and self._process.poll() is not None
        for key, _ in ready:
            if key.fileobj is self._input:
                self._write()
            else:
                has_ended = not self._read()
        if has_ended:
            raise RunnerLostError(self._ending())

    def _write(self) -> None:
        try:
            n_written = os.write(self._input.fileno(), self._unsent[:_CHUNK_BYTES])
            self._unsent = self._unsent[n_written:]
        except BlockingIOError:
            return
        except OSError:
            # Its end shows in what it writes, or in its exit code.
            self._unsent = b""
        if not self._unsent:
            self._selector.unregister(self._input)

    def _read(self) -> bool:
        """Take in what is there; False at the end of the output."""
        try:
            chunk = os.read(self._output.fileno(), _CHUNK_BYTES)
        except BlockingIOError:
            return True
        # Progress bars end their lines with a carriage return; JSON never holds one.
        first, *others = re.split(rb"[\r\n]", chunk)
        self._unfinished += first
        for other in others:
            self._lines.append(bytes(self._unfinished))
            self._unfinished = bytearray(other)
        if len(self._unfinished) > MAX_LINE_BYTES:
            raise RunnerLostError(f"wrote a line of more than {MAX_LINE_BYTES} bytes")
        return bool(chunk)

    def _ending(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_LOOK_AGAIN_S)
        code = self._process.poll()
        if code is None:
            return "closed its output"
        if code < 0:
            return f"was ended by signal {-code}"
        return f"ended with exit code {code}"

    def _bound_log(self) -> None:
        """Cut off the beginning of a log that would fill the disk; now and then, as it costs time.

        A file never makes the runner wait, as a pipe would; it writes on behind what is kept.
        """
        if time.monotonic() - self._log_seen_s < _LOOK_AGAIN_S:
            return
        self._log_seen_s = time.monotonic()
        with suppress(OSError):
            n_bytes = self._log.stat().st_size
            if n_bytes <= MAX_LOG_BYTES:
                return
            with self._log.open("rb+") as log:
                log.seek(n_bytes - _TAIL_BYTES)
                kept = log.read(_TAIL_BYTES)
                log.truncate(0)
            with self._log.open("ab") as log:
                log.write(kept)
            self._log_start = 0

    def last_words(self) -> str:
        """Return the last lines of its stderr as one line, empty where it wrote none."""
        with suppress(OSError), self._log.open("rb") as log:
            n_bytes = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, n_bytes - _TAIL_BYTES))
            text = log.read().decode("utf-8", errors="replace")
            lines = [" ".join(line.split()) for line in re.split(r"[\r\n]", text)]
            return " | ".join([line for line in lines if line][-_TAIL_LINES:])[-_TAIL_CHARACTERS:]
        return ""

    def close(self, *, farewell: bytes = b"", patience_s: float = 0.0) -> None:
        """Ask the runner to end, wait so long, then end it and everything it started."""
        if farewell and self._process.poll() is None:
            self.send(farewell)
            self._leave(time.monotonic() + patience_s)
        if self._process.poll() is None:
            _signal_group(self._process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=TERMINATE_S)
        self._end()
        self._process.wait()
        self._selector.close()
        self._input.close()
        self._output.close()

    def _leave(self, deadline_s: float) -> None:
        with suppress(RunnerLostError):
            while self._process.poll() is None:
                self._exchange(deadline_s)
                if not self._unsent and not self._input.closed:
                    self._input.close()


def _kill_group(pid: int) -> None:
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    # OSError: there is no one left in the group.
    with suppress(OSError):
        os.killpg(pid, number)
