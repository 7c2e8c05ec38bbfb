"""Real video files whose frames carry their own number."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

MakeClip = Callable[..., Path]
N_BITS = 8


def numbered_frame(number: int, *, height: int, width: int) -> np.ndarray:
    """A frame of eight vertical stripes: the bits of its number, the highest at the left."""
    bits = np.array([number >> (N_BITS - 1 - position) & 1 for position in range(N_BITS)])
    stripes = bits[np.arange(width) * N_BITS // width]
    return np.broadcast_to(stripes[None, :, None] * 255, (height, width, 3)).astype(np.uint8)


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """A function that writes numbered frames to a video file of any container."""
    import av

    def make(
        name: str,
        *,
        n_frames: int = 30,
        fps: Fraction | int = 30,
        height: int = 48,
        width: int = 64,
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        ticks: Sequence[int] | None = None,
        options: dict[str, str] | None = None,
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w", options=options or {}) as container:
            stream = container.add_stream(codec, rate=fps)
            stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
            stream.codec_context.time_base = 1 / Fraction(fps)
            for number in range(n_frames):
                pixels = numbered_frame(number, height=height, width=width)
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts = number if ticks is None else ticks[number]
                frame.time_base = 1 / Fraction(fps)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture
def frame_number() -> Callable[[np.ndarray], int]:
    """A function that reads the number off a frame of any size."""

    def read(pixels: np.ndarray) -> int:
        height, width, _ = pixels.shape
        centres = [(2 * position + 1) * width // (2 * N_BITS) for position in range(N_BITS)]
        bits = [pixels[height // 2, centre].mean() > 127 for centre in centres]
        return sum(int(bit) << (N_BITS - 1 - position) for position, bit in enumerate(bits))

    return read
