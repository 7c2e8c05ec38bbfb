"""One process that decodes: when it dies, it is known at which file, and another takes over."""

from __future__ import annotations

import os
import pickle
import select
import subprocess
import sys
import threading
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, cast

from rarft.harness.errors import UserError, VideoError
from rarft.harness.types import Span
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.decoding_child import READY
from rarft.harness.video.frames import Frames
from rarft.harness.video.frames_pipe import receive_frames
from rarft.harness.video.policy import FramesPolicy

# One death may be the machine's doing; two are the file's.
MAX_DEATHS: Final = 2
_LOOK_AGAIN_S: Final = 0.5
_END_LIMIT_S: Final = 5.0
_PROGRAM: Final = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from rarft.harness.video.decoding_child import serve; serve(int(sys.argv[1]))"
)


class _DiedError(Exception):
    """The process ended before it had answered."""


class DecodingProcess:
    """Asked by one thread at a time; started when it is first asked, or before.

    It is a program of its own, not a fork or a spawn: it imports nothing of the caller's, and
    inherits none of its threads and files.
    """

    def __init__(self, policy: FramesPolicy, cache: FramesCache | None, *, n_threads: int) -> None:
        self._setup = (policy, cache)
        self._n_threads = n_threads
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """Return the process, None where there is none."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process, without waiting until it can be asked.

        Raises:
            UserError: it cannot be started.
        """
        with self._lock:
            if self._process is not None or self._is_closed:
                return
            self._process = self._started()
            self._is_ready = False

    def decode(self, path: Path, *, clip: Span | None, sha256: str | None) -> Frames:
        """Return the frames of a video.

        Raises:
            VideoError: it cannot be used, or the process dies at it again and again.
            UserError: the process cannot be started.
        """
        for _ in range(MAX_DEATHS):
            self.start()
            try:
                return self._answer((path, clip, sha256))
            except VideoError:
                raise
            except (_DiedError, EOFError, BrokenPipeError, pickle.UnpicklingError):
                self._bury()
            except BaseException:
                # What is left in the pipes would be taken for the next question or answer.
                self._drop()
                raise
        raise VideoError(death_message(path))

    def close(self) -> None:
        """End the process; whoever waits for it gets a VideoError."""
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()
                self._process.wait()

    def discard(self) -> None:
        """Close, and let go of the pipes, which no thread may be using any more."""
        self.close()
        self._let_go()

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", _PROGRAM, str(os.getpid()), *sys.path]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={"OMP_NUM_THREADS": str(self._n_threads), **os.environ},
                # A terminal's Ctrl-C is for the parent, which decides what ends.
                start_new_session=True,
            )
        except OSError as error:
            raise UserError(
                f"got a decoding process that cannot be started ({error.strerror or error}), "
                "expected one; free memory, or give --model_args decode_workers=0"
            ) from error
        with suppress(BrokenPipeError):
            _send(process, self._setup)
        return process

    def _answer(self, wanted: tuple[Path, Span | None, str | None]) -> Frames:
        process = self._process
        if process is None or self._is_closed:
            raise VideoError(f"{wanted[0].name}: got no frames, since decoding was stopped")
        replies = cast(BufferedReader, process.stdout)
        if not self._is_ready:
            self._wait(process, replies)
            self._is_ready = pickle.load(replies) == READY
        _send(process, wanted)
        self._wait(process, replies)
        return receive_frames(replies)

    def _wait(self, process: subprocess.Popen[bytes], replies: BufferedReader) -> None:
        """Wait for an answer, or for the process to end.

        The end of the pipe alone does not tell: a fork of the parent may hold it open.
        """
        # Not select.select, which knows no file numbers above 1023.
        answers = select.poll()
        answers.register(replies, select.POLLIN)
        while not answers.poll(_LOOK_AGAIN_S * 1000):
            if process.poll() is not None:
                raise _DiedError

    def _bury(self) -> None:
        """Put a dead process away.

        Raises:
            UserError: it ended by itself before it could be asked for anything.
        """
        with self._lock:
            process = self._process
            if process is None or self._is_closed:
                return
            try:
                code = process.wait(timeout=_END_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            self._let_go()
        if code > 0 and not self._is_ready:
            raise UserError(
                f"got a decoding process that ends with exit code {code} while it starts, expected "
                "it to decode; see what it says above, or give --model_args decode_workers=0"
            )

    def _drop(self) -> None:
        """End a process that can be asked nothing more; the next question starts another."""
        with self._lock:
            if self._process is None or self._is_closed:
                return
            self._process.kill()
            self._process.wait()
            self._let_go()

    def _let_go(self) -> None:
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            # Closing flushes what the dead process did not read.
            with suppress(BrokenPipeError):
                pipe.close()
        self._process = None


def death_message(path: Path) -> str:
    """Say that a file brings down whatever decodes it."""
    return (
        f"{path.name}: got a file at which the process that decodes it dies, expected a video; "
        "copy it again"
    )


def _send(process: subprocess.Popen[bytes], message: Any) -> None:
    assert process.stdin is not None
    pickle.dump(message, process.stdin)
    process.stdin.flush()
