import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.errors import UserError
from rarft.harness.video.frames import load_frames
from rarft.harness.video.input import blacken, other_videos
from rarft.harness.video.policy import FramesPolicy

NAMES = st.lists(st.text(min_size=1, max_size=4), min_size=2, max_size=30, unique=True)


@given(NAMES, st.integers(0, 9))
def test_every_video_gives_way_to_another_and_each_is_shown_once(names, seed):
    other = other_videos(names, seed=seed, task="t")
    assert sorted(other) == sorted(names) == sorted(other.values())
    assert all(name != shown for name, shown in other.items())


@given(NAMES)
def test_the_order_and_the_number_of_queries_do_not_matter(names):
    once = other_videos(names, seed=1, task="t")
    assert other_videos([*names[::-1], *names], seed=1, task="t") == once


def test_the_ring_is_seeded_and_each_task_has_its_own():
    names = [f"{number}.mp4" for number in range(20)]
    ring = other_videos(names, seed=0, task="t")
    assert other_videos(names, seed=0, task="t") == ring
    assert other_videos(names, seed=1, task="t") != ring
    assert other_videos(names, seed=0, task="u") != ring


def test_a_task_of_one_video_has_no_other():
    with pytest.raises(UserError, match="all about one video") as caught:
        other_videos(["a.mp4", "a.mp4"], seed=0, task="t")
    assert "\n" not in str(caught.value)


def test_black_frames_keep_count_size_and_times(make_clip):
    frames = load_frames(make_clip("a.mp4", n_frames=60, fps=20), FramesPolicy())
    black = blacken(frames)
    assert frames.pixels.any()
    assert not black.pixels.any()
    assert (black.pixels.shape, black.pixels.dtype) == (frames.pixels.shape, np.uint8)
    assert (black.times_s, black.indices) == (frames.times_s, frames.indices)
    assert black.effective_fps == frames.effective_fps
