"""What a video costs, from its header alone."""

from pathlib import Path

import av
import numpy as np
import pytest

from rarft.harness.models import Request, VideoFile, find_card
from rarft.harness.stages.decoded_size import VideoSize, cost_by_size, read_header, shown_pixels
from rarft.harness.types import Query, Span
from rarft.harness.video.content import content_hash
from rarft.harness.video.policy import FramesPolicy


def write_clip(path: Path, *, n_frames: int, width: int = 64, height: int = 48) -> VideoFile:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for _ in range(n_frames):
            frame = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return VideoFile(path=path, sha256=content_hash(path))


def request(video: VideoFile | None, *, clip: Span | None = None) -> Request:
    query = Query(id="1", task="t", video="v", text="q", relevant=True, record="0", clip=clip)
    return Request(key="k", query=query, prompt="q", video=video)


def test_a_header_says_how_long_and_how_large(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "a.mp4", n_frames=40)
    assert read_header(video.path) == VideoSize(4.0, 10.0, 48, 64)


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_a_file_that_says_nothing_costs_the_least(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.mp4").write_bytes(content)
    assert not read_header(tmp_path / "bad.mp4").is_known
    assert shown_pixels(VideoSize(), FramesPolicy(), clip=None) == 1.0


@pytest.mark.usefixtures("isolated_cache")
def test_a_longer_video_costs_more_a_clip_of_it_less_and_no_video_one(tmp_path: Path) -> None:
    card, _ = find_card("tiny")
    short = write_clip(tmp_path / "short.mp4", n_frames=40)
    long = write_clip(tmp_path / "long.mp4", n_frames=100)
    cost_of = cost_by_size(card, [short, long])
    assert cost_of(request(long)) > cost_of(request(short)) > 1
    assert cost_of(request(long, clip=Span(0.0, 4.0))) == cost_of(request(short))
    assert cost_of(request(None)) == 1.0
    long.path.unlink()
    again = cost_by_size(card, [short, long])
    assert again(request(long)) == cost_of(request(long))
