import os

import numpy as np
import pytest

from rarft.harness.errors import VideoError
from rarft.harness.types import Span
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.content import content_hash
from rarft.harness.video.frames import frames_key, load_frames
from rarft.harness.video.policy import FramesPolicy

PAPER = FramesPolicy()


def test_frames_are_the_sampled_ones_with_their_times_and_rate(make_clip, frame_number):
    frames = load_frames(make_clip("clip.mp4", n_frames=95, fps=30), PAPER)
    # 95 / 30 * 2 = 6.33 frames, so 6, at 94 / 5 = 18.8 frames from one to the next.
    assert frames.indices == (0, 19, 38, 56, 75, 94)
    assert [frame_number(frame) for frame in frames.pixels] == list(frames.indices)
    assert frames.times_s == pytest.approx([index / 30 for index in frames.indices], abs=1e-3)
    assert frames.effective_fps == pytest.approx(6 / 95 * 30)
    assert frames.duration_s == pytest.approx(95 / 30)
    assert (frames.n_total_frames, frames.video_fps, frames.n_frames) == (95, 30.0, 6)
    assert frames.pixels.shape == (6, 112, 140, 3)
    assert frames.pixels.dtype == np.uint8


def test_a_clip_shows_its_own_frames_at_times_of_the_file(make_clip, frame_number):
    path = make_clip("long.mp4", n_frames=200, fps=10)
    frames = load_frames(path, PAPER, clip=Span(5.0, 8.0))
    assert frames.indices == (50, 56, 62, 68, 74, 80)
    assert [frame_number(frame) for frame in frames.pixels] == list(frames.indices)
    assert frames.times_s[0] == pytest.approx(5.0)
    assert frames.n_total_frames == 31
    assert frames.effective_fps == pytest.approx(6 / 31 * 10)


def test_a_one_frame_video_shows_it_twice_and_lasts_no_longer(make_clip):
    frames = load_frames(make_clip("still.mp4", n_frames=1, fps=30), PAPER)
    assert frames.n_frames == 2
    assert frames.n_frames / frames.effective_fps == pytest.approx(1 / 30)


def test_a_clip_outside_the_video_is_refused_with_the_file_named(make_clip):
    path = make_clip("short.mp4", n_frames=10, fps=10)
    with pytest.raises(VideoError, match=r"^short\.mp4: got the clip 5 to 8 s of a video of 1 s"):
        load_frames(path, PAPER, clip=Span(5.0, 8.0))


def test_a_video_is_decoded_once_for_any_number_of_loads(make_clip, tmp_path):
    path = make_clip("once.mp4", n_frames=60, fps=10)
    cache = FramesCache(tmp_path / "frames", max_bytes=10**8)
    sha256 = content_hash(path)
    decoded = load_frames(path, PAPER, cache=cache)
    path.unlink()
    for _ in range(3):
        kept = load_frames(path, PAPER, cache=FramesCache(cache.directory), sha256=sha256)
        np.testing.assert_array_equal(kept.pixels, decoded.pixels)
        for name in decoded.__slots__:
            if name != "pixels":
                assert getattr(kept, name) == getattr(decoded, name)
    assert len(list(cache.directory.glob("*.npy"))) == 1


def test_a_copy_of_a_video_under_another_name_is_not_decoded_again(make_clip, tmp_path):
    path = make_clip("a.mp4", n_frames=20)
    cache = FramesCache(tmp_path / "frames")
    load_frames(path, PAPER, cache=cache)
    load_frames(path.rename(tmp_path / "b.mp4"), PAPER, cache=cache)
    assert len(list(cache.directory.glob("*.npy"))) == 1


def test_a_path_that_is_no_text_is_read(make_clip, tmp_path):
    folder = tmp_path / os.fsdecode(b"clips\xff")
    folder.mkdir()
    path = make_clip("plain.mp4", n_frames=20).rename(folder / "plain.mp4")
    assert load_frames(path, PAPER, cache=FramesCache(tmp_path / "frames")).n_frames == 4


@pytest.mark.parametrize("name", ["rarft.harness.video.frames.version", "platform.machine"])
def test_what_resizes_and_converts_makes_another_entry(name, monkeypatch):
    before = frames_key("a", PAPER, clip=None)
    monkeypatch.setattr(name, lambda *_: "other")
    assert frames_key("a", PAPER, clip=None) != before


def test_content_policy_and_clip_each_make_another_entry():
    keys = {
        frames_key("a", PAPER, clip=None),
        frames_key("b", PAPER, clip=None),
        frames_key("a", FramesPolicy(fps=1.0), clip=None),
        frames_key("a", PAPER, clip=Span(0.0, 1.0)),
    }
    assert len(keys) == 4
    assert frames_key("a", PAPER, clip=None) in keys
