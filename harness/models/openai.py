"""Backend for any OpenAI-compatible server: vLLM, SGLang, a hosted API.

A server is first spoken to when the first task comes, so a dry run or a finished one needs none.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import PIL

from rarft.harness.errors import UserError
from rarft.harness.llm.endpoint import find_endpoint
from rarft.harness.llm.event_loop import run_in_loop
from rarft.harness.llm.line import Gate
from rarft.harness.llm.settings import LLMSettings
from rarft.harness.models.base import Request
from rarft.harness.models.card import Card
from rarft.harness.models.openai_batch import Conversation, answer_batch
from rarft.harness.models.openai_body import LAYOUT_VERSION, check_generation, check_label
from rarft.harness.models.openai_server import find_kind
from rarft.harness.models.openai_settings import ServerKind, ServerSettings, read_settings
from rarft.harness.models.openai_video import VideoParts
from rarft.harness.types import Query, Reply
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.reader import decoder_versions


def load(
    card: Card,
    *,
    model_args: Mapping[str, Any],
    generation: Mapping[str, Any],
    batch_size: int,
    seed: int,
    cache: Path,
) -> OpenAIModel:
    """Check the settings of a model; its server is asked for nothing yet.

    Raises:
        UserError: a model argument or generation setting is unknown or wrong, or the card has no
            frames or a label that cannot be filled.
    """
    settings = read_settings(card, model_args)
    check_generation(generation)
    check_label(card)
    if card.frames is None:
        raise UserError(f"{card.name}: got a card without frames, expected them for backend openai")
    videos = VideoParts(
        card.frames, settings, label=card.frame_label, cache=FramesCache(cache / "frames")
    )
    return OpenAIModel(card, settings, videos, generation=generation, seed=seed)


class OpenAIModel:
    """One model behind a server."""

    def __init__(
        self,
        card: Card,
        settings: ServerSettings,
        videos: VideoParts,
        *,
        generation: Mapping[str, Any],
        seed: int,
    ) -> None:
        self._card = card
        self._settings = settings
        self._videos = videos
        self._generation = dict(generation)
        self._seed = seed
        self._endpoint = find_endpoint(
            LLMSettings(model=settings.model, base_url=settings.base_url)
        )
        self._gate = Gate(rng=random.Random())
        self._conversation: Conversation | None = None

    @property
    def engine(self) -> Mapping[str, str]:
        """Return the form in which videos are sent, and the versions that make their frames."""
        form = {"layout": LAYOUT_VERSION, **self._settings.input_form}
        if self._settings.video == "url":
            return form
        label = {"frame_label": self._card.frame_label} if self._settings.video == "frames" else {}
        return {**form, **label, "pillow": PIL.__version__, **decoder_versions()}

    def prepare(self, queries: Sequence[Query]) -> None:
        """Ask the server what it is, so that a wrong address or key shows before the first batch.

        Raises:
            UserError: the server cannot be asked, or cannot take videos in the form wanted.
        """
        self._ready()

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer one batch, in order; a bad video or a fault of the server fails its request only.

        Raises:
            UserError: no request can be answered, for example because the key is wrong.
        """
        if self._settings.video == "url" and any(r.video_input == "black" for r in requests):
            raise UserError(
                "got --video_input black with video=url, whose file the server reads, expected "
                "video=frames or video=joined"
            )
        conversation = self._ready()
        return run_in_loop(lambda: answer_batch(conversation, requests, self._gate))

    def close(self) -> None:
        """Stop the decoding threads."""
        self._videos.close()

    def _ready(self) -> Conversation:
        if self._conversation is None:
            self._conversation = Conversation(
                card=self._card,
                settings=self._settings,
                endpoint=self._endpoint,
                kind=self._find_kind(),
                videos=self._videos,
                seed=self._seed,
            )
        return self._conversation

    def _find_kind(self) -> ServerKind:
        settings = self._settings
        kind = settings.server
        if kind == "auto":
            kind = run_in_loop(lambda: find_kind(self._endpoint, settings))
        if settings.video == "joined" and kind != "vllm":
            raise UserError(
                f"got video=joined with a server of kind {kind}, which would lose the frames' "
                "times, expected vLLM; use video=frames, or server=vllm if it is one"
            )
        return kind
