"""Frames through a pipe: the same at the other end, and never held twice."""

import os
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

from rarft.harness.errors import VideoError
from rarft.harness.video.frames import Frames
from rarft.harness.video.frames_pipe import receive_frames, send_frames, send_refusal


def frames_of(pixels: np.ndarray) -> Frames:
    n_frames = len(pixels)
    return Frames(
        pixels=pixels,
        indices=tuple(range(n_frames)),
        times_s=tuple(number / 2 for number in range(n_frames)),
        effective_fps=2.0,
        video_fps=2.0,
        n_total_frames=n_frames,
        duration_s=n_frames / 2,
        decoder="av",
    )


def sent(frames: Frames) -> Frames:
    """Return what arrives while another thread sends."""
    reading, writing = os.pipe()

    def send() -> None:
        with os.fdopen(writing, "wb") as pipe:
            send_frames(pipe, frames)

    thread = threading.Thread(target=send)
    thread.start()
    with os.fdopen(reading, "rb") as pipe:
        arrived = receive_frames(pipe)
    thread.join()
    return arrived


def memory_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name)) / 1e3


@pytest.mark.parametrize("shape", [(1, 28, 28, 3), (7, 56, 84, 3), (5, 700, 700, 3)])
@pytest.mark.parametrize("kind", ["own", "read-only", "a view"])
def test_every_frame_arrives_in_its_place(shape: tuple[int, ...], kind: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    expected = pixels.copy()
    if kind == "read-only":
        pixels.flags.writeable = False
    arrived = sent(frames_of(pixels[:] if kind == "a view" else pixels))
    assert np.array_equal(arrived.pixels, expected)
    assert arrived.indices == tuple(range(shape[0]))
    assert arrived.times_s[-1] == (shape[0] - 1) / 2


def test_frames_take_hardly_more_memory_on_their_way_than_before() -> None:
    frames = frames_of(np.ones((400, 420, 420, 3), dtype=np.uint8))
    Path("/proc/self/clear_refs").write_text("5")
    before_mb = memory_mb("VmRSS:")
    arrived = sent(frames)
    above_mb = memory_mb("VmHWM:") - before_mb
    assert arrived.pixels.nbytes > 200e6
    assert above_mb < 20


@pytest.mark.parametrize("n_bytes", [0, 5, 200, 2000])
def test_a_pipe_that_ends_too_soon_is_no_video(n_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / "sent"
    with path.open("wb") as pipe:
        send_frames(pipe, frames_of(np.ones((4, 28, 28, 3), dtype=np.uint8)))
    path.write_bytes(path.read_bytes()[:n_bytes])
    with path.open("rb") as pipe, pytest.raises((EOFError, pickle.UnpicklingError)):
        receive_frames(pipe)


def test_a_refusal_arrives_as_one(tmp_path: Path) -> None:
    path = tmp_path / "sent"
    with path.open("wb") as pipe:
        send_refusal(pipe, VideoError("a.mp4: got nothing"))
    with path.open("rb") as pipe, pytest.raises(VideoError, match=r"a\.mp4: got nothing"):
        receive_frames(pipe)
