"""From a file and a policy to the frames a model sees, decoded once."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarft.harness.errors import VideoError
from rarft.harness.types import Span
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.content import content_hash
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.reader import OpenVideo, decoder_versions, with_video
from rarft.harness.video.resize import frame_size
from rarft.harness.video.sampling import clip_bounds, effective_fps, sample_indices


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frames:
    """The sampled frames of one video or clip.

    `pixels` has Shape: (n_frames, height, width, 3) and may be read-only. `indices` and `times_s`
    count from the start of the file, also for a clip, whose `n_total_frames` and `duration_s` are
    its own. `effective_fps` is n_frames / n_total_frames * video_fps.
    """

    pixels: NDArray[np.uint8]
    indices: tuple[int, ...]
    times_s: tuple[float, ...]
    effective_fps: float
    video_fps: float
    n_total_frames: int
    duration_s: float
    decoder: str

    @property
    def n_frames(self) -> int:
        """Return how many frames there are."""
        return len(self.indices)


def load_frames(
    path: Path,
    policy: FramesPolicy,
    *,
    clip: Span | None = None,
    cache: FramesCache | None = None,
    sha256: str | None = None,
) -> Frames:
    """Return the frames of a video, from the cache where they are there.

    Args:
        path: The video file.
        policy: Which frames, and at what size.
        clip: The part to sample; the whole video when None.
        cache: Where decoded frames are kept; decoded anew when None.
        sha256: The content hash of the file, where the caller has it already.

    Raises:
        VideoError: the file cannot be used, or the clip holds no frame; the message names the file.
    """
    if cache is None:
        return decode_frames(path, policy, clip=clip)
    key = frames_key(sha256 or content_hash(path), policy, clip=clip)
    kept = kept_frames(key, cache)
    if kept is not None:
        return kept
    frames = decode_frames(path, policy, clip=clip)
    cache.put(key, frames.pixels, about_frames(frames))
    return frames


def kept_frames(key: str, cache: FramesCache) -> Frames | None:
    """Return the frames that the cache holds under a key, None where it has none."""
    kept = cache.get(key)
    if kept is None:
        return None
    pixels, about = kept
    return Frames(pixels=pixels, **{name: _tuple(value) for name, value in about.items()})


def about_frames(frames: Frames) -> dict[str, Any]:
    """Return all that is known of frames but their pixels."""
    return {name: getattr(frames, name) for name in Frames.__slots__ if name != "pixels"}


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def frames_key(sha256: str, policy: FramesPolicy, *, clip: Span | None) -> str:
    """Return the digest of everything that can change the pixels.

    The processor counts: the colour conversion of FFmpeg rounds differently on others.
    """
    identity = {
        "content": sha256,
        "policy": policy.to_json(),
        "clip": [clip.start_s, clip.end_s] if clip else None,
        "decoders": decoder_versions(),
        "resized_by": {"torch": version("torch")},
        "machine": platform.machine(),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def decode_frames(path: Path, policy: FramesPolicy, *, clip: Span | None = None) -> Frames:
    """Decode, sample and resize a video, without any cache.

    Raises:
        VideoError: the file cannot be used, or the clip holds no frame; the message names the file.
    """

    def sample(video: OpenVideo) -> Frames:
        info = video.info
        first, last = clip_bounds(info.n_frames, info.fps, clip)
        indices = sample_indices(info.n_frames, info.fps, policy, clip)
        height, width = frame_size(info.height, info.width, len(indices), policy)
        n_total_frames = last - first + 1
        return Frames(
            pixels=video.read(indices, height=height, width=width),
            indices=tuple(indices),
            times_s=tuple(video.times_s(indices)),
            effective_fps=effective_fps(len(indices), n_total_frames, info.fps),
            video_fps=info.fps,
            n_total_frames=n_total_frames,
            duration_s=n_total_frames / info.fps,
            decoder=info.decoder,
        )

    try:
        return with_video(path, sample)
    except VideoError as error:
        message = str(error)
        named = message if message.startswith(path.name) else f"{path.name}: {message}"
        raise VideoError(named) from error
