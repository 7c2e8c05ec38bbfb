"""Copies of videos that browsers do not play."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from rarft.dataset_builder.annotate.playable import playable_copy
from rarft.harness.errors import VideoError

MakeClip = Callable[..., Path]


def times_and_numbers(
    path: Path, frame_number: Callable[[np.ndarray], int]
) -> list[tuple[float, int]]:
    with av.open(str(path)) as container:
        return [
            (round(frame.time or 0.0, 3), frame_number(frame.to_ndarray(format="rgb24")))
            for frame in container.decode(video=0)
        ]


def test_a_copy_shows_each_frame_at_its_time(
    make_clip: MakeClip, frame_number: Callable[[np.ndarray], int], isolated_cache: Path
) -> None:
    video = make_clip("old.avi", n_frames=30, fps=Fraction(10), codec="mpeg4")
    copy = playable_copy(video)
    assert copy.is_relative_to(isolated_cache)
    with av.open(str(copy)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
    shown = times_and_numbers(copy, frame_number)
    assert shown == [(pytest.approx(number / 10, abs=0.002), number) for number in range(30)]


def test_a_copy_of_uneven_times_keeps_them_from_the_first_frame_on(
    make_clip: MakeClip, frame_number: Callable[[np.ndarray], int], isolated_cache: Path
) -> None:
    ticks = [20, 21, 25, 26, 40]
    video = make_clip("uneven.mkv", n_frames=5, fps=10, ticks=ticks)
    shown = times_and_numbers(playable_copy(video), frame_number)
    assert [time_s for time_s, _ in shown] == pytest.approx([0.0, 0.1, 0.5, 0.6, 2.0], abs=0.002)


def test_a_copy_is_made_once_and_again_when_the_video_changes(
    make_clip: MakeClip, isolated_cache: Path
) -> None:
    video = make_clip("old.avi", n_frames=5, codec="mpeg4")
    first = playable_copy(video)
    made_ns = first.stat().st_mtime_ns
    assert playable_copy(video) == first
    assert first.stat().st_mtime_ns == made_ns
    make_clip("old.avi", n_frames=9, codec="mpeg4")
    assert playable_copy(video) != first


def test_odd_and_wide_sizes_are_made_even_and_small(
    make_clip: MakeClip, isolated_cache: Path
) -> None:
    video = make_clip("wide.mkv", n_frames=3, width=1290, height=722, codec="ffv1")
    with av.open(str(playable_copy(video))) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (640, 358)


def test_what_cannot_be_decoded_leaves_no_copy(tmp_path: Path, isolated_cache: Path) -> None:
    video = tmp_path / "broken.avi"
    video.write_bytes(b"RIFF" + b"\0" * 500)
    with pytest.raises(VideoError, match=r"broken.avi: cannot be decoded"):
        playable_copy(video)
    assert list((isolated_cache / "annotate").iterdir()) == []
