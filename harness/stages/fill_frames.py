"""Decode videos into the frames cache, in processes that a bad file may bring down."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from rarft.harness.errors import UserError, VideoError
from rarft.harness.stages.wanted_frames import WantedFrames
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.decoding_process import MAX_DEATHS, death_message
from rarft.harness.video.frames import load_frames
from rarft.harness.video.policy import FramesPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A video without frames, and why."""

    video: Path
    reason: str


def fill_frames(
    missing: Sequence[WantedFrames],
    policy: FramesPolicy,
    cache: FramesCache,
    *,
    n_workers: int,
    advance: Callable[[int], None] = lambda n: None,
) -> list[Failure]:
    """Decode what is missing, keep each set of frames at once, and return what could not be.

    Raises:
        UserError: the disk is full.
    """
    waiting: queue.SimpleQueue[WantedFrames] = queue.SimpleQueue()
    for frames in missing:
        waiting.put(frames)
    failures: list[Failure] = []
    stop = threading.Event()

    def work() -> None:
        with _Worker(policy, cache) as worker:
            while not stop.is_set():
                try:
                    frames = waiting.get_nowait()
                except queue.Empty:
                    return
                reason = worker.decode(frames)
                if reason is not None:
                    failures.append(Failure(video=frames.video.path, reason=reason))
                advance(1)

    with ThreadPoolExecutor(max(min(n_workers, len(missing)), 1)) as threads:
        futures = [threads.submit(work) for _ in range(n_workers)]
        try:
            for future in futures:
                future.result()
        finally:
            stop.set()
    return failures


class _Worker:
    """One process at a time, so that when it dies it is known at which file."""

    def __init__(self, policy: FramesPolicy, cache: FramesCache) -> None:
        self._policy = policy
        self._cache = cache
        self._process = _start()

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.shutdown(cancel_futures=True)

    def decode(self, frames: WantedFrames) -> str | None:
        """Return why there are no frames, or None where they are kept."""
        for _ in range(MAX_DEATHS):
            try:
                return self._process.submit(_decode, frames, self._policy, self._cache).result()
            except BrokenProcessPool:
                self._process.shutdown()
                self._process = _start()
        return death_message(frames.video.path)


def _start() -> ProcessPoolExecutor:
    # Spawned: a fork of a process with threads may stop for ever.
    context = multiprocessing.get_context("spawn")
    # A terminal's Ctrl-C reaches the whole group; the parent alone decides what ends.
    return ProcessPoolExecutor(
        1, mp_context=context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    )


def _decode(frames: WantedFrames, policy: FramesPolicy, cache: FramesCache) -> str | None:
    """Decode in a worker process.

    Raises:
        UserError: the frames could not be written.
    """
    try:
        load_frames(
            frames.video.path, policy, clip=frames.clip, cache=cache, sha256=frames.video.sha256
        )
    except VideoError as error:
        return str(error)
    if not cache.holds(frames.key):
        raise UserError(
            f"got a full or read-only disk at {cache.directory}, expected room for all frames; "
            "free some space or name another folder in RARFT_CACHE, and run again"
        )
    return None
