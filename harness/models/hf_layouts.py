"""How each architecture is shown a video by its own processor, checked before the model sees it.

Qwen2.5-VL learns the times from positions (`hf_inputs`), Qwen3-VL reads them in its prompt, and
InternVL is shown images and knows only what the text before each of them says.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

from PIL import Image

from rarft.harness.errors import RarftError, UserError
from rarft.harness.models.base import Request
from rarft.harness.models.hf_inputs import (
    PROCESSOR_ARGS,
    channels_first,
    make_inputs,
    video_metadata,
)
from rarft.harness.models.messages import Order, chat_text
from rarft.harness.video.frames import Frames

ARCHITECTURES: Final = ("qwen2_5_vl", "qwen3_vl", "internvl")
"""What the hf backend can show a video, by transformers' names."""

LAYOUT_VERSIONS: Final[Mapping[str, str]] = {"qwen3_vl": "1", "internvl": "1"}
"""Raised when the same request would be laid out differently; part of every request's identity."""

_STAMP: Final = re.compile(r"<(\d+\.\d) seconds><\|vision_start\|>")


def laid_out(
    architecture: str,
    processor: Any,
    requests: Sequence[Request],
    frames: Sequence[Frames],
    *,
    order: Order,
    frame_label: str,
) -> Any:
    """Return the tensors of one batch for an architecture, padded on the left.

    Args:
        architecture: One of ARCHITECTURES.
        processor: The checkpoint's own.
        requests: The prompts.
        frames: The frames of each request.
        order: Whether the video or the text comes first.
        frame_label: What stands before each image, with `{time_s}` or `{index}`.

    Raises:
        UserError: the card's frames do not fit the model's patches.
        RarftError: the processor does not give the model the frames' times.
    """
    if architecture != "internvl":
        _check_sides(processor.video_processor, frames)
    if architecture == "qwen3_vl":
        return stamped_inputs(processor, requests, frames, order=order)
    if architecture == "internvl":
        return labelled_inputs(processor, requests, frames, order=order, label=frame_label)
    return make_inputs(processor, requests, frames, order=order)


def _check_sides(video_processor: Any, frames: Sequence[Frames]) -> None:
    factor = video_processor.patch_size * video_processor.merge_size
    for one in frames:
        height, width = one.pixels.shape[1:3]
        if height % factor or width % factor:
            raise UserError(
                f"got frames of {width}x{height} for a model of patches of {factor}x{factor}, "
                f"expected multiples of {factor}; use a card with frames.side_factor {factor}"
            )


def stamped_inputs(
    processor: Any, requests: Sequence[Request], frames: Sequence[Frames], *, order: Order
) -> Any:
    """Return a batch for Qwen3-VL, whose processor writes a time before each pair of frames.

    transformers from 5.10 on leaves the template's two tokens around the whole video, which up to
    4.57, the versions the model came with, gave way to the frames: they are taken out here.

    Raises:
        RarftError: the prompt does not hold the frames' times.
    """
    texts = [chat_text(processor, request, order=order) for request in requests]
    video = processor.video_token
    wrapped = f"{processor.vision_start_token}{video}{processor.vision_end_token}"
    inputs = processor(
        text=[text.replace(wrapped, video) for text in texts],
        videos=[channels_first(one.pixels) for one in frames],
        video_metadata=[_from_start(one) for one in frames],
        padding=True,
        return_tensors="pt",
        **PROCESSOR_ARGS,
    )
    for ids, one in zip(inputs["input_ids"], frames, strict=True):
        stamps = _STAMP.findall(processor.tokenizer.decode(ids, skip_special_tokens=False))
        expected = time_stamps(one, n_temporal=processor.video_processor.temporal_patch_size)
        if stamps != expected:
            raise RarftError(
                f"got a processor that writes the times {' '.join(stamps[:4])} … for frames at "
                f"{one.effective_fps:g} fps, expected {' '.join(expected[:4])} …; install the "
                "pinned transformers"
            )
    return inputs


def time_stamps(frames: Frames, *, n_temporal: int) -> list[str]:
    """Return the middle of each group of frames, in seconds from the first, as Qwen3-VL reads it.

    Example:
        >>> import numpy as np
        >>> frames = Frames(pixels=np.zeros((4, 1, 1, 3), dtype=np.uint8), indices=(60, 80, 100,
        ...                 120), times_s=(2.0, 2.7, 3.3, 4.0), effective_fps=2.0, video_fps=30.0,
        ...                 n_total_frames=61, duration_s=2.0, decoder="")
        >>> time_stamps(frames, n_temporal=2)
        ['0.3', '1.7']
    """
    indices = [index - frames.indices[0] for index in frames.indices]
    indices += indices[-1:] * (-len(indices) % n_temporal)
    groups = [indices[at : at + n_temporal] for at in range(0, len(indices), n_temporal)]
    # In this order, as when the times are written: what is rounded depends on it.
    ends = [(group[0] / frames.video_fps, group[-1] / frames.video_fps) for group in groups]
    return [f"{(first + last) / 2:.1f}" for first, last in ends]


def _from_start(frames: Frames) -> Any:
    """Describe frames with indices that count from the first, which a clip's do not."""
    metadata = video_metadata(frames)
    metadata.frames_indices = [index - frames.indices[0] for index in frames.indices]
    return metadata


def labelled_inputs(
    processor: Any,
    requests: Sequence[Request],
    frames: Sequence[Frames],
    *,
    order: Order,
    label: str,
) -> Any:
    """Return a batch for InternVL: each frame as one image, its time in the text before it.

    Raises:
        RarftError: the processor cuts a frame into several images, or loses one.
    """
    texts, images = [], []
    for request, one in zip(requests, frames, strict=True):
        start_s = request.clip.start_s if request.clip else 0.0
        times_s = [max(time_s - start_s, 0.0) for time_s in one.times_s]
        labels = [label.format(time_s=at, index=index) for index, at in enumerate(times_s)]
        texts.append(chat_text(processor, request, order=order, has_video=False, labels=labels))
        images += [Image.fromarray(pixels) for pixels in one.pixels]
    with warnings.catch_warnings():
        # transformers 5.17 sums a tensor with NumPy, which NumPy 2 warns of.
        warnings.simplefilter("ignore", DeprecationWarning)
        inputs = processor(
            text=texts, images=images, crop_to_patches=False, padding=True, return_tensors="pt"
        )
    n_shown = int((inputs["input_ids"] == processor.image_token_id).sum())
    n_expected = len(images) * processor.image_seq_length
    if len(inputs["pixel_values"]) != len(images) or n_shown != n_expected:
        raise RarftError(
            f"got a processor that makes {len(inputs['pixel_values'])} images and {n_shown} tokens "
            f"of {len(images)} frames, expected one image of {processor.image_seq_length} tokens a "
            "frame; install the pinned transformers"
        )
    return inputs
