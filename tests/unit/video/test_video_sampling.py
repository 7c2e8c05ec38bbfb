import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.errors import VideoError
from rarft.harness.types import Span
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.sampling import effective_fps, frame_count, sample_indices

PAPER = FramesPolicy()


@pytest.mark.parametrize(
    ("n_total", "fps", "expected"),
    [
        (900, 30.0, 60),
        (91, 30.0, 6),
        (119, 30.0, 6),
        (45, 30.0, 4),
        (20_000, 25.0, 768),
        (5, 30.0, 4),
        (3, 30.0, 2),
        (2, 30.0, 2),
        (1, 30.0, 2),
    ],
)
def test_the_count_is_even_and_between_four_and_768_but_never_above_the_video(
    n_total, fps, expected
):
    assert frame_count(n_total, fps, PAPER) == expected


def test_min_frames_is_rounded_up_and_max_frames_down_to_a_whole_factor():
    policy = FramesPolicy(min_frames=5, max_frames=9)
    assert frame_count(10, 30.0, policy) == 6
    assert frame_count(10_000, 30.0, policy) == 8


def test_indices_run_from_the_first_to_the_last_frame():
    assert sample_indices(11, 5.0, PAPER) == [0, 3, 7, 10]
    assert sample_indices(100, 25.0, PAPER) == [0, 14, 28, 42, 57, 71, 85, 99]


def test_a_single_frame_is_repeated():
    assert sample_indices(1, 30.0, PAPER) == [0, 0]
    assert effective_fps(2, 1, 30.0) == 60.0


def test_a_clip_is_sampled_as_if_it_were_the_video():
    assert sample_indices(300, 10.0, PAPER, clip=Span(10.0, 13.0)) == [100, 106, 112, 118, 124, 130]


def test_a_clip_beyond_the_end_stops_at_the_last_frame():
    assert sample_indices(30, 10.0, PAPER, clip=Span(2.0, 60.0))[-1] == 29


@pytest.mark.parametrize("clip", [Span(31.0, 40.0), Span(1.01, 1.02)])
def test_a_clip_without_a_frame_is_refused(clip):
    with pytest.raises(VideoError, match="expected a clip that holds a frame"):
        sample_indices(300, 10.0, PAPER, clip=clip)


@given(st.integers(1, 30_000), st.sampled_from([10.0, 23.976, 24.0, 25.0, 29.97, 30.0, 60.0]))
def test_indices_ascend_within_the_video_and_are_even_in_number(n_total, fps):
    indices = sample_indices(n_total, fps, PAPER)
    assert indices == sorted(indices)
    assert indices[0] == 0
    assert indices[-1] == n_total - 1
    assert len(indices) % 2 == 0
    assert 2 <= len(indices) <= 768


@given(st.integers(2, 30_000), st.sampled_from([10.0, 23.976, 24.0, 25.0, 29.97, 30.0, 60.0]))
def test_indices_are_those_of_torch_linspace(n_total, fps):
    import torch

    count = frame_count(n_total, fps, PAPER)
    spread = torch.linspace(0, n_total - 1, count).round().long().tolist()
    assert sample_indices(n_total, fps, PAPER) == spread
