from contextlib import closing

import numpy as np
import pytest

from rarft.harness.errors import VideoError
from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.frames_loader import FramesLoader
from rarft.harness.types import Query, Span
from rarft.harness.video.content import content_hash
from rarft.harness.video.policy import FramesPolicy


@pytest.fixture
def loader():
    loader = FramesLoader(FramesPolicy(), cache=None, n_kept=4)
    yield loader
    loader.close()


def request(path, *, video_input="shown", clip=None) -> Request:
    query = Query(id="1", task="t", video=path.name, text="a", relevant=True, record="1", clip=clip)
    sha256 = content_hash(path) if path.exists() else "0"
    video = VideoFile(path=path, sha256=sha256)
    return Request(key="a", query=query, prompt="a", video=video, video_input=video_input)


def test_black_frames_stand_where_the_frames_of_the_video_would(loader, make_clip):
    path = make_clip("a.mp4", n_frames=50, fps=10)
    shown, black, again = loader.load(
        [request(path), request(path, video_input="black"), request(path)]
    )
    assert not black.pixels.any()
    assert black.pixels.shape == shown.pixels.shape
    assert black.times_s == shown.times_s
    assert np.array_equal(again.pixels, shown.pixels)
    assert shown.pixels.any()


def test_another_video_is_shown_whole_and_the_querys_clip_is_not_its_own(loader, make_clip):
    path = make_clip("a.mp4", n_frames=100, fps=10)
    clip = Span(2.0, 4.0)
    shown, other = loader.load(
        [request(path, clip=clip), request(path, clip=clip, video_input="other")]
    )
    assert (shown.times_s[0], shown.times_s[-1]) == pytest.approx((2.0, 4.0))
    assert (other.times_s[0], other.times_s[-1]) == pytest.approx((0.0, 9.9))


def test_a_video_that_is_gone_cannot_be_black(loader, tmp_path):
    (gone,) = loader.load([request(tmp_path / "gone.mp4", video_input="black")])
    assert isinstance(gone, VideoError)


def test_processes_give_the_frames_that_threads_give(loader, make_clip, tmp_path):
    paths = [make_clip(f"{number}.mp4", n_frames=50, fps=10) for number in range(2)]
    asked = [*map(request, paths), request(tmp_path / "gone.mp4")]
    with closing(FramesLoader(FramesPolicy(), cache=None, n_kept=4, n_processes=1)) as processes:
        processes.start()
        *decoded, refused = processes.load(asked)
    *expected, _ = loader.load(asked)
    for one, other in zip(decoded, expected, strict=True):
        assert np.array_equal(one.pixels, other.pixels)
        assert one.times_s == other.times_s
    assert "no such file" in str(refused)
