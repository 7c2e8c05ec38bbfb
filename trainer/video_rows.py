"""The videos of training rows as tensors, decoded and preprocessed once for all their copies.

A group asks one question about one video several times, and an epoch asks several questions about
it: all of them share one tensor.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import torch

from rarft.harness.errors import VideoError
from rarft.harness.models.hf_inputs import (
    PROCESSOR_ARGS,
    channels_first,
    video_inputs,
    video_metadata,
)
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.content import content_hash
from rarft.harness.video.frames import Frames, frames_key, load_frames
from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.prompts import VideoSource

DEFAULT_MAX_BYTES: Final = 4 * 1024**3
_MAX_THREADS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VideoRow:
    """One video as a Qwen2.5-VL takes it.

    `pixels` has Shape: (patches, values of a patch), `grid` has Shape: (1, 3), patches in time,
    height and width. `seconds_per_patch` is the time that one patch covers, and `n_tokens` how many
    tokens of a prompt stand for the video. `frames` are what a rollout engine is given that
    preprocesses them itself, and `key` names them: equal keys are equal frames at equal times.
    """

    key: str
    source: VideoSource
    pixels: torch.Tensor
    grid: torch.Tensor
    seconds_per_patch: float
    n_tokens: int
    frames: Frames

    @property
    def n_bytes(self) -> int:
        """Return the memory it takes."""
        return self.pixels.nbytes + self.frames.pixels.nbytes


class VideoStore:
    """The videos used last, at most `max_bytes` of them, by content and policy.

    `n_decoded` counts how often a video was decoded, or read from `frames_cache`. With `max_bytes`
    0 nothing is kept, and every copy of a group is decoded again.
    """

    def __init__(
        self,
        processor: Any,
        policy: FramesPolicy,
        *,
        frames_cache: FramesCache | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
    ) -> None:
        self.n_decoded = 0
        self._processor = processor
        self._policy = policy
        self._frames_cache = frames_cache
        self._max_bytes = max_bytes
        self._rows: OrderedDict[str, VideoRow] = OrderedDict()
        self._failures: dict[VideoSource, str] = {}

    def load(self, source: VideoSource) -> VideoRow:
        """Return one video.

        Raises:
            VideoError: the file cannot be used; the message names it.
        """
        (loaded,) = self.load_all([source])
        if isinstance(loaded, VideoError):
            raise loaded
        return loaded

    def load_all(self, sources: Sequence[VideoSource]) -> list[VideoRow | VideoError]:
        """Return videos in order, each distinct one loaded once, or why there are none.

        A video that failed is not tried again.
        """
        if self._max_bytes == 0:
            self.n_decoded += len(sources)
            return [self._try(source) for source in sources]
        loaded: dict[VideoSource, VideoRow | VideoError] = {}
        for source in dict.fromkeys(sources):
            kept = self._kept(source)
            if kept is not None:
                loaded[source] = kept
        missing = [source for source in dict.fromkeys(sources) if source not in loaded]
        self.n_decoded += len(missing)
        with ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as pool:
            for source, row in zip(missing, pool.map(self._try, missing), strict=True):
                loaded[source] = row
                if isinstance(row, VideoError):
                    self._failures[source] = str(row)
                else:
                    self._keep(row)
        return [loaded[source] for source in sources]

    def _kept(self, source: VideoSource) -> VideoRow | VideoError | None:
        if source in self._failures:
            return VideoError(self._failures[source])
        try:
            row = self._rows.get(self._key(source))
        except VideoError as error:
            self._failures[source] = str(error)
            return error
        if row is not None:
            self._rows.move_to_end(self._key(source))
        return row

    def _keep(self, row: VideoRow) -> None:
        self._rows[row.key] = row
        n_bytes = sum(one.n_bytes for one in self._rows.values())
        while n_bytes > self._max_bytes and len(self._rows) > 1:
            n_bytes -= self._rows.popitem(last=False)[1].n_bytes

    def _key(self, source: VideoSource) -> str:
        return frames_key(content_hash(source.path), self._policy, clip=source.clip)

    def _try(self, source: VideoSource) -> VideoRow | VideoError:
        try:
            key = self._key(source)
            frames = load_frames(
                source.path, self._policy, clip=source.clip, cache=self._frames_cache
            )
        except VideoError as error:
            return error
        return video_row(self._processor, source, frames, key=key)


def video_row(processor: Any, source: VideoSource, frames: Frames, *, key: str) -> VideoRow:
    """Preprocess the frames of one video.

    Raises:
        RarftError: the processor changed the frames or got their rate wrong.
    """
    inputs = video_inputs(processor, [processor.video_token], [frames])
    return VideoRow(
        key=key,
        source=source,
        pixels=inputs["pixel_values_videos"],
        grid=inputs["video_grid_thw"],
        seconds_per_patch=float(inputs["second_per_grid_ts"][0]),
        n_tokens=int(inputs["input_ids"].shape[1]),
        frames=frames,
    )


def raw_patches(processor: Any, row: VideoRow) -> torch.Tensor:
    """Return the patches of a video as they were before they were scaled and normalised.

    Returns:
        Values from 0 to 255, of the shape of the row's own patches.
    """
    made = processor.video_processor(
        videos=[channels_first(row.frames.pixels)],
        video_metadata=[video_metadata(row.frames)],
        do_rescale=False,
        do_normalize=False,
        return_tensors="pt",
        **PROCESSOR_ARGS,
    )
    patches: torch.Tensor = made["pixel_values_videos"].to(torch.uint8)
    assert patches.shape == row.pixels.shape
    return patches
