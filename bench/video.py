"""What the frames cache saves: eight queries on one video, decoded for each or decoded once.

Run `python bench/video.py`. The video is made for the purpose; the results go to
bench/results/video.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import av
import numpy as np

from rarft.harness.video import FramesCache, FramesPolicy, content_hash, load_frames
from rarft.harness.video.reader import decoder_versions

RESULTS: Final = Path(__file__).parent / "results" / "video.json"
N_QUERIES: Final = 8


def make_video(path: Path, *, duration_s: int, fps: int, height: int, width: int) -> None:
    """Write an H.264 video of a moving gradient with noise, as costly to decode as a real one."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 64, (height, width, 3), dtype=np.uint8)
    columns = np.arange(width)[None, :, None]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast"}
        for index in range(duration_s * fps):
            gradient = ((columns + 3 * index) % 192).astype(np.uint8)
            pixels = np.roll(noise, 5 * index, axis=1) + gradient
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


def seconds(action: Callable[[], object]) -> float:
    """Return how long one call takes."""
    started_s = time.perf_counter()
    action()
    return time.perf_counter() - started_s


def measure(*, duration_s: int) -> dict[str, object]:
    """Time eight loads of one video with and without the cache."""
    policy = FramesPolicy()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RARFT_CACHE"] = folder
        path = Path(folder) / "video.mp4"
        make_video(path, duration_s=duration_s, fps=30, height=360, width=640)
        cache = FramesCache(Path(folder) / "frames")
        each_s = [seconds(lambda: load_frames(path, policy)) for _ in range(N_QUERIES)]
        hash_s = seconds(lambda: content_hash(path))
        cached_s = [
            seconds(lambda: load_frames(path, policy, cache=cache)) for _ in range(N_QUERIES)
        ]
        frames = load_frames(path, policy, cache=cache)
    return {
        "schema_version": 1,
        "n_queries": N_QUERIES,
        "video": f"640x360, 30 fps, {duration_s} s, H.264",
        "n_frames": frames.n_frames,
        "frame_size": list(frames.pixels.shape[1:3]),
        "decode_for_each_query_s": round(sum(each_s), 3),
        "decode_once_s": round(sum(cached_s), 3),
        "cached_load_s": round(min(cached_s[1:]), 4),
        "hash_s": round(hash_s, 4),
        "speedup": round(sum(each_s) / sum(cached_s), 1),
        "decoders": decoder_versions(),
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
    }


def main() -> None:
    """Measure, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration_s", type=int, default=30, help="length of the video")
    results = measure(duration_s=parser.parse_args().duration_s)
    RESULTS.parent.mkdir(exist_ok=True)
    text = json.dumps(results, indent=2) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
