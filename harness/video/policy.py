"""Which frames a model sees, and at what size: part of every request's identity."""

from dataclasses import asdict, dataclass
from typing import Any

PATCH_PIXELS = 28 * 28


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesPolicy:
    """How a video becomes frames.

    The defaults are the paper's code: 2 frames per second, an even count of 4 to 768 frames,
    about 2.8 million pixels in total, sides that are multiples of 28.
    """

    fps: float = 2.0
    min_frames: int = 4
    max_frames: int = 768
    frame_factor: int = 2
    total_pixels: int = 3584 * PATCH_PIXELS
    min_pixels: int = 16 * PATCH_PIXELS
    max_pixels: int = 768 * PATCH_PIXELS
    side_factor: int = 28

    def to_json(self) -> dict[str, Any]:
        """Return the policy as a JSON object."""
        return asdict(self)
