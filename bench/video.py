"""Read videos for a model: this package, qwen-vl-utils with decord, and bare decoding.

Run `python bench/video.py` where FFmpeg and, with `pip install --no-deps qwen-vl-utils==0.0.14`,
the peer are installed. The clips are made with FFmpeg's own sources and kept in a temporary folder
for the next time; each reader runs in a process of its own, in turns. The results go to
bench/results/video.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

RESULTS: Final = Path(__file__).parent / "results" / "video.json"
CLIPS: Final = Path(tempfile.gettempdir()) / "rarft-bench-clips-1"
PEER: Final = "qwen-vl-utils"
N_CACHED: Final = 5
# Of a clip of 60 s and 720p or more, memory counts.
LONG_S: Final = 60
LARGE_ROWS: Final = 720


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A made video: `made_s` seconds of an FFmpeg source, repeated without encoding again."""

    source: str
    height: int
    width: int
    fps: int
    made_s: int
    duration_s: int

    def name(self, variant: str) -> str:
        """Return the file's name."""
        return f"{self.source}_{self.height}p_{self.fps}fps_{self.duration_s}s_{variant}.mp4"

    @property
    def is_large(self) -> bool:
        """Whether memory is compared."""
        return self.duration_s >= LONG_S and self.height >= LARGE_ROWS


SET: Final = (
    Clip(source="testsrc2", height=240, width=426, fps=30, made_s=10, duration_s=10),
    Clip(source="life", height=360, width=640, fps=25, made_s=30, duration_s=30),
    Clip(source="mandelbrot", height=480, width=854, fps=30, made_s=6, duration_s=60),
    Clip(source="testsrc2", height=720, width=1280, fps=30, made_s=20, duration_s=60),
    Clip(source="life", height=1080, width=1920, fps=25, made_s=10, duration_s=60),
    Clip(source="testsrc2", height=360, width=640, fps=15, made_s=30, duration_s=600),
    Clip(source="testsrc2", height=1080, width=1920, fps=4, made_s=60, duration_s=600),
)
VARIANTS: Final = {"default": (), "no_b": ("-bf", "0")}


def make_clip(clip: Clip, variant: str) -> Path:
    """Encode a clip with x264's defaults, or without B-frames, where it is not there yet."""
    path = CLIPS / clip.name(variant)
    if path.is_file():
        return path
    CLIPS.mkdir(exist_ok=True)
    size = f"{clip.width}x{clip.height}"
    source = f"{clip.source}=size={size}:rate={clip.fps}"
    if clip.source == "life":
        source = f"life=size=320x180:rate={clip.fps}:mold=10:ratio=0.1:seed=1,scale={clip.width}:-2"
    part, draft = path.with_suffix(".part.mp4"), path.with_suffix(".draft.mp4")
    encode = ("-pix_fmt", "yuv420p", "-c:v", "libx264", *VARIANTS[variant])
    ffmpeg("-f", "lavfi", "-i", source, "-t", str(clip.made_s), *encode, str(part))
    repeats = clip.duration_s // clip.made_s - 1
    ffmpeg("-stream_loop", str(repeats), "-i", str(part), "-c", "copy", str(draft))
    part.unlink()
    draft.rename(path)
    return path


def ffmpeg(*arguments: str) -> None:
    """Run FFmpeg and stop where it fails."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-nostdin", *arguments], check=True)


def measured(action: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return what a call gives, its seconds, and the peak memory above where it began."""
    Path("/proc/self/clear_refs").write_text("5")
    before_mb = status_mb("VmHWM")
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    result = action()
    figures = {
        "s": time.perf_counter() - wall_s,
        "cpu_s": time.process_time() - cpu_s,
        "peak_mb": status_mb("VmHWM") - before_mb,
    }
    return result, figures


def status_mb(name: str) -> float:
    """Return one line of this process's status."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(name)


def read_ours(path: Path, folder: Path) -> dict[str, Any]:
    """Decode cold, then read the same from the cache."""
    import torch  # noqa: F401 - the level after imports counts it, as the peer's does

    from rarft.harness.video import FramesCache, FramesPolicy, content_hash, load_frames
    from rarft.harness.video.pyav_reader import open_pyav  # noqa: F401 - likewise

    policy, cache = FramesPolicy(), FramesCache(folder)
    frames, figures = measured(lambda: load_frames(path, policy))
    # A run hashes each video once, when it plans.
    sha256 = content_hash(path)
    load_frames(path, policy, cache=cache, sha256=sha256)
    cached = [
        measured(lambda: load_frames(path, policy, cache=cache, sha256=sha256))[1]["s"]
        for _ in range(N_CACHED)
    ]
    np.savez(folder / f"{path.stem}.npz", pixels=frames.pixels, indices=frames.indices)
    return {**figures, "cached_s": median(cached), "n_frames": frames.n_frames}


def read_peer(path: Path, folder: Path) -> dict[str, Any]:
    """Let the peer read, and compare its frames with ours."""
    os.environ["FORCE_QWENVL_VIDEO_READER"] = "decord"
    import decord  # noqa: F401 - the level after imports counts it
    from qwen_vl_utils.vision_process import fetch_video

    from rarft.harness.video import FramesPolicy

    policy = FramesPolicy()
    asked = {
        "video": str(path),
        "min_pixels": policy.min_pixels,
        "total_pixels": policy.total_pixels,
    }
    (pixels, about), figures = measured(lambda: fetch_video(asked, return_video_metadata=True))
    ours = np.load(folder / f"{path.stem}.npz")
    same_size = tuple(pixels.shape) == tuple(np.array(ours["pixels"].shape)[[0, 3, 1, 2]])
    differences = [
        np.abs(theirs.numpy().transpose(1, 2, 0) - mine).mean()
        for theirs, mine in zip(pixels, ours["pixels"], strict=True)
    ]
    return {
        **figures,
        "same_indices": list(about["frames_indices"]) == ours["indices"].tolist(),
        "same_size": same_size,
        "mean_difference": float(np.mean(differences)),
    }


def read_bare(path: Path, _folder: Path) -> dict[str, Any]:
    """Decode everything and keep nothing."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started_s = time.perf_counter()
    command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "2", "-i", str(path)]
    subprocess.run([*command, "-f", "null", "-"], check=True)
    seconds = time.perf_counter() - started_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"s": seconds, "cpu_s": cpu_s}


