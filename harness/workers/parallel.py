"""`data_parallel_size`: the command starts so many workers of itself and watches them.

The first plans alone, so that what is wrong with the command is said once, and what is made the
first time is made once; the others start when it has a plan.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Final

from rarft.harness.errors import RarftError, UserError
from rarft.harness.prepared_run import running_backend
from rarft.harness.progress import Advance, track
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.run_lock import DirectoryLocks
from rarft.harness.stages.session import Session
from rarft.harness.task_index import check_folders
from rarft.harness.workers.devices import device_slices, visible_devices
from rarft.harness.workers.events import Assignment, Event
from rarft.harness.workers.launcher import new_token
from rarft.harness.workers.process import Told, WorkerProcess

Say = Callable[[str], None]

_POLL_S: Final = 0.1
_PATIENCE_S: Final = {signal.SIGINT: 10.0, signal.SIGTERM: 5.0, signal.SIGKILL: 5.0}


@contextmanager
def answered_in_parallel(
    config: RunConfig,
    locks: DirectoryLocks,
    n_workers: int,
    *,
    fresh: bool,
    show_progress: bool,
    say: Say,
) -> Iterator[tuple[Session, None]]:
    """Answer what is left by `n_workers` processes; yields when every request is done.

    Raises:
        UserError: what the command asks for is wrong, or every worker had to stop.
        RarftError: every worker died.
    """
    check_folders(config.include_folders)
    backend = running_backend(config)
    visible = visible_devices(os.environ, backend=backend)
    slices = device_slices(
        n_workers, backend=backend, model_args=config.model_args, visible=visible
    )
    launch = new_token()
    assignment = Assignment(config=config, directory=locks.directory, launch=launch, fresh=fresh)
    with Session(locks, settings={}, launch=launch, fresh=False) as session:
        with _ended_by_signals(), Crew(assignment, slices, session, say=say) as crew:
            crew.work(show_progress=show_progress)
        yield session, None


class Crew:
    """The worker processes of one command."""

    def __init__(
        self, assignment: Assignment, slices: list[str | None], session: Session, *, say: Say
    ) -> None:
        self._assignment = assignment
        self._slices = slices
        self._session = session
        self._say = say
        self._told: queue.Queue[Told] = queue.Queue()
        self._live: dict[int, WorkerProcess] = {}
        self._failures: dict[int, Event] = {}
        self._complaints: list[str] = []
        self._said: dict[str, int] = {}
        self._n_finished = 0
        self._has_entered = False
        self._open = ExitStack()
        self._advance: Advance = lambda n: None
        self._n_done: dict[int, int] = {}
        self._n_shown = 0
        self._n_left = 0

    def work(self, *, show_progress: bool) -> None:
        """Watch the workers until all have ended.

        Raises:
            UserError: what the command asks for is wrong, or every worker had to stop.
            RarftError: every worker died.
        """
        self._start(0)
        while self._live:
            try:
                number, event = self._told.get(timeout=_POLL_S)
                self._take(number, event, show_progress=show_progress)
            except queue.Empty:
                self._bury()
        self._open.close()
        if not self._n_finished:
            raise self._last_word()

    def _start(self, number: int) -> None:
        n_threads = max((os.cpu_count() or 1) // len(self._slices), 1)
        self._live[number] = WorkerProcess(
            number,
            self._assignment,
            self._told,
            devices=self._slices[number],
            n_threads=n_threads,
        )

    def _take(self, number: int, event: Event, *, show_progress: bool) -> None:
        if event.kind == "planned" and number == 0:
            for other in range(1, len(self._slices)):
                self._start(other)
        elif event.kind == "entered":
            if not self._has_entered:
                self._has_entered = True
                self._session.stay()
                bar = track("replies", event.n, shown=show_progress)
                self._advance = self._open.enter_context(bar)
                self._n_left = event.n
            self._n_done[number] = self._n_left - event.n
            self._complain()
            self._show()
        elif event.kind == "done":
            self._n_done[number] += event.n
            self._show()
        elif event.kind == "failed":
            self._failures[number] = event
        elif event.kind == "noise" and self._said.setdefault(event.text, number) == number:
            self._say(f"worker {number}: {event.text}")

    def _show(self) -> None:
        """Move the bar: every worker sees what all have done, some a little later."""
        n_done = max(self._n_done.values())
        if n_done > self._n_shown:
            self._advance(n_done - self._n_shown)
            self._n_shown = n_done

    def _bury(self) -> None:
        for number, worker in [*self._live.items()]:
            if not worker.has_ended():
                continue
            # What it said last is in the queue by now, and is taken before the next look.
            if not self._told.empty():
                return
            del self._live[number]
            if worker.exit_status == 0:
                self._n_finished += 1
                continue
            self._failures.setdefault(number, _death(worker))
            if self._live:
                self._complaints.append(
                    f"worker {number} stopped: {self._failures[number].text}; the others go on"
                )
                self._complain()

    def _complain(self) -> None:
        """Report who stopped, once another one is at work: else it is the command's own error."""
        if self._has_entered:
            for complaint in self._complaints:
                self._say(complaint)
            self._complaints.clear()

    def _last_word(self) -> RarftError:
        failures = [self._failures[number] for number in sorted(self._failures)]
        first = failures[0]
        if first.is_user_error:
            return UserError(first.text)
        if self._has_entered:
            return RarftError(f"every worker stopped, the last words of one: {first.text}")
        return RarftError(first.text)

    def __enter__(self) -> Crew:
        """Return the crew."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """End every worker that is left: asked first, then made to."""
        self._open.close()
        first = signal.SIGTERM if kind is SystemExit else signal.SIGINT
        for number in (first, signal.SIGTERM, signal.SIGKILL):
            for worker in self._live.values():
                worker.signal(number)
            self._wait(_PATIENCE_S[number])

    def _wait(self, patience_s: float) -> None:
        deadline_s = time.monotonic() + patience_s
        while self._live and time.monotonic() < deadline_s:
            for number, worker in [*self._live.items()]:
                if worker.has_ended():
                    del self._live[number]
            if self._live:
                time.sleep(_POLL_S)


def _death(worker: WorkerProcess) -> Event:
    """Return why a worker that said nothing is gone."""
    status = worker.exit_status
    how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    last = next((line for line in reversed(worker.last_lines) if line.strip()), "")
    return Event(kind="failed", text=f"{how}, {last.strip()}" if last else how)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Have SIGTERM unwind as an interrupt does, so that no worker is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
