"""Memory does not grow with a video: measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

# Peak over the level after imports, of decoding and of keeping, in MB.
MEASURE = """
import sys
from pathlib import Path
import torch
from rarft.harness.video import FramesCache, FramesPolicy, load_frames
from rarft.harness.video.pyav_reader import open_pyav

def mb(name):
    status = Path("/proc/self/status").read_text()
    return next(int(l.split()[1]) for l in status.splitlines() if l.startswith(name)) / 1024

Path("/proc/self/clear_refs").write_text("5")
before = mb("VmHWM:")
frames = load_frames(Path(sys.argv[1]), FramesPolicy(), cache=FramesCache(Path(sys.argv[2])))
print(frames.n_frames, frames.decoder, mb("VmHWM:") - before, mb("VmHWM:"))
"""


def make_film(path: Path, *, n_frames: int, fps: int, height: int, width: int) -> Path:
    """A light that wanders over a still picture: long, large and quick to encode."""
    rng = np.random.default_rng(0)
    picture = np.repeat(rng.integers(0, 255, (height // 8, width), dtype=np.uint8), 12, axis=0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "bf": "2"}
        for number in range(n_frames):
            picture[: height // 8, number % width :: width] ^= 255
            frame = av.VideoFrame.from_ndarray(picture[: height * 3 // 2], format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.slow
def test_ten_minutes_of_1080p_stay_below_a_gigabyte(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", n_frames=2400, fps=4, height=1080, width=1920)
    command = [sys.executable, "-c", MEASURE, str(path), str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    n_frames, decoder, above_mb, whole_mb = done.stdout.split()
    assert (n_frames, decoder) == ("768", "av")
    assert float(whole_mb) < 1000
    assert float(above_mb) < 400
