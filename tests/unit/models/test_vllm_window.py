"""How much is under way at once, with real videos and a stand-in for vLLM's engine."""

import asyncio
import importlib.util
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.vllm_checkpoint import read_checkpoint
from rarft.harness.models.vllm_settings import largest_bytes, sampling_arguments
from rarft.harness.models.vllm_window import Answer, Window, answer_all
from rarft.harness.types import Query
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.content import content_hash
from rarft.harness.video.decoding_pool import DecodingPool
from rarft.harness.video.policy import FramesPolicy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed"),
    # What vLLM warns of while it is imported.
    pytest.mark.filterwarnings("ignore"),
]

POLICY = FramesPolicy(
    min_frames=4, max_frames=8, min_pixels=3136, max_pixels=3136, total_pixels=8 * 3136
)
N_FRAMES_BYTES = 4 * 56 * 56 * 3


class Engine:
    """Answers after some turns of the loop, and counts what it holds meanwhile."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}
        self.most_bytes = 0
        self.most_requests = 0

    async def generate(self, prompt: Any, _params: Any, request_id: str) -> AsyncIterator[Any]:
        ((pixels, _),) = prompt["multi_modal_data"]["video"]
        self.held[request_id] = pixels
        distinct = {id(one): one.nbytes for one in self.held.values()}
        self.most_bytes = max(self.most_bytes, sum(distinct.values()))
        self.most_requests = max(self.most_requests, len(self.held))
        await asyncio.sleep(0.02)
        del self.held[request_id]
        completion = SimpleNamespace(token_ids=[5, 6], logprobs=None)
        yield SimpleNamespace(outputs=[completion], prompt_token_ids=prompt["prompt_token_ids"])


@pytest.fixture
def requests(make_clip: Any) -> list[Request]:
    """Twelve videos of four frames, three queries each, the queries of a video far apart."""
    paths = [make_clip(f"v{number}.mp4", n_frames=40 + number, fps=24) for number in range(12)]
    videos = [VideoFile(path=path, sha256=content_hash(path)) for path in paths]
    return [
        Request(
            key=f"{video.path.name} {text}",
            query=Query(
                id=text, task="t", video=video.path.name, text=text, relevant=True, record="1"
            ),
            prompt=f"Query: {text}",
            video=video,
            generation={"max_new_tokens": 4},
        )
        for text in ("a", "b", "c")
        for video in videos
    ]


def answers_of(
    requests: list[Request],
    engine: Engine,
    folder: Path,
    *,
    meanwhile: Callable[[DecodingPool], None] = lambda pool: None,
    **limits: int,
) -> list[Answer]:
    checkpoint = read_checkpoint("package:tiny", None, cache=folder, allows_time_mismatch=False)
    decoding = DecodingPool(
        POLICY,
        cache=FramesCache(folder / "frames"),
        n_processes=limits.get("n_decoding", 0),
    )
    with closing(decoding), ThreadPoolExecutor(4) as threads:
        window = Window(
            engine=engine,
            checkpoint=checkpoint,
            order="video_text",
            decoding=decoding,
            threads=threads,
            sampling=lambda one: sampling_arguments(
                one.generation, shipped={}, end_tokens=checkpoint.end_tokens, seed=one.key
            ),
            max_model_len=4096,
            n_requests=limits.get("n_requests", 64),
            n_bytes=limits.get("n_bytes", 2**30),
            largest_bytes=largest_bytes(POLICY),
            batch_name="1",
        )
        other = threading.Thread(target=meanwhile, args=(decoding,))
        other.start()
        answers = asyncio.run(answer_all(window, requests))
        other.join()
        return answers


def test_frames_under_way_never_take_more_than_the_cap(
    requests: list[Request], tmp_path: Path
) -> None:
    # Room for what one video may take, and so for two as small as these are.
    cap, engine = max(largest_bytes(POLICY), 2 * N_FRAMES_BYTES), Engine()
    for n_decoding, folder in ((0, "a"), (0, "a"), (2, "b"), (2, "b")):
        # The second time in a folder, frames come from the cache.
        answers = answers_of(
            requests, engine, tmp_path / folder, n_bytes=cap, n_decoding=n_decoding
        )

        assert [one.reply.failure for one in answers] == [None] * len(requests)
        assert 0 < engine.most_bytes <= cap


def test_with_room_all_videos_are_under_way_at_once(
    requests: list[Request], tmp_path: Path
) -> None:
    engine = Engine()
    answers_of(requests, engine, tmp_path)
    engine.most_bytes = 0

    answers_of(requests, engine, tmp_path)

    assert engine.most_bytes > 2 * N_FRAMES_BYTES


def test_no_more_requests_are_with_the_engine_than_the_window_holds(
    requests: list[Request], tmp_path: Path
) -> None:
    engine = Engine()

    answers = answers_of(requests, engine, tmp_path, n_requests=3)

    assert len(answers) == len(requests)
    assert engine.most_requests == 3


def test_a_video_larger_than_the_cap_goes_alone(requests: list[Request], tmp_path: Path) -> None:
    engine = Engine()

    answers = answers_of(requests, engine, tmp_path, n_bytes=1)

    assert [one.reply.failure for one in answers] == [None] * len(requests)
    assert engine.most_bytes == N_FRAMES_BYTES


def test_black_frames_share_memory_with_none_that_are_shown(
    requests: list[Request], tmp_path: Path
) -> None:
    mixed = [requests[0], replace(requests[0], key="black", video_input="black")]
    engine = Engine()

    answers_of(mixed, engine, tmp_path)

    assert engine.most_bytes == 2 * N_FRAMES_BYTES


def test_a_video_whose_decoding_dies_fails_its_queries_and_no_others(
    requests: list[Request], tmp_path: Path
) -> None:
    pids: list[int] = []

    def kill(pool: DecodingPool) -> None:
        # The first video is the only one that two processes die at.
        while len(pids) < 2:
            for pid in set(pool.pids) - set(pids):
                pids.append(pid)
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    answers = answers_of(requests, Engine(), tmp_path, n_decoding=1, meanwhile=kill)

    failed = [one for one, answer in zip(requests, answers, strict=True) if answer.reply.failure]
    assert len({one.video for one in failed}) == 1
    assert len(failed) == 3
    said = [one.reply.failure for one in answers if one.reply.failure]
    assert all("the process that decodes it dies" in one for one in said)