READERS: Final = {"bare": read_bare, "ours": read_ours, "peer": read_peer}


def in_process(reader: str, path: Path, folder: Path, *, limit_gb: float) -> dict[str, Any]:
    """Run one reader in a process of its own; `limit_gb` holds for the peer."""
    command = [sys.executable, __file__, "--reader", reader, str(path), str(folder)]
    limit = int(limit_gb * 1e9)

    def hold_memory() -> None:
        if reader == "peer":
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=hold_memory)
    if done.returncode == 0:
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return figures
    if reader == "peer":
        return {"out_of_memory": f"limit {limit_gb:g} GB: {done.stderr.splitlines()[-1][:200]}"}
    raise RuntimeError(done.stderr)


def medians(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of every number of several rounds, and all else as in the first."""
    return {
        name: round(median(figures[name] for figures in rounds), 4)
        if isinstance(value, float)
        else value
        for name, value in rounds[0].items()
    }


def measure(path: Path, folder: Path, *, n_rounds: int, limit_gb: float) -> dict[str, Any]:
    """Let every reader read a clip, in turns."""
    rounds: dict[str, list[dict[str, Any]]] = {reader: [] for reader in READERS}
    for _ in range(n_rounds):
        for reader, done in rounds.items():
            done.append(in_process(reader, path, folder, limit_gb=limit_gb))
    figures = {reader: medians(done) for reader, done in rounds.items()}
    print(path.name, json.dumps(figures), file=sys.stderr, flush=True)
    return {"clip": path.name, "n_mb": round(path.stat().st_size / 1e6, 1), **figures}


def totals(rows: list[dict[str, Any]], unit: str) -> dict[str, float]:
    """Return ratios of sums over the clips that every reader got through."""
    done = [row for row in rows if unit in row["peer"]]
    default = [row for row in done if "_default" in row["clip"]]

    def total(reader: str, of: list[dict[str, Any]], name: str = unit) -> float:
        return float(sum(row[reader][name] for row in of))

    return {
        "cold_over_bare": round(total("ours", rows) / total("bare", rows), 3),
        "peer_over_cold_x264_default": round(total("peer", default) / total("ours", default), 2),
        "peer_over_cold": round(total("peer", done) / total("ours", done), 2),
        "peer_over_cached": round(total("peer", done, "s") / total("ours", done, "cached_s"), 1),
    }


def memory(rows: list[dict[str, Any]]) -> dict[str, float | str]:
    """Return, for each large clip, the peer's peak over ours."""
    large = {clip.name(variant) for clip in SET if clip.is_large for variant in VARIANTS}
    return {
        row["clip"]: round(row["peer"]["peak_mb"] / row["ours"]["peak_mb"], 1)
        if "peak_mb" in row["peer"]
        else "the peer ran out of memory"
        for row in rows
        if row["clip"] in large
    }


def main() -> None:
    """Make the clips, measure, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reader", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3, help="how often to read each clip")
    parser.add_argument("--peer_gb", type=float, default=16.0, help="memory the peer may take")
    parser.add_argument("--only_make", action="store_true", help="make the clips and stop")
    asked = parser.parse_args()
    if asked.reader:
        reader, path, folder = asked.reader
        print(json.dumps(READERS[reader](Path(path), Path(folder))))
        return
    paths = [make_clip(clip, variant) for clip in SET for variant in VARIANTS]
    if asked.only_make:
        return
    started_s, load = time.perf_counter(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        os.environ["RARFT_CACHE"] = name
        rows = [
            measure(path, Path(name), n_rounds=asked.rounds, limit_gb=asked.peer_gb)
            for path in paths
        ]
    write(rows, asked.rounds, load=load, seconds=time.perf_counter() - started_s)


def write(rows: list[dict[str, Any]], n_rounds: int, *, load: float, seconds: float) -> None:
    """Write the results and print them."""
    from rarft.harness.video.reader import decoder_versions

    compared = [row["peer"] for row in rows if "s" in row["peer"]]
    results = {
        "schema_version": 2,
        "n_rounds": n_rounds,
        "wall_clock": totals(rows, "s"),
        "processor_time": totals(rows, "cpu_s"),
        "peer_peak_over_ours": memory(rows),
        "same_indices": all(peer["same_indices"] for peer in compared),
        "same_size": all(peer["same_size"] for peer in compared),
        "largest_mean_difference_of_255": max(peer["mean_difference"] for peer in compared),
        "clips": rows,
        "decoders": decoder_versions(),
        "machine": {
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
            "load_before": round(load, 1),
            "load_after": round(os.getloadavg()[0], 1),
            "seconds": round(seconds),
        },
    }
    RESULTS.parent.mkdir(exist_ok=True)
    text = json.dumps(results, indent=2) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
