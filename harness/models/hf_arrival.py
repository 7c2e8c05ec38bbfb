"""A look at what the network computes with on its first batch: its tokens, and the frames' times.

Inputs that are right can still be placed wrongly: transformers 5 rounds the seconds of a patch down
between the processor and the positions. So the positions themselves are compared, with nothing but
the sampler's rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import torch

from rarft.harness.errors import RarftError
from rarft.harness.models.rope_time import VIDEO
from rarft.harness.video.frames import Frames

_ROUNDING: Final = 1e-5
"""Seconds may differ by this share: a rate can arrive in single precision."""


class FirstBatch:
    """Watches one network until a batch of it has been compared."""

    def __init__(self) -> None:
        self.is_compared = False

    @contextmanager
    def compared(self, network: Any, inputs: Any, frames: Sequence[Frames]) -> Iterator[None]:
        """Compare what the network computes with inside the block, the first time.

        Args:
            network: A `Qwen2_5_VLForConditionalGeneration`.
            inputs: What its processor made of the batch.
            frames: The frames of each row.

        Raises:
            RarftError: other tokens or times reach the network, or nothing is seen of them.
        """
        if self.is_compared:
            yield
            return
        seen: dict[str, torch.Tensor] = {}
        inner = network.model
        hooks = [
            inner.register_forward_pre_hook(_keeper(seen, "input_ids"), with_kwargs=True),
            inner.language_model.register_forward_pre_hook(
                _keeper(seen, "position_ids"), with_kwargs=True
            ),
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
        if seen.keys() != {"input_ids", "position_ids"}:
            raise RarftError(
                "got no look at the tokens and positions of the network, expected those of the "
                "first batch; install the pinned transformers"
            )
        vision = network.config.vision_config
        check_arrived(
            inputs,
            frames,
            seen_ids=seen["input_ids"].cpu(),
            seen_positions=seen["position_ids"].cpu()[-3:],
            frames_per_patch=vision.temporal_patch_size,
            positions_per_second=vision.tokens_per_second,
        )
        self.is_compared = True


def _keeper(seen: dict[str, torch.Tensor], name: str) -> Any:
    """Return a hook that keeps an argument of the first call, the one with the whole prompts."""

    def keep(_module: Any, _args: Any, kwargs: dict[str, Any]) -> None:
        if kwargs.get(name) is not None:
            seen.setdefault(name, kwargs[name])

    return keep


def check_arrived(
    inputs: Any,
    frames: Sequence[Frames],
    *,
    seen_ids: torch.Tensor,
    seen_positions: torch.Tensor,
    frames_per_patch: int,
    positions_per_second: int,
) -> None:
    """Make sure that the network computed with the processor's tokens and the sampler's times.

    Args:
        inputs: What the processor made of the batch.
        frames: The frames of each row.
        seen_ids: What the network was given. Shape: (rows, tokens); beams repeat a row.
        seen_positions: The positions it computed with. Shape: (3, rows, tokens).
        frames_per_patch: `temporal_patch_size` of the vision configuration.
        positions_per_second: Its `tokens_per_second`.

    Raises:
        RarftError: tokens or times differ.
    """
    n_beams = seen_ids.shape[0] // len(frames)
    if not torch.equal(seen_ids[::n_beams], inputs["input_ids"].cpu()):
        raise RarftError(
            "got other tokens in the network than the processor made, expected equal ones; install "
            "the pinned transformers"
        )
    kinds = inputs["mm_token_type_ids"].cpu()
    masks = inputs["attention_mask"].cpu().bool()
    for row, one in enumerate(frames):
        own = masks[row]
        check_times(
            seen_positions[:, row * n_beams, own],
            kinds[row, own] == VIDEO,
            one,
            frames_per_patch=frames_per_patch,
            positions_per_second=positions_per_second,
        )


def check_times(
    positions: torch.Tensor,
    is_video: torch.Tensor,
    frames: Frames,
    *,
    frames_per_patch: int,
    positions_per_second: int,
) -> None:
    """Make sure that each patch of one video lies at its second, and the text after the last.

    Args:
        positions: Of one prompt. Shape: (3, tokens).
        is_video: Which of its tokens are the video's. Shape: (tokens,).
        frames: What the sampler took.
        frames_per_patch: How many frames one patch spans.
        positions_per_second: How far apart two patches lie that are a second apart.

    Raises:
        RarftError: the times are others, or the text overlaps the video.
    """
    first = int(is_video.int().argmax())
    n_patches = -(-frames.n_frames // frames_per_patch)
    times = (positions[0, is_video] - first).reshape(n_patches, -1)
    meant = torch.arange(n_patches).double() * frames_per_patch / frames.effective_fps
    lowest, highest = (
        (meant * (1 + sign * _ROUNDING) * positions_per_second).floor()[:, None] for sign in (-1, 1)
    )
    wrong = ((times < lowest) | (times > highest)).any(dim=1)
    if wrong.any():
        at = int(wrong.int().argmax())
        raise RarftError(
            f"got frames at {frames.effective_fps:.4g} fps of which patch {at} lies "
            f"{int(times[at, 0]) / positions_per_second:g} s after the first in the network, "
            f"expected {float(meant[at]):.4g} s; install the pinned transformers"
        )
    last = first + int(is_video.sum())
    after, end = positions[:, last:], int(positions[:, first:last].max())
    if after.numel() and not torch.equal(after[:, 0], torch.full((3,), end + 1)):
        raise RarftError(
            f"got text at position {int(after[0, 0])} after a video that ends at {end}, expected "
            f"{end + 1}; install the pinned transformers"
        )
