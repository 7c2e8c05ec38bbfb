"""What runs in a decoding process: it reads which video is wanted, and writes its frames."""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import VideoError
from rarft.harness.video.frames import Frames, load_frames
from rarft.harness.video.frames_pipe import send_frames, send_refusal
from rarft.harness.video.policy import FramesPolicy

READY: Final = "ready"
_LOOK_AGAIN_S: Final = 0.5


def serve(parent_pid: int) -> None:
    """Answer on stdout what comes on stdin, until it ends or the parent does.

    The first message is the policy and the cache, each later one a path, a clip and a content hash.
    """
    threading.Thread(target=_end_with, args=(parent_pid,), daemon=True).start()
    # What a library prints must not get between the frames.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        _answer(sys.stdin.buffer, replies)
    except (EOFError, BrokenPipeError):
        # Nothing is left to be said, not even by a flush at the end.
        os._exit(0)


def _answer(wanted: Any, replies: Any) -> None:
    policy, cache = pickle.load(wanted)
    _import_all()
    pickle.dump(READY, replies)
    replies.flush()
    while True:
        path, clip, sha256 = pickle.load(wanted)
        answer = _frames(path, policy, clip=clip, cache=cache, sha256=sha256)
        if isinstance(answer, VideoError):
            send_refusal(replies, answer)
        else:
            send_frames(replies, answer)
        # Not held while the next video is decoded.
        del answer


def _frames(path: Path, policy: FramesPolicy, **how: Any) -> Frames | VideoError:
    """Return the frames, or why there are none.

    Whatever goes wrong is this video's failure: some errors would else look like the end of a pipe.
    """
    try:
        return load_frames(path, policy, **how)
    except VideoError as error:
        return error
    except Exception as error:
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return VideoError(
            f"{path.name}: got an error while it was decoded ({said}), expected frames; check the "
            "file, or give --model_args decode_workers=0 to see where it comes from"
        )


def _import_all() -> None:
    """Import now what the first video would have to wait for."""
    import torch

    import rarft.harness.video.pyav_reader

    del torch, rarft


def _end_with(parent_pid: int) -> None:
    """End when the parent has ended, however that was.

    The end of stdin does not tell: whatever the parent forked may hold the pipe open.
    """
    while os.getppid() == parent_pid:
        time.sleep(_LOOK_AGAIN_S)
    os._exit(1)
