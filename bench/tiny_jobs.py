"""Run commands as processes of one core each, and count the processor seconds of every one.

What a process has used is written down while it runs, so that seconds are not lost with a machine.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

POLL_S: Final = 0.2
SAMPLE_EVERY_S: Final = 15.0
ONE_CORE: Final = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
_PR_SET_PDEATHSIG: Final = 1
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A command with a name of its own, and the file that its output is added to."""

    name: str
    command: tuple[str, ...]
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process has used; `code` is None while it runs, negative where a signal ended it."""

    processor_s: float
    wall_s: float
    code: int | None = None


OnUsage = Callable[[Job, Usage], None]
"""Told now and then of a running job, and once of one that has ended."""


@dataclass(frozen=True, slots=True)
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    started_s: float


def run_jobs(jobs: Sequence[Job], *, n_at_once: int, on_usage: OnUsage) -> list[Job]:
    """Run jobs in their order, several at a time; return those that failed.

    A failure stops no other job. Where this process is interrupted, so are its jobs.

    Args:
        jobs: What to run.
        n_at_once: How many run at a time.
        on_usage: Is told what each uses.
    """
    waiting, running, failed = deque(jobs), list[_Running](), list[Job]()
    sampled_s = time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < n_at_once:
                running.append(_start(waiting.popleft()))
            time.sleep(POLL_S)
            is_sampling = time.monotonic() - sampled_s >= SAMPLE_EVERY_S
            sampled_s = time.monotonic() if is_sampling else sampled_s
            for one in tuple(running):
                usage = _ended(one, os.WNOHANG)
                if usage is not None:
                    running.remove(one)
                    on_usage(one.job, usage)
                    failed += [one.job] if usage.code else []
                elif is_sampling:
                    on_usage(one.job, _used_so_far(one))
    finally:
        for one in running:
            one.process.send_signal(signal.SIGTERM)
        for one in running:
            usage = _ended(one, 0)
            if usage is not None:
                on_usage(one.job, usage)
    return failed


def _start(job: Job) -> _Running:
    job.log.parent.mkdir(parents=True, exist_ok=True)
    with job.log.open("ab") as log:
        process = subprocess.Popen(
            job.command,
            env={**os.environ, **ONE_CORE},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    return _Running(job, process, time.monotonic())


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    """Have the kernel end this process with its parent, which may be killed outright."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _ended(one: _Running, options: int) -> Usage | None:
    """Return what a process and its own children used, None while it runs."""
    pid, status, used = os.wait4(one.process.pid, options)
    if pid == 0:
        return None
    code = os.waitstatus_to_exitcode(status)
    one.process.returncode = code
    return Usage(
        processor_s=used.ru_utime + used.ru_stime,
        wall_s=time.monotonic() - one.started_s,
        code=code,
    )


def _used_so_far(one: _Running) -> Usage:
    """Return what a running process has used, 0 where the system does not tell."""
    try:
        stat = Path(f"/proc/{one.process.pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        stat = ""
    # The name of the command, in brackets, may hold blanks; utime, stime, cutime and cstime follow.
    fields = stat.rpartition(")")[2].split()
    ticks = sum(map(int, fields[11:15])) if len(fields) > 15 else 0
    return Usage(processor_s=ticks / _TICKS_PER_S, wall_s=time.monotonic() - one.started_s)
