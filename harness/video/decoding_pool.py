"""Frames from a few decoding processes, or from the calling thread where there are none."""

from __future__ import annotations

import os
import queue
from pathlib import Path
from typing import Final

from rarft.harness.types import Span
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.content import content_hash
from rarft.harness.video.decoding_process import DecodingProcess
from rarft.harness.video.frames import Frames, frames_key, kept_frames, load_frames
from rarft.harness.video.policy import FramesPolicy

_MAX_PROCESSES: Final = 4


def default_processes() -> int:
    """Return how many processes decode where nobody says: as many as cores, four at most."""
    return min(_MAX_PROCESSES, os.cpu_count() or 1)


class DecodingPool:
    """Loads frames for any number of threads, as many videos at once as there are processes.

    Where there are no processes, each thread decodes by itself. Frames come by pipe, so that they
    also come where the cache is absent or full.
    """

    def __init__(
        self, policy: FramesPolicy, *, cache: FramesCache | None, n_processes: int
    ) -> None:
        self._policy = policy
        self._cache = cache
        n_threads = max((os.cpu_count() or 1) // max(n_processes, 1), 1)
        self._processes = [
            DecodingProcess(policy, cache, n_threads=n_threads) for _ in range(n_processes)
        ]
        # The one used last is next, so that no more are started than are needed.
        self._free: queue.LifoQueue[DecodingProcess] = queue.LifoQueue()
        for process in self._processes:
            self._free.put(process)

    @property
    def pids(self) -> list[int]:
        """Return the processes that were started."""
        return [process.pid for process in self._processes if process.pid is not None]

    def start(self) -> None:
        """Start all processes, without waiting for them: their imports take a second or two.

        Raises:
            UserError: one cannot be started.
        """
        for process in self._processes:
            process.start()

    def load(self, path: Path, *, clip: Span | None = None, sha256: str | None = None) -> Frames:
        """Return the frames of a video, from the cache where they are there.

        Raises:
            VideoError: the file cannot be used, or kills what decodes it; the message names it.
            UserError: no process can be started.
        """
        if not self._processes:
            return load_frames(path, self._policy, clip=clip, cache=self._cache, sha256=sha256)
        if self._cache is not None:
            sha256 = sha256 or content_hash(path)
            kept = kept_frames(frames_key(sha256, self._policy, clip=clip), self._cache)
            if kept is not None:
                return kept
        process = self._free.get()
        try:
            return process.decode(path, clip=clip, sha256=sha256)
        finally:
            self._free.put(process)

    def close(self) -> None:
        """End the processes; threads that wait for frames get a VideoError."""
        for process in self._processes:
            process.close()
        # Each comes back from whoever used it; who still waits for one finds it closed.
        unused = [self._free.get() for _ in self._processes]
        for process in unused:
            process.discard()
            self._free.put(process)
