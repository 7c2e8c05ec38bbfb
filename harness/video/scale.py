"""One decoded frame to pixels of the size asked for, upright."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from rarft.harness.video.resize import resize_frame

# Full-size conversion with these settings is, bit for bit, what decord gives out. Scaling in the
# same step would round colours otherwise: by 1 to 2 of 255 on average, and no faster.
_FLAGS: Final = Interpolation.BICUBIC


class Scaler:
    """Scales the frames of one stream, turned as its display matrix says."""

    def __init__(self, *, quarter_turns: int) -> None:
        self._quarter_turns = quarter_turns
        self._reformatter = VideoReformatter()

    def scale(self, frame: Any, *, height: int, width: int) -> NDArray[np.uint8]:
        """Return a frame of any size and pixel format. Shape: (height, width, 3)."""
        rgb = self._reformatter.reformat(frame, format="rgb24", interpolation=_FLAGS)
        rows, columns = (width, height) if self._quarter_turns % 2 else (height, width)
        pixels = np.asarray(rgb.to_ndarray(), dtype=np.uint8)
        pixels = resize_frame(pixels, height=rows, width=columns)
        return np.rot90(pixels, self._quarter_turns) if self._quarter_turns else pixels
