"""A video as parts of a message: images with their times, one part of frames, or its address."""

from __future__ import annotations

import base64
import io
import mimetypes
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rarft.harness.errors import VideoError
from rarft.harness.models.base import Request
from rarft.harness.models.openai_settings import ServerSettings
from rarft.harness.types import Span
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.frames import Frames, load_frames
from rarft.harness.video.input import blacken
from rarft.harness.video.locate import video_roots
from rarft.harness.video.policy import FramesPolicy

Json = dict[str, Any]

MOST_FILE_BYTES: Final = 128 * 2**20
_N_THREADS: Final = 4
_N_KEPT: Final = 2
_COPIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVideo:
    """What a message says of a video, and what vLLM is told beside it.

    `n_frames` and `effective_fps` are None where the server samples the frames.
    """

    parts: tuple[Json, ...]
    video_settings: Mapping[str, Any] = field(default_factory=dict)
    n_frames: int | None = None
    effective_fps: float | None = None


class VideoParts:
    """A few threads that decode and encode, and the videos made last: queries share a video."""

    def __init__(
        self,
        policy: FramesPolicy,
        settings: ServerSettings,
        *,
        label: str,
        cache: FramesCache | None,
    ) -> None:
        self._policy = policy
        self._settings = settings
        self._label = label
        self._cache = cache
        self._pool = ThreadPoolExecutor(max_workers=_N_THREADS)
        self._made: OrderedDict[tuple[str, Span | None, str], Future[ShownVideo]] = OrderedDict()

    def start(self, request: Request) -> Future[ShownVideo]:
        """Begin to make the parts of a request's video; not for several threads at once.

        The future raises VideoError where the video cannot be shown.
        """
        if request.video is None:
            refused: Future[ShownVideo] = Future()
            refused.set_exception(VideoError("got a request without a video, expected one"))
            return refused
        key = (request.video.sha256, request.clip, request.video_input)
        if key not in self._made:
            self._made[key] = self._pool.submit(self._make, request)
        self._made.move_to_end(key)
        future = self._made[key]
        if len(self._made) > _N_KEPT:
            self._made.popitem(last=False)
        return future

    def most_bytes(self, request: Request) -> int:
        """Return an upper estimate of the memory that a request's video takes on its way."""
        settings, policy = self._settings, self._policy
        if settings.video != "url":
            is_png = settings.image_format == "png"
            n_pixels = max(
                policy.frame_factor * policy.total_pixels,
                int(1.05 * policy.min_pixels) * policy.max_frames,
            )
            return n_pixels * 3 * _COPIES // (1 if is_png else 4)
        if settings.transport != "base64" or request.video is None:
            return 0
        path = request.video.path
        return path.stat().st_size * _COPIES * 4 // 3 if path.is_file() else 0

    def close(self) -> None:
        """Stop the threads and forget the videos."""
        self._pool.shutdown(cancel_futures=True)
        self._made.clear()

    def _make(self, request: Request) -> ShownVideo:
        if self._settings.video == "url":
            return _named_file(request, self._policy, self._settings)
        assert request.video is not None
        frames = load_frames(
            request.video.path,
            self._policy,
            clip=request.clip,
            cache=self._cache,
            sha256=request.video.sha256,
        )
        if request.video_input == "black":
            frames = blacken(frames)
        images = [_encoded(one, self._settings) for one in frames.pixels]
        if self._settings.video == "joined":
            return _joined(images, frames)
        start_s = request.clip.start_s if request.clip else 0.0
        kind = "image/png" if self._settings.image_format == "png" else "image/jpeg"
        parts: list[Json] = []
        for index, (image, time_s) in enumerate(zip(images, frames.times_s, strict=True)):
            label = self._label.format(time_s=max(time_s - start_s, 0.0), index=index)
            url = f"data:{kind};base64,{image}"
            parts.append({"type": "text", "text": label})
            parts.append({"type": "image_url", "image_url": {"url": url}})
        return ShownVideo(
            parts=tuple(parts), n_frames=frames.n_frames, effective_fps=frames.effective_fps
        )


def _encoded(pixels: NDArray[np.uint8], settings: ServerSettings) -> str:
    """Return one frame as an image in base64; JPEG keeps all of its colours' pixels."""
    content = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if settings.image_format == "png":
        image.save(content, "PNG", compress_level=1)
    else:
        image.save(content, "JPEG", quality=settings.quality, subsampling=0)
    return base64.b64encode(content.getvalue()).decode()


def _joined(images: list[str], frames: Frames) -> ShownVideo:
    """Return the frames as one video, with what vLLM needs to arrive at their effective rate.

    vLLM reads a list of images of any format where the media type is video/jpeg. The frames have
    their final size already.
    """
    url = "data:video/jpeg;base64," + ",".join(images)
    metadata = {
        "num_frames": frames.n_frames,
        "fps": frames.video_fps,
        "frames_indices": list(frames.indices),
        "total_num_frames": frames.n_total_frames,
        "duration": frames.duration_s,
        "do_sample_frames": False,
    }
    return ShownVideo(
        parts=({"type": "video_url", "video_url": {"url": url}},),
        video_settings={
            "media_io_kwargs": {"video": metadata},
            "mm_processor_kwargs": {
                "do_resize": False,
                "do_sample_frames": False,
                "cap_pixels_per_frame": False,
            },
        },
        n_frames=frames.n_frames,
        effective_fps=frames.effective_fps,
    )


def _named_file(request: Request, policy: FramesPolicy, settings: ServerSettings) -> ShownVideo:
    """Return the file itself, which the server reads and samples at the card's rate if it can."""
    assert request.video is not None
    path = request.video.path
    if request.clip is not None:
        raise VideoError(
            f"{path.name}: got a query of a clip with video=url, which shows the whole file, "
            "expected video=frames or video=joined"
        )
    if not path.is_file():
        raise VideoError(f"{path.name}: got no such file, expected a video; restore it")
    parts = ({"type": "video_url", "video_url": {"url": _address(path, settings)}},)
    if settings.sampling == "server":
        return ShownVideo(parts=parts)
    return ShownVideo(
        parts=parts,
        video_settings={
            "media_io_kwargs": {"video": {"fps": policy.fps, "num_frames": policy.max_frames}},
            "mm_processor_kwargs": {"fps": policy.fps},
        },
    )


def _address(path: Path, settings: ServerSettings) -> str:
    if settings.transport == "file":
        return path.absolute().as_uri()
    if settings.transport == "http":
        return f"{settings.url_prefix.rstrip('/')}/{quote(_path_under_root(path))}"
    n_bytes = path.stat().st_size
    if n_bytes > MOST_FILE_BYTES:
        raise VideoError(
            f"{path.name}: got a file of {n_bytes / 2**20:.0f} MiB, expected at most "
            f"{MOST_FILE_BYTES // 2**20} MiB with transport=base64; use transport=file or http"
        )
    kind = mimetypes.guess_type(path.name)[0] or "video/mp4"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VideoError(
            f"{path.name}: got a file that cannot be read ({error.strerror}), expected a video; "
            "check its permissions"
        ) from error
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _path_under_root(path: Path) -> str:
    for root in map(Path.absolute, video_roots()):
        if path.absolute().is_relative_to(root):
            return path.absolute().relative_to(root).as_posix()
    raise VideoError(
        f"{path.name}: got a video outside the folders in RARFT_VIDEOS, expected it under one, as "
        "transport=http names it by its path from there"
    )
