"""What a backend receives and returns; every file beside this one implements Model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rarft.harness.types import Query, Reply, Span
from rarft.harness.video.input import VideoInput


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFile:
    """A video on this machine; `sha256` names its content, so that a replaced file is noticed."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a model, fully rendered.

    `key` is the digest of everything that can change the reply. `prompt` is the user's text with
    the query filled in. `video` is None for models that read no video; `video_input` says whether
    it is the query's own, stands for black frames, or is another video. `repeat` counts from 0 the
    times that one question is asked.
    """

    key: str
    query: Query
    prompt: str
    system: str | None = None
    video: VideoFile | None = None
    generation: Mapping[str, Any] = field(default_factory=dict)
    video_input: VideoInput = "shown"
    repeat: int = 0

    @property
    def clip(self) -> Span | None:
        """Return the part of the video to sample: the query's clip, and all of another video."""
        return None if self.video_input == "other" else self.query.clip


class Model(Protocol):
    """A backend holding one loaded model."""

    @property
    def engine(self) -> Mapping[str, str]:
        """Return the names and versions of the libraries that produce the replies."""

    def prepare(self, queries: Sequence[Query]) -> None:
        """See every query of a task before its first request; most models ignore it."""

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer one batch, in order; a request that fails becomes Reply(failure=reason)."""

    def close(self) -> None:
        """Release what the model holds."""
