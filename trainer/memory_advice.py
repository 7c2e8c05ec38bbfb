"""What to lower when the memory of a GPU does not suffice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["rollout", "log-probs", "loss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchShape:
    """The batch at hand: rows at once, and the longest prompt and completion in tokens."""

    n_rows: int
    n_prompt_tokens: int
    n_video_tokens: int
    n_new_tokens: int


def memory_advice(phase: Phase, shape: BatchShape) -> str:
    """Return one line: what did not fit, and which of group, frames and length to lower.

    A rollout holds the keys and values of all its rows; every other pass holds the activations of
    one micro-batch, which grow with its longest row.

    Example:
        >>> shape = BatchShape(
        ...     n_rows=1, n_prompt_tokens=3800, n_video_tokens=3600, n_new_tokens=200
        ... )
        >>> memory_advice("loss", shape)
        'got out of GPU memory in the loss of 1 row of 3800 + 200 tokens; lower the frames \
(total_pixels or max_frames), for 3600 of these tokens are video'
    """
    rows = f"{shape.n_rows} row{'s' if shape.n_rows > 1 else ''}"
    got = (
        f"got out of GPU memory in the {phase} of {rows} of {shape.n_prompt_tokens} + "
        f"{shape.n_new_tokens} tokens; "
    )
    if shape.n_rows > 1:
        if phase == "rollout":
            return f"{got}lower the group (num_generations, or steps_per_generation)"
        return f"{got}lower the group on one GPU (per_device_train_batch_size)"
    if shape.n_video_tokens >= shape.n_new_tokens:
        return (
            f"{got}lower the frames (total_pixels or max_frames), for {shape.n_video_tokens} of "
            "these tokens are video"
        )
    return f"{got}lower the length (max_completion_length)"
