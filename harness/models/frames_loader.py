"""Decode the videos of a batch at once, and each video once however many queries it has."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from rarft.harness.errors import VideoError
from rarft.harness.models.base import Request
from rarft.harness.types import Span
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.decoding_pool import DecodingPool
from rarft.harness.video.frames import Frames
from rarft.harness.video.input import blacken
from rarft.harness.video.policy import FramesPolicy

_MAX_THREADS: Final = 4
_Key = tuple[str, Span | None]


class FramesLoader:
    """A few threads or processes, and the frames of the videos asked for last.

    The frames kept here serve a disk cache that is absent or full.
    """

    def __init__(
        self,
        policy: FramesPolicy,
        *,
        cache: FramesCache | None,
        n_kept: int,
        n_processes: int = 0,
    ) -> None:
        self._decoding = DecodingPool(policy, cache=cache, n_processes=n_processes)
        self._n_kept = n_kept
        n_threads = n_processes or min(_MAX_THREADS, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(max_workers=n_threads)
        self._futures: OrderedDict[_Key, Future[Frames]] = OrderedDict()

    def start(self) -> None:
        """Start the processes, where there are any, without waiting for them."""
        self._decoding.start()

    def load(self, requests: Sequence[Request]) -> list[Frames | VideoError]:
        """Return each request's frames, or why there are none.

        Where black frames are asked for, the video is decoded all the same: its length and size
        decide how many there are, and how large.
        """
        futures = [self._start(request) for request in requests]
        return [_outcome(*pair) for pair in zip(futures, requests, strict=True)]

    def close(self) -> None:
        """Stop what decodes, and forget the frames."""
        self._decoding.close()
        self._threads.shutdown(cancel_futures=True)
        self._futures.clear()

    def _start(self, request: Request) -> Future[Frames]:
        if request.video is None:
            refused: Future[Frames] = Future()
            refused.set_exception(VideoError("got a request without a video, expected one"))
            return refused
        key = (request.video.sha256, request.clip)
        if key not in self._futures:
            self._futures[key] = self._threads.submit(
                self._decoding.load,
                request.video.path,
                clip=request.clip,
                sha256=request.video.sha256,
            )
        self._futures.move_to_end(key)
        future = self._futures[key]
        if len(self._futures) > self._n_kept:
            self._futures.popitem(last=False)
        return future


def _outcome(future: Future[Frames], request: Request) -> Frames | VideoError:
    try:
        frames = future.result()
    except VideoError as error:
        return error
    return blacken(frames) if request.video_input == "black" else frames
