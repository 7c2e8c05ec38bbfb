"""One batch through vLLM: each video is decoded ahead, and its requests go in when it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from rarft.harness.errors import VideoError
from rarft.harness.models.base import Request
from rarft.harness.models.frames_window import ByteBudget, reserved
from rarft.harness.models.messages import Order
from rarft.harness.models.vllm_checkpoint import VllmCheckpoint, one_line
from rarft.harness.models.vllm_prompts import (
    Expected,
    engine_prompt,
    expected_inputs,
    frames_name,
    n_expanded,
    writable,
)
from rarft.harness.types import Reply
from rarft.harness.video.decoding_pool import DecodingPool
from rarft.harness.video.frames import Frames
from rarft.harness.video.input import blacken


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply; for a prompt that is compared, what the processor and what the engine made of it.

    `first_logprobs` are the most likely first tokens, where they were asked for.
    """

    reply: Reply
    expected: Expected | None = None
    engine_ids: Sequence[int] = ()
    token_ids: Sequence[int] = ()
    first_logprobs: Mapping[int, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What one batch needs: the engine, the checkpoint's files, and the limits.

    `sampling` returns the arguments of SamplingParams for a request. `largest_bytes` is what a
    video's frames may take before it is known what they take.
    """

    engine: Any
    checkpoint: VllmCheckpoint
    order: Order
    decoding: DecodingPool
    threads: Executor
    sampling: Callable[[Request], Mapping[str, Any]]
    max_model_len: int
    n_requests: int
    n_bytes: int
    largest_bytes: int
    batch_name: str


async def answer_all(
    window: Window, requests: Sequence[Request], *, n_compared: int = 0
) -> list[Answer]:
    """Answer one batch, in order, with as much under way as the window allows.

    Args:
        window: The engine and the limits.
        requests: The batch.
        n_compared: How many of the first requests also go through the model's own processor.
    """
    budget = ByteBudget(window.n_bytes)
    room = asyncio.Semaphore(window.n_requests)
    of_video: dict[str, list[int]] = {}
    for position, request in enumerate(requests):
        of_video.setdefault(frames_name(request), []).append(position)
    answers: dict[int, Answer] = {}

    async def one_video(positions: Sequence[int]) -> None:
        async with reserved(budget, min(window.largest_bytes, window.n_bytes)) as held:
            frames = await _decoded(window, requests[positions[0]])
            if isinstance(frames, VideoError):
                answers.update({k: Answer(reply=Reply(failure=str(frames))) for k in positions})
                return
            held.shrink(frames.pixels.nbytes)
            await _together([one(position, frames) for position in positions])

    async def one(position: int, frames: Frames) -> None:
        async with room:
            answers[position] = await _answer(
                window,
                requests[position],
                frames,
                request_id=f"{window.batch_name}-{position}",
                is_compared=position < n_compared,
            )

    await _together([one_video(positions) for positions in of_video.values()])
    return [answers[position] for position in range(len(requests))]


async def _together(work: Sequence[Any]) -> None:
    """Run coroutines side by side; the first error ends all of them."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _decoded(window: Window, request: Request) -> Frames | VideoError:
    if request.video is None:
        return VideoError("got a request without a video, expected one")
    video, clip = request.video, request.clip

    def decode() -> Frames | VideoError:
        try:
            frames = window.decoding.load(video.path, clip=clip, sha256=video.sha256)
        except VideoError as error:
            return error
        return writable(blacken(frames) if request.video_input == "black" else frames)

    return await asyncio.get_running_loop().run_in_executor(window.threads, decode)


async def _answer(
    window: Window, request: Request, frames: Frames, *, request_id: str, is_compared: bool
) -> Answer:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind
    from vllm.v1.engine.exceptions import EngineDeadError

    processor = window.checkpoint.processor
    prompt = engine_prompt(processor, request, frames, order=window.order)
    arguments = dict(window.sampling(request))
    n_prompt, n_new = n_expanded(processor, prompt, frames), arguments["max_tokens"]
    if n_prompt + n_new > window.max_model_len:
        return _failed(
            f"got a prompt of {n_prompt} tokens, expected at most {window.max_model_len - n_new} "
            f"before {n_new} new ones"
        )
    expected = None
    if is_compared:
        expected = await asyncio.get_running_loop().run_in_executor(
            window.threads, lambda: _expected(window, request, frames)
        )
    params = SamplingParams(**arguments, output_kind=RequestOutputKind.FINAL_ONLY)
    output: Any = None
    try:
        async for output in window.engine.generate(prompt, params, request_id):  # noqa: B007 (the last one is used)
            pass
    except EngineDeadError:
        raise
    except Exception as error:
        # Whatever vLLM finds wrong with one prompt is that request's failure.
        return _failed(f"vLLM refused the request ({one_line(error)})")
    return _answer_of(window, output, frames, expected)


def _expected(window: Window, request: Request, frames: Frames) -> Expected:
    return expected_inputs(
        window.checkpoint.processor,
        request,
        frames,
        order=window.order,
        positions_per_second=window.checkpoint.positions_per_second,
    )


def _answer_of(window: Window, output: Any, frames: Frames, expected: Expected | None) -> Answer:
    completion = output.outputs[0]
    token_ids = list(completion.token_ids)
    text = window.checkpoint.processor.tokenizer.decode(token_ids, skip_special_tokens=False)
    first = completion.logprobs[0] if completion.logprobs else None
    return Answer(
        reply=Reply(
            text=text,
            n_prompt_tokens=len(output.prompt_token_ids),
            n_new_tokens=len(token_ids),
            n_frames=frames.n_frames,
            effective_fps=frames.effective_fps,
        ),
        expected=expected,
        engine_ids=list(output.prompt_token_ids),
        token_ids=token_ids,
        first_logprobs={token: one.logprob for token, one in first.items()} if first else None,
    )


def _failed(reason: str) -> Answer:
    return Answer(reply=Reply(failure=reason))
