"""Decoding in processes: the same frames, whatever dies, and nothing left behind."""

import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rarft.harness.errors import UserError, VideoError
from rarft.harness.types import Span
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.decoding_pool import DecodingPool
from rarft.harness.video.decoding_process import DecodingProcess
from rarft.harness.video.frames import Frames, load_frames
from rarft.harness.video.policy import FramesPolicy

POLICY = FramesPolicy()
HARNESS = """
import sys, threading, time
from pathlib import Path
from rarft.harness.video import FramesPolicy
from rarft.harness.video.decoding_pool import DecodingPool

pool = DecodingPool(FramesPolicy(), cache=None, n_processes=2)
pool.start()

def decode():
    while True:
        pool.load(Path(sys.argv[1]))
        at_work.set()

at_work = threading.Event()
threading.Thread(target=decode, daemon=True).start()
at_work.wait()
print(*pool.pids, flush=True)
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    """Whether a process is there and is not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(is_so: Callable[[], bool], *, seconds: float) -> bool:
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def assert_same(one: Frames, other: Frames) -> None:
    assert np.array_equal(one.pixels, other.pixels)
    for name in Frames.__slots__:
        if name != "pixels":
            assert getattr(one, name) == getattr(other, name), name


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodingPool]:
    """A pool of one process, without a cache; starting one takes two seconds."""
    with closing(DecodingPool(POLICY, cache=None, n_processes=1)) as pool:
        yield pool


@contextmanager
def killing(pool: DecodingPool, *, n_times: int) -> Iterator[list[int]]:
    """Kill the pool's process so many times, a new one as soon as it is there."""
    killed: list[int] = []
    stop = threading.Event()

    def kill() -> None:
        while not stop.is_set() and len(killed) < n_times:
            for pid in set(pool.pids) - set(killed):
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


def test_frames_from_a_process_are_those_of_the_reader(pool: DecodingPool, make_clip: Any) -> None:
    for name, n_frames, clip in (("a.mp4", 50, None), ("b.mp4", 700, Span(2.0, 9.5))):
        path = make_clip(name, n_frames=n_frames, fps=30, height=240, width=320)
        frames = pool.load(path, clip=clip)
        assert_same(frames, load_frames(path, POLICY, clip=clip))
        assert frames.pixels.flags.writeable


