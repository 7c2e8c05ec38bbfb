"""The size at which a model sees frames, and the resizing itself."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rarft.harness.errors import VideoError
from rarft.harness.video.policy import FramesPolicy

MAX_ASPECT_RATIO = 200


def frame_size(height: int, width: int, n_frames: int, policy: FramesPolicy) -> tuple[int, int]:
    """Return (height, width) in pixels, multiples of `side_factor`, the aspect nearly kept.

    A frame may use an even share of the video's pixel budget, never more than `max_pixels`, and
    never less than 1.05 times `min_pixels`, so that very long videos stay legible.

    Raises:
        VideoError: one side is more than 200 times the other.

    Example:
        >>> frame_size(1080, 1920, 20, FramesPolicy())
        (392, 700)
        >>> frame_size(1080, 1920, 768, FramesPolicy())
        (84, 140)
    """
    if max(height, width) > MAX_ASPECT_RATIO * min(height, width):
        raise VideoError(
            f"got frames of {width}x{height} pixels, expected sides within a ratio of "
            f"{MAX_ASPECT_RATIO}; leave the video out"
        )
    share = policy.frame_factor * policy.total_pixels / n_frames
    cap = max(min(policy.max_pixels, share), int(1.05 * policy.min_pixels))
    factor = policy.side_factor
    sides = [max(factor, round(side / factor) * factor) for side in (height, width)]
    if sides[0] * sides[1] > cap:
        shrink = math.sqrt(height * width / cap)
        sides = [
            max(factor, math.floor(side / shrink / factor) * factor) for side in (height, width)
        ]
    elif sides[0] * sides[1] < policy.min_pixels:
        grow = math.sqrt(policy.min_pixels / (height * width))
        sides = [math.ceil(side * grow / factor) * factor for side in (height, width)]
    return sides[0], sides[1]


def resize_frame(frame: NDArray[np.uint8], *, height: int, width: int) -> NDArray[np.uint8]:
    """Resize one frame with the antialiased bicubic filter that the paper's code uses.

    Args:
        frame: Shape: (any height, any width, 3).
        height: Pixels of the result.
        width: Pixels of the result.

    Returns:
        Shape: (height, width, 3).
    """
    if frame.shape[:2] == (height, width):
        return frame
    import torch

    # Colours stay side by side in memory: on such frames torch is several times faster.
    image = torch.from_numpy(np.require(frame, requirements=("C", "W"))).permute(2, 0, 1)[None]
    resized = torch.nn.functional.interpolate(
        image, size=(height, width), mode="bicubic", antialias=True
    )
    pixels: NDArray[np.uint8] = resized[0].permute(1, 2, 0).numpy()
    return pixels
