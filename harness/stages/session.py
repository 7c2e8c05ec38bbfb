"""Workers of one run in one output directory: who comes in, what is left, and who ends it.

A session begins with the first worker that is ready and lasts while one is there. Workers that
come meanwhile with the same configuration share it: a request that fails is not tried again before
the next session, and one of them judges and scores.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import BusyError
from rarft.harness.stages.append_log import AppendLog
from rarft.harness.stages.chunks import Chunk
from rarft.harness.stages.response_store import JOURNAL, RESPONSES, ResponseTail
from rarft.harness.stages.run_lock import DirectoryLocks, busy, hold

SESSION: Final = ".session.json"
POLL_S: Final = 0.2

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """What the workers of a session agree on.

    `settings` is all that must be equal, `launch` names the command that began it, rows from byte
    `tried_from` on are its own, `finisher` judges and scores.
    """

    settings: Mapping[str, Any]
    launch: str
    tried_from: int
    finisher: str | None = None
    is_finished: bool = False


class Session:
    """One worker's part in a session: its seat, the claims it makes, and its open logs."""

    def __init__(
        self, locks: DirectoryLocks, *, settings: Mapping[str, Any], launch: str, fresh: bool
    ) -> None:
        self.worker = 0
        self.name = worker_name(None)
        self._locks = locks
        self.directory = locks.directory
        # As JSON gives it back.
        self._settings = json.loads(json.dumps(settings))
        self._launch = launch
        self._fresh = fresh
        self._open = ExitStack()
        self._responses: AppendLog | None = None
        self._journal: AppendLog | None = None
        self._tail: ResponseTail | None = None

    def check(self) -> None:
        """Make sure that whoever works here now does the same, as far as it is known so far.

        Raises:
            BusyError: another configuration is at work, or `fresh` would take its replies.
        """
        with self._locks.setup():
            self._is_joining()

    def enter(self, begin: Callable[[bool], None]) -> None:
        """Take part in the session that is under way, or begin one.

        `begin` is called when a session begins, and told whether stored replies are forgotten.

        Raises:
            BusyError: another configuration is at work, or `fresh` would take its replies.
            UserError: a file cannot be written.
        """
        with self._locks.setup():
            is_joining = self._is_joining()
            if not is_joining:
                # A session that never got to its end is none that anybody may join.
                (self.directory / SESSION).unlink(missing_ok=True)
                begin(self._fresh)
            self._open_logs()
            if not is_joining:
                self._write(
                    SessionState(
                        settings=self._settings,
                        launch=self._launch,
                        tried_from=_size(self.directory / RESPONSES),
                    )
                )
            state = self._read()
            assert state is not None
            self.worker = self._locks.take_seat()
            self.name = worker_name(self.worker)
        self._tail = ResponseTail(
            self.directory, tried_from=state.tried_from, mutex=self._locks.append
        )
        self._tail.refresh()

    def stay(self) -> None:
        """Keep the session open from outside it, for whoever will judge and score."""
        self._locks.take_seat(last=True)

    def _is_joining(self) -> bool:
        state = self._read()
        is_ours = state is not None and state.launch == self._launch
        if not is_ours and not self._locks.is_anybody_seated():
            return False
        if state is None:
            return False
        theirs = {name: state.settings.get(name) for name in self._settings}
        difference = first_difference(theirs, self._settings)
        if difference:
            raise busy(self.directory, difference)
        if self._fresh and not is_ours:
            raise busy(self.directory)
        return True

    def _open_logs(self) -> None:
        mutex = self._locks.append
        self._responses = self._open.enter_context(
            AppendLog(self.directory / RESPONSES, mutex=mutex)
        )
        self._journal = self._open.enter_context(AppendLog(self.directory / JOURNAL, mutex=mutex))

    @property
    def done(self) -> set[str]:
        """Return the requests that need no asking any more, as last seen."""
        assert self._tail is not None
        return self._tail.done

    def news(self) -> list[str]:
        """Return the requests that are done since this was asked last."""
        assert self._tail is not None
        found, self._tail.news = self._tail.news, []
        return found

    def refresh(self) -> None:
        """See what all workers have stored."""
        assert self._tail is not None
        self._tail.refresh()

    def store(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write replies durably."""
        assert self._responses is not None
        self._responses.append(rows)
        self.refresh()

    def note(self, event: str, **about: Any) -> None:
        """Write down when something happened, and who did it."""
        assert self._journal is not None
        row = {"event": event, **about, "worker": self.worker, "at_s": time.time()}
        self._journal.append([row])

    def claimed(self, chunks: Sequence[Chunk], *, on_wait: Callable[[], None]) -> Generator[Chunk]:
        """Yield each chunk that has something left and that nobody else has, until all are done.

        What a worker that dies leaves is yielded too: this waits for it.
        """
        waiting: Sequence[Chunk] = chunks
        while waiting:
            busy_chunks = []
            for chunk in waiting:
                if self._is_done(chunk):
                    continue
                if not self._locks.claim(chunk.number):
                    busy_chunks.append(chunk)
                    continue
                try:
                    self.refresh()
                    if not self._is_done(chunk):
                        yield chunk
                finally:
                    self._locks.release(chunk.number)
            waiting = [chunk for chunk in busy_chunks if not self._is_done(chunk)]
            if waiting:
                on_wait()
                time.sleep(POLL_S)
                self.refresh()

    def _is_done(self, chunk: Chunk) -> bool:
        return all(request.key in self.done for batch in chunk.batches for request in batch)

    def finishes(self) -> tuple[bool, str]:
        """Whether this worker is the one that judges and scores, and the name of the one that is.

        Asked when everything is answered.
        """
        with self._locks.setup():
            state = self._read()
            if state is None:
                return False, "another worker"
            if state.is_finished or not self._locks.take_finish():
                return False, state.finisher or "another worker"
            self._write(replace(state, finisher=self.name))
        return True, self.name

    def finish(self) -> None:
        """Say that the results are written."""
        with self._locks.setup():
            state = self._read()
            if state is not None:
                self._write(replace(state, is_finished=True))

    def close(self) -> None:
        """Close the logs; the seat is let go with the locks."""
        self._open.close()

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the logs."""
        self.close()

    def _read(self) -> SessionState | None:
        return read_state(self.directory)

    def _write(self, state: SessionState) -> None:
        write_atomic(self.directory / SESSION, json.dumps(asdict(state)).encode())


def wait_for_finish(directory: Path) -> bool:
    """Wait until the results are written, or nobody is there any more; tell whether they are."""
    while True:
        state = read_state(directory)
        if state is not None and state.is_finished:
            return True
        try:
            with hold(directory):
                state = read_state(directory)
                return state is not None and state.is_finished
        except BusyError:
            time.sleep(POLL_S)


def read_state(directory: Path) -> SessionState | None:
    """Return what the workers of the last session agreed on; None where there was none."""
    try:
        content = json.loads((directory / SESSION).read_text(encoding="utf-8"))
        return SessionState(**content)
    except (OSError, ValueError, TypeError):
        return None


def worker_name(number: int | None) -> str:
    """Return what other workers call this one."""
    process = f"process {os.getpid()} on {socket.gethostname()}"
    return process if number is None else f"worker {number} ({process})"


def first_difference(theirs: Any, ours: Any, place: str = "") -> str:
    """Return the first place where two settings differ, in words; empty where they are equal.

    Example:
        >>> first_difference({"config": {"limit": 2, "seed": 0}}, {"config": {"limit": 3}})
        'config.limit 2, here 3'
    """
    if theirs == ours:
        return ""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in [*theirs, *(name for name in ours if name not in theirs)]:
            inner = f"{place}.{name}" if place else str(name)
            if theirs.get(name) != ours.get(name):
                return first_difference(theirs.get(name), ours.get(name), inner)
    return f"{place} {_short(theirs)}, here {_short(ours)}"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
