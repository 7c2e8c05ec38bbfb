import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.errors import VideoError
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.resize import frame_size, resize_frame

PAPER = FramesPolicy()


@pytest.mark.parametrize(
    ("height", "width", "n_frames", "expected"),
    [
        (480, 640, 4, (476, 644)),
        # 2 * 3584 * 784 / 60 = 93,661 pixels: 640x480 shrinks by 1.811 to 353x265.
        (480, 640, 60, (252, 336)),
        # The share of 768 frames is 7,317 pixels, below 1.05 * 16 * 784 = 13,171.
        (480, 640, 768, (84, 112)),
        # Below 16 * 784 = 12,544 pixels: 64x48 grows by 2.02 to 129.3x97, then up to whole 28s.
        (48, 64, 4, (112, 140)),
        (1080, 1920, 4, (560, 1008)),
    ],
)
def test_size_follows_the_share_of_the_pixel_budget(height, width, n_frames, expected):
    assert frame_size(height, width, n_frames, PAPER) == expected


def test_the_tiny_policy_makes_squares_of_56():
    policy = FramesPolicy(min_pixels=3136, max_pixels=3136, total_pixels=32 * 3136, max_frames=32)
    assert frame_size(64, 64, 24, policy) == (56, 56)
    assert frame_size(56, 56, 4, policy) == (56, 56)


def test_an_aspect_ratio_above_200_is_refused():
    assert frame_size(10, 2000, 4, PAPER)[0] == 28
    with pytest.raises(VideoError, match="2001x10"):
        frame_size(10, 2001, 4, PAPER)


@given(st.integers(100, 4000), st.integers(100, 4000), st.integers(2, 384))
def test_sides_are_multiples_of_28_within_the_cap(height, width, half):
    rows, columns = frame_size(height, width, 2 * half, PAPER)
    assert rows % 28 == 0
    assert columns % 28 == 0
    share = 2 * PAPER.total_pixels / (2 * half)
    cap = max(min(PAPER.max_pixels, share), int(1.05 * PAPER.min_pixels))
    # The floor of 1.05 * min_pixels keeps a thin frame legible at the price of the cap.
    assert rows * columns <= max(cap, PAPER.min_pixels + 28 * (rows + columns))


def test_a_frame_of_the_right_size_is_not_touched():
    frame = np.zeros((56, 84, 3), dtype=np.uint8)
    assert resize_frame(frame, height=56, width=84) is frame


def test_shrinking_is_antialiased():
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    small = resize_frame(stripes, height=8, width=8)
    assert small.shape == (8, 8, 3)
    assert np.abs(small[:, 1:-1].astype(int) - 128).max() < 12
