"""Which frames of a video a model sees: the paper's sampling, on frame indices.

Two videos of one length can still get different rates: the count is made even and capped, so the
effective rate is what the model must be told, never the policy's.
"""

from __future__ import annotations

import math

import numpy as np

from rarft.harness.errors import VideoError
from rarft.harness.types import Span
from rarft.harness.video.policy import FramesPolicy


def frame_count(n_total_frames: int, video_fps: float, policy: FramesPolicy) -> int:
    """Return how many frames are sampled: a multiple of `frame_factor`, at least one factor.

    The paper's code refuses a video of fewer frames than one factor; here its frames are repeated,
    and the effective rate grows with them, so that times stay right.

    Example:
        >>> frame_count(300, 30.0, FramesPolicy())
        20
        >>> frame_count(60, 60.0, FramesPolicy())
        4
        >>> frame_count(1, 30.0, FramesPolicy())
        2
    """
    factor = policy.frame_factor
    lowest = math.ceil(policy.min_frames / factor) * factor
    highest = math.floor(min(policy.max_frames, n_total_frames) / factor) * factor
    wanted = n_total_frames / video_fps * policy.fps
    count = min(max(wanted, lowest), highest)
    return max(math.floor(count / factor) * factor, factor)


def clip_bounds(n_total_frames: int, video_fps: float, clip: Span | None) -> tuple[int, int]:
    """Return the first and the last frame index of a clip, both included.

    Raises:
        VideoError: no frame lies within the clip.

    Example:
        >>> clip_bounds(300, 30.0, None)
        (0, 299)
        >>> clip_bounds(300, 30.0, Span(2.0, 4.0))
        (60, 120)
    """
    if clip is None:
        return 0, n_total_frames - 1
    first = max(math.ceil(clip.start_s * video_fps), 0)
    last = min(math.floor(clip.end_s * video_fps), n_total_frames - 1)
    if first > last:
        raise VideoError(
            f"got the clip {clip.start_s:g} to {clip.end_s:g} s of a video of "
            f"{n_total_frames / video_fps:g} s, expected a clip that holds a frame; mend the record"
        )
    return first, last


def sample_indices(
    n_total_frames: int, video_fps: float, policy: FramesPolicy, clip: Span | None = None
) -> list[int]:
    """Return the sampled frame indices, first and last frame included, evenly spread between.

    The paper's code spreads with torch.linspace in single precision, from both ends towards the
    middle and rounding each product and sum once; about one long video in fifty depends on it.

    Raises:
        VideoError: no frame lies within the clip.

    Example:
        >>> sample_indices(90, 30.0, FramesPolicy())
        [0, 18, 36, 53, 71, 89]
        >>> sample_indices(300, 30.0, FramesPolicy(), clip=Span(2.0, 4.0))
        [60, 80, 100, 120]
    """
    first, last = clip_bounds(n_total_frames, video_fps, clip)
    count = frame_count(last - first + 1, video_fps, policy)
    step = np.float64(np.float32(last - first) / np.float32(count - 1))
    position = np.arange(count)
    from_first = (first + step * position).astype(np.float32)
    from_last = (last - step * (count - 1 - position)).astype(np.float32)
    spread = np.where(position < count // 2, from_first, from_last)
    return [int(index) for index in np.rint(spread)]


def effective_fps(n_frames: int, n_total_frames: int, video_fps: float) -> float:
    """Return the rate at which `n_frames` were taken from `n_total_frames`.

    Example:
        >>> effective_fps(20, 300, 30.0)
        2.0
    """
    return n_frames / n_total_frames * video_fps
