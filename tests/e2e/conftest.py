"""An outside folder: a task, a model card, an annotation and real videos, none in the package."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import av
import numpy as np
import pytest

TASK = """
task: outside
class: !function rarft.tasks.grounding_task.GroundingTask
metadata: {version: 1.0, annotation: outside.json, licence: MIT, videos: made by the test}
"""
CARD = """
name: outside_model
family: base
backend: hf
checkpoint: package:tiny
status: untrained
prompt: {refusal: 'Query: {query}', native: 'Query: {query}'}
frames: {fps: 2, max_frames: 8, total_pixels: 25088, min_pixels: 3136, max_pixels: 3136}
generation: {max_new_tokens: 8, do_sample: false}
output: {form: answer_correction}
licence: MIT
source: the test
"""
N_VIDEOS = 6
VLLM_START_LIMIT_S = 240.0
LEVELS = ("hard", "medium", "easy")


def write_video(path: Path, *, n_frames: int = 40, fps: int = 10, size: int = 64) -> None:
    """Write an mp4 whose grey level grows with time."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        for index in range(n_frames):
            pixels = np.full((size, size, 3), 4 * index % 256, dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def record(index: int) -> dict[str, object]:
    return {
        "video": f"/elsewhere/v{index}.mp4",
        "query_text": f"a red ball rolls {index}",
        "timestamp": [1.0, 3.0],
        "duration": 4.0,
        "GRPO": [
            {
                "q": f"a red ball rolls {index}",
                "a": "<answer>1.0 to 3.0</answer>",
                "r": True,
                "difficulty": "original",
            },
            {
                "q": f"a blue ball rolls {index}",
                "a": "<answer>The ball is red, not blue.</answer>",
                "r": False,
                "c": ["Attribute/AttributeValue"],
                "difficulty": LEVELS[index % 3],
            },
        ],
    }


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "outside.yaml").write_text(TASK)
    (folder / "outside_model.yaml").write_text(CARD)
    (folder / "outside.json").write_text(json.dumps([record(k) for k in range(N_VIDEOS)]))
    videos = tmp_path / "videos"
    videos.mkdir()
    for index in range(N_VIDEOS):
        write_video(videos / f"v{index}.mp4")
    monkeypatch.setenv("RARFT_VIDEOS", str(videos))
    return folder


@pytest.fixture(scope="module")
def start_vllm() -> Iterator[Callable[..., str]]:
    """Start vLLM servers of a module's tests: `start_vllm(checkpoint, name, *flags)` is a URL."""
    with ExitStack() as servers:
        yield lambda *args: servers.enter_context(vllm_server(*args))


@contextmanager
def vllm_server(checkpoint: Path, name: str, *flags: str) -> Iterator[str]:
    port, log = free_port(), checkpoint.parent / "server.log"
    command = [
        # The `vllm` command looks for the package of the GPU build, this module for neither.
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(checkpoint), "--served-model-name", name),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--dtype", "float32", "--enforce-eager", "--max-model-len", "8192", *flags),
    ]
    own = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=output, env=os.environ | own, start_new_session=True
        )
    try:
        deadline = time.monotonic() + VLLM_START_LIMIT_S
        while not answers_health(port):
            alive = server.poll() is None and time.monotonic() < deadline
            assert alive, log.read_text(errors="replace")[-3000:]
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answers_health(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
