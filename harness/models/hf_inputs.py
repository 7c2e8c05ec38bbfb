"""What a Qwen2.5-VL processor makes of prompts and frames, checked before it reaches the model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from transformers.video_utils import VideoMetadata

from rarft.harness.errors import RarftError
from rarft.harness.models.base import Request
from rarft.harness.models.messages import Order, chat_text
from rarft.harness.video.frames import Frames

PROCESSOR_ARGS: Final[dict[str, Any]] = {
    "do_sample_frames": False,
    "do_resize": False,
    "cap_pixels_per_frame": False,
}
"""How a processor is called: frames come sampled and in their final size."""


def make_inputs(
    processor: Any, requests: Sequence[Request], frames: Sequence[Frames], *, order: Order
) -> Any:
    """Return the tensors of one batch, padded on the left.

    Args:
        processor: A `Qwen2_5_VLProcessor`.
        requests: The prompts.
        frames: The frames of each request, already of their final size.
        order: Whether the video or the text comes first.

    Raises:
        RarftError: the processor changed the frames or got their rate wrong.
    """
    texts = [chat_text(processor, request, order=order) for request in requests]
    return video_inputs(processor, texts, frames)


def video_inputs(processor: Any, texts: Sequence[str], frames: Sequence[Frames]) -> Any:
    """Return the tensors of texts that have one video each, padded on the left.

    Raises:
        RarftError: the processor changed the frames or got their rate wrong.
    """
    inputs = processor(
        text=list(texts),
        videos=[channels_first(one.pixels) for one in frames],
        video_metadata=[video_metadata(one) for one in frames],
        padding=True,
        return_tensors="pt",
        **PROCESSOR_ARGS,
    )
    check_inputs(inputs, frames, processor.video_processor)
    return inputs


def channels_first(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> torch.Tensor:
    """Return a copy of frames, which may be read-only. Shape: (frames, 3, height, width)."""
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2)


def video_metadata(frames: Frames) -> VideoMetadata:
    """Describe frames so that the processor arrives at their effective rate."""
    return VideoMetadata(
        total_num_frames=frames.n_total_frames,
        fps=frames.video_fps,
        height=frames.pixels.shape[1],
        width=frames.pixels.shape[2],
        duration=frames.duration_s,
        video_backend=frames.decoder,
        frames_indices=list(frames.indices),
    )


def check_inputs(inputs: Any, frames: Sequence[Frames], video_processor: Any) -> None:
    """Make sure that every video has the patches of its frames, and the time each of them covers.

    Raises:
        RarftError: it has not; the installed transformers does something else with metadata.
    """
    n_temporal, patch = video_processor.temporal_patch_size, video_processor.patch_size
    grids = inputs["video_grid_thw"].tolist()
    seconds = [float(value) for value in inputs["second_per_grid_ts"]]
    for one, grid, seconds_per_patch in zip(frames, grids, seconds, strict=True):
        _, height, width, _ = one.pixels.shape
        expected_grid = [math.ceil(one.n_frames / n_temporal), height // patch, width // patch]
        if grid != expected_grid:
            raise RarftError(
                f"got a processor that makes a grid of {grid} from {one.n_frames} frames of "
                f"{width}x{height}, expected {expected_grid}; install the pinned transformers"
            )
        expected_s = n_temporal / one.effective_fps
        if not math.isclose(seconds_per_patch, expected_s, rel_tol=1e-5):
            raise RarftError(
                f"got a processor that counts {seconds_per_patch:g} s a patch for frames at "
                f"{one.effective_fps:g} fps, expected {expected_s:g} s; install the pinned "
                "transformers"
            )