def test_a_file_that_cannot_be_used_is_refused_as_without_processes(
    pool: DecodingPool, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    for path in (broken, tmp_path / "gone.mp4"):
        with pytest.raises(VideoError) as expected:
            load_frames(path, POLICY)
        with pytest.raises(VideoError) as said:
            pool.load(path)
        assert str(said.value) == str(expected.value)


def test_the_cache_is_filled_by_processes_and_read_without_them(
    make_clip: Any, tmp_path: Path
) -> None:
    path, cache = make_clip("a.mp4", n_frames=50), FramesCache(tmp_path / "frames")
    with closing(DecodingPool(POLICY, cache=cache, n_processes=1)) as pool:
        decoded = pool.load(path)
    with closing(DecodingPool(POLICY, cache=cache, n_processes=1)) as pool:
        assert_same(pool.load(path), decoded)
        assert pool.pids == []


def test_frames_come_though_the_cache_is_full(make_clip: Any, tmp_path: Path) -> None:
    cache = FramesCache(tmp_path / "frames", max_bytes=1)
    with closing(DecodingPool(POLICY, cache=cache, n_processes=1)) as pool:
        assert pool.load(make_clip("a.mp4", n_frames=50)).n_frames == 4
    assert not list(tmp_path.glob("frames/*.npy"))


def test_no_more_videos_are_decoded_at_once_than_there_are_processes(make_clip: Any) -> None:
    paths = [make_clip(f"{number}.mp4", n_frames=30 + number) for number in range(6)]
    with (
        closing(DecodingPool(POLICY, cache=None, n_processes=2)) as pool,
        ThreadPoolExecutor(6) as threads,
    ):
        loaded = list(threads.map(pool.load, paths))
        assert len(pool.pids) == 2
    assert [one.n_total_frames for one in loaded] == [30, 31, 32, 33, 34, 35]


def test_one_death_at_a_file_is_forgiven(pool: DecodingPool, make_clip: Any) -> None:
    path = make_clip("a.mp4", n_frames=30)
    pool.load(path)
    (killed,) = pool.pids
    os.kill(killed, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(pool.load, path)
        assert not wait_until(future.done, seconds=0.2)
        os.kill(killed, signal.SIGKILL)
        assert future.result().n_frames == 4
    assert pool.pids != [killed]


def test_a_file_at_which_processes_die_is_refused_and_the_next_one_is_decoded(
    pool: DecodingPool, make_clip: Any
) -> None:
    path = make_clip("a.mp4", n_frames=30)
    pool.load(path)
    os.kill(pool.pids[0], signal.SIGSTOP)
    with killing(pool, n_times=2) as killed, pytest.raises(VideoError) as said:
        pool.load(path)
    assert len(killed) == 2
    assert str(said.value).startswith("a.mp4: got a file at which the process that decodes it dies")
    assert pool.load(path).n_frames == 4


def test_an_error_nobody_foresaw_fails_its_video_and_not_the_process(make_clip: Any) -> None:
    process = DecodingProcess(FramesPolicy(side_factor=0), None, n_threads=1)
    with closing(process):
        pids = []
        for name in ("a.mp4", "b.mp4"):
            with pytest.raises(VideoError, match=rf"^{name}: got an error.*ZeroDivisionError"):
                process.decode(make_clip(name), clip=None, sha256=None)
            pids.append(process.pid)
    process.discard()
    assert pids[0] == pids[1] is not None


def test_a_question_that_is_cut_short_is_not_mixed_with_the_next(
    pool: DecodingPool, make_clip: Any
) -> None:
    path = make_clip("a.mp4", n_frames=30)
    pool.load(path)
    asked = pool.pids
    with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
        pool.load(path, clip=lambda: None)  # type: ignore[arg-type]
    assert not any(is_running(pid) for pid in asked)
    assert pool.load(path).n_frames == 4


def test_more_than_1024_files_may_be_open(make_clip: Any) -> None:
    path = make_clip("a.mp4", n_frames=30)
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 1200:
        pytest.skip("needs the right to open 1200 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(least, 1200), most))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with closing(DecodingPool(POLICY, cache=None, n_processes=1)) as pool:
            assert pool.load(path).n_frames == 4
    finally:
        for number in held:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))


def test_a_process_that_cannot_even_start_ends_the_run(
    make_clip: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make_clip("a.mp4")
    monkeypatch.setattr(sys, "path", [])
    process = DecodingProcess(POLICY, None, n_threads=1)
    with pytest.raises(UserError, match=r"while it starts.*decode_workers=0"):
        process.decode(path, clip=None, sha256=None)
    process.discard()
    assert "Error" in capfd.readouterr().err


def test_close_ends_the_processes_and_whoever_waits_for_them(make_clip: Any) -> None:
    path = make_clip("a.mp4")
    pool = DecodingPool(POLICY, cache=None, n_processes=1)
    pool.start()
    pids = pool.pids
    os.kill(pids[0], signal.SIGSTOP)
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(pool.load, path) for _ in range(3)]
        assert not wait_until(lambda: any(one.done() for one in waiting), seconds=0.2)
        pool.close()
        for future in waiting:
            with pytest.raises(VideoError, match="decoding was stopped"):
                future.result(timeout=30)
    assert not any(is_running(pid) for pid in pids)


def test_a_killed_harness_leaves_no_process_idle_or_at_work(make_clip: Any) -> None:
    command = [sys.executable, "-c", HARNESS, str(make_clip("a.mp4", n_frames=300))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        pids = [int(one) for one in harness.stdout.readline().split()]
        assert [is_running(pid) for pid in pids] == [True, True]
        harness.kill()
    assert wait_until(lambda: not any(is_running(pid) for pid in pids), seconds=20)
