"""An outside folder: a task, a model card, an annotation and real videos, none in the package."""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

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
BENCH = Path(__file__).resolve().parents[2] / "bench"
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
    script = load_script(BENCH / "vllm_server.py")
    with ExitStack() as servers:

        def start(checkpoint: Path, name: str, *flags: str) -> str:
            arguments = (checkpoint, name, "--max-model-len", "8192", *flags)
            server = servers.enter_context(script.vllm_server(*arguments))
            script.until_healthy(server)
            return f"{server.url}/v1"

        yield start


def load_script(path: Path) -> ModuleType:
    """Import a script that belongs to no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
