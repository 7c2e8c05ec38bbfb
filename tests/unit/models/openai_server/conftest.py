"""A served model on loopback, and requests to it."""

import pytest

from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.card import Card
from rarft.harness.models.openai import load
from rarft.harness.types import Query
from rarft.harness.video.content import content_hash
from rarft.harness.video.policy import FramesPolicy

CARD = Card(
    name="served",
    family="base",
    backend="openai",
    system="You ground queries.",
    frames=FramesPolicy(
        min_frames=4, max_frames=8, min_pixels=3136, max_pixels=3136, total_pixels=8 * 3136
    ),
    generation={"max_new_tokens": 16, "do_sample": False},
    licence="MIT",
    source="the test",
)
MODEL = "loopback-vl"
KEY = "secret-of-nobody-1"


@pytest.fixture(scope="module")
def server(servers):
    with servers.running_server(script="video_chat_server.py") as url:
        yield url


@pytest.fixture
def ask(servers, server, tmp_path, monkeypatch):
    """A function that answers requests by a model of these arguments, and one that looks back."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    opened = []

    def answer(requests, *, card=CARD, generation=None, seed=0, faults=(), **model_args):
        settings = {"key": "", "expired_after": None, "fault": "", "faulty_calls": 10**9}
        settings |= {"faulty_query": "", "owner": "vllm", "served_model": "", "latency_ms": 0}
        servers.ask_server(f"{server}/seen", send=settings | dict(faults))
        arguments = {"model": MODEL, "base_url": f"{server}/v1", **model_args}
        model = load(
            card,
            model_args=arguments,
            generation=generation or card.generation,
            batch_size=4,
            seed=seed,
            cache=tmp_path / "cache",
        )
        opened.append(model)
        model.prepare([request.query for request in requests])
        return model.generate(requests)

    yield answer
    for model in opened:
        model.close()


@pytest.fixture
def look(servers, server):
    """A function that tells what the server has seen."""
    return lambda: servers.ask_server(f"{server}/seen")


@pytest.fixture
def clip_file(make_clip):
    return make_clip("videos/a video.mp4", n_frames=40, fps=10)


def request_about(
    path, text="a red ball", *, key=None, clip=None, video_input="shown", **generation
):
    query = Query(
        id="1", task="t", video=path.name, text=text, relevant=True, record="1", clip=clip
    )
    return Request(
        key=key or text,
        query=query,
        prompt=f"Query: {text}",
        system=CARD.system,
        video=VideoFile(path=path, sha256=content_hash(path) if path.exists() else "0"),
        generation={**CARD.generation, **generation},
        video_input=video_input,
    )


@pytest.fixture
def a_request():
    """A function that makes a request about a video file."""
    return request_about


@pytest.fixture
def card():
    """The card of the served model."""
    return CARD
