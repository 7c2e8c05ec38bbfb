"""What vLLM is given for a request, and what the model's own processor makes of the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rarft.harness.errors import UserError
from rarft.harness.models.base import Request
from rarft.harness.models.hf_inputs import make_inputs
from rarft.harness.models.messages import Order, chat_text
from rarft.harness.models.rope_time import rope_index
from rarft.harness.video.frames import Frames

Positions = list[list[int]]


def engine_prompt(
    processor: Any, request: Request, frames: Frames, *, order: Order
) -> dict[str, Any]:
    """Return a prompt for vLLM: ids in which one token stands for the video, and the frames.

    vLLM expands that token itself; ids that are expanded already it would expand once more.
    """
    text = chat_text(processor, request, order=order)
    metadata = {
        "fps": frames.video_fps,
        "duration": frames.duration_s,
        "total_num_frames": frames.n_total_frames,
        "frames_indices": list(frames.indices),
        "video_backend": frames.decoder,
        "do_sample_frames": False,
    }
    return {
        "prompt_token_ids": processor.tokenizer(text)["input_ids"],
        "multi_modal_data": {"video": [(writable(frames).pixels, metadata)]},
        "multi_modal_uuids": {"video": [frames_name(request)]},
    }


def writable(frames: Frames) -> Frames:
    """Return frames that torch takes without a copy of its own; those from the cache are read-only.

    Made once for a video, the prompts about it share the pixels.
    """
    if frames.pixels.flags.writeable:
        return frames
    return replace(frames, pixels=np.array(frames.pixels))


def frames_name(request: Request) -> str:
    """Name a request's frames for vLLM's caches: equal names are equal frames at equal times.

    One run has one policy, so content, clip and blackness tell its frames apart.
    """
    content = request.video.sha256 if request.video else ""
    identity = f"{content} {request.clip} {request.video_input == 'black'}"
    return hashlib.sha256(identity.encode()).hexdigest()


def n_expanded(processor: Any, prompt: dict[str, Any], frames: Frames) -> int:
    """Return how many tokens a prompt has once its video is expanded."""
    video = processor.video_processor
    _, height, width, _ = frames.pixels.shape
    patches = -(-frames.n_frames // video.temporal_patch_size) * (height // video.patch_size)
    n_video = int(patches * (width // video.patch_size) // video.merge_size**2)
    return len(prompt["prompt_token_ids"]) - 1 + n_video


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Ids of a whole prompt, and the trained positions. `positions` has Shape: (3, tokens)."""

    ids: list[int]
    positions: Positions
    effective_fps: float


def expected_inputs(
    processor: Any, request: Request, frames: Frames, *, order: Order, positions_per_second: int
) -> Expected:
    """Return what the model's own processor makes of a request.

    Raises:
        RarftError: the processor does not give the model the frames' times.
    """
    inputs = make_inputs(processor, [request], [frames], order=order)
    positions, _ = rope_index(
        inputs["input_ids"],
        inputs["mm_token_type_ids"],
        video_grid_thw=inputs["video_grid_thw"],
        second_per_grid_ts=inputs["second_per_grid_ts"],
        merge_size=processor.video_processor.merge_size,
        positions_per_second=positions_per_second,
    )
    return Expected(
        ids=inputs["input_ids"][0].tolist(),
        positions=positions[:, 0].tolist(),
        effective_fps=frames.effective_fps,
    )


def check_arrived(
    expected: Sequence[Expected],
    engine_ids: Sequence[Sequence[int]],
    seen: Sequence[Sequence[Positions]],
) -> None:
    """Make sure that the engine saw the tokens and the times it should have seen.

    Args:
        expected: One for each prompt compared.
        engine_ids: The ids that the engine answered, in the same order.
        seen: The positions its first worker computed with, of all prompts with the same ids, in the
            same order. There are none of a prompt that went to another replica, but some of one
            prompt at least.

    Raises:
        UserError: ids or positions differ, or nothing was seen.
    """
    for one, ids in zip(expected, engine_ids, strict=True):
        if list(ids) != one.ids:
            raise UserError(
                f"got {len(ids)} prompt tokens from vLLM and {len(one.ids)} from the processor, "
                f"different from token {_first_difference(ids, one.ids)} on, expected equal ones; "
                "install the pinned versions, or use the backend hf"
            )
    if expected and not any(seen):
        raise UserError(
            "got no look at vLLM's positions, expected those of the first prompts; install the "
            "pinned vllm, or give --model_args allow_time_mismatch=true"
        )
    for one, in_use in zip(expected, seen, strict=True):
        # Two videos of one size have equal ids, so there may be several.
        if in_use and one.positions not in in_use:
            raise UserError(
                f"got positions from vLLM that differ from the trained ones for frames at "
                f"{one.effective_fps:.4g} fps, expected equal ones; install the pinned vllm, use "
                "the backend hf, or give --model_args allow_time_mismatch=true"
            )


def _first_difference(one: Sequence[int], other: Sequence[int]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
