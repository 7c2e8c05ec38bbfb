"""Backend for Qwen2.5-VL, Qwen3-VL and InternVL in transformers: frames, times in, text out.

The checkpoint is loaded with the first task, so a dry run or a finished one costs nothing.
"""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import torch
from transformers import GenerationConfig, LogitsProcessorList

from rarft.harness.errors import UserError, VideoError
from rarft.harness.models.answer_opening import (
    OPENING_VERSION,
    Vocabulary,
    find_opening,
    opening_logits,
    time_probability,
)
from rarft.harness.models.base import Request
from rarft.harness.models.card import Card
from rarft.harness.models.checkpoint import (
    Checkpoint,
    CheckpointChoice,
    choose_device,
    choose_dtype,
    load_checkpoint,
)
from rarft.harness.models.fitting_batches import FittingBatches, TooLargeError
from rarft.harness.models.frames_loader import FramesLoader
from rarft.harness.models.hf_arrival import FirstBatch
from rarft.harness.models.hf_generation import (
    check_settings,
    end_token_ids,
    generation_config,
    until_end,
)
from rarft.harness.models.hf_layouts import LAYOUT_VERSIONS, laid_out
from rarft.harness.models.revision import checkpoint_folder, hub_commit, named_checkpoint
from rarft.harness.models.rope_time import POSITIONS_VERSION
from rarft.harness.models.row_sampling import SAMPLING_VERSION, RowSampler, greedy
from rarft.harness.models.sampling import is_sampled
from rarft.harness.models.torch_state import seeded, suitable_threads
from rarft.harness.types import Query, Reply
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.frames import Frames
from rarft.harness.video.reader import decoder_versions

MODEL_ARGS: Final = (
    *("pretrained", "revision", "dtype", "device", "attn_implementation", "score"),
    *("trust_remote_code", "decode_workers"),
)
SCORES: Final = ("none", "logits")


def load(
    card: Card,
    *,
    model_args: Mapping[str, Any],
    generation: Mapping[str, Any],
    batch_size: int,
    seed: int,
    cache: Path,
) -> HfModel:
    """Check the settings of a model; its weights are loaded when they are first needed.

    Raises:
        UserError: a model argument or generation setting is unknown or wrong, or the card has no
            checkpoint or frames.
    """
    unknown = sorted(set(model_args) - set(MODEL_ARGS))
    if unknown:
        raise UserError(
            f"got the model argument {unknown[0]}, expected one of {', '.join(MODEL_ARGS)}"
        )
    check_settings(generation)
    if model_args.get("score") not in (None, *SCORES):
        raise UserError(f"got score={model_args['score']}, expected score=none or score=logits")
    trusts_code = model_args.get("trust_remote_code") or False
    if not isinstance(trusts_code, bool):
        raise UserError(f"got trust_remote_code={trusts_code}, expected true or false")
    n_decoding = model_args.get("decode_workers", 0)
    if type(n_decoding) is not int or n_decoding < 0:
        raise UserError(f"got decode_workers={n_decoding}, expected a whole number from 0")
    checkpoint, revision = named_checkpoint(card, model_args)
    if checkpoint is None:
        raise UserError(
            f"got no checkpoint for model '{card.name}', whose card names none, expected a Hub id "
            "or a folder; give --model_args pretrained=<folder>"
        )
    if card.frames is None:
        raise UserError(f"{card.name}: got a card without frames, expected them for backend hf")
    device = choose_device(str(model_args.get("device", "auto")))
    choice = CheckpointChoice(
        name=checkpoint,
        revision=revision,
        dtype=choose_dtype(str(model_args.get("dtype", "auto")), device),
        device=device,
        attn_implementation=str(model_args.get("attn_implementation", "sdpa")),
        trusts_code=trusts_code,
    )
    frames_loader = FramesLoader(
        card.frames,
        cache=FramesCache(cache / "frames"),
        n_kept=max(batch_size, 1),
        n_processes=n_decoding,
    )
    return HfModel(
        card,
        choice,
        frames_loader,
        generation=generation,
        seed=seed,
        scores_logits=model_args.get("score") == "logits",
    )


class HfModel:
    """One checkpoint, loaded when the first task or batch comes."""

    def __init__(
        self,
        card: Card,
        choice: CheckpointChoice,
        frames_loader: FramesLoader,
        *,
        generation: Mapping[str, Any],
        seed: int,
        scores_logits: bool = False,
    ) -> None:
        self._order = card.order
        self._frame_label = card.frame_label
        self._architecture = card.architecture
        self._batches = FittingBatches()
        self._first_batch = FirstBatch()
        self._form = card.output.form
        self._scores_logits = scores_logits
        self._choice = choice
        self._frames_loader = frames_loader
        self._generation = dict(generation)
        self._seed = seed
        self._loaded: Checkpoint | None = None

    @property
    def engine(self) -> Mapping[str, str]:
        """Return the versions of the libraries, the device and the number format."""
        is_gpu = self._choice.device.type == "cuda"
        device = torch.cuda.get_device_name(self._choice.device) if is_gpu else "cpu"
        # Named where they take part only, so that what they do not change keeps its name.
        sampling = {"sampling": SAMPLING_VERSION} if is_sampled(self._generation) else {}
        scoring = {"answer_opening": OPENING_VERSION} if self._scores_logits else {}
        layout = LAYOUT_VERSIONS.get(self._architecture or "")
        return {
            "torch": torch.__version__,
            "transformers": importlib.metadata.version("transformers"),
            "pillow": importlib.metadata.version("pillow"),
            **decoder_versions(),
            "positions": POSITIONS_VERSION,
            "device": device,
            "dtype": str(self._choice.dtype).removeprefix("torch."),
            "attn_implementation": self._choice.attn_implementation,
            **sampling,
            **scoring,
            **({"layout": layout} if layout else {}),
        }

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the network and its processor, loading them the first time.

        Raises:
            NotFoundError: the checkpoint is not there.
            UserError: it can be shown no video, or cannot be loaded as asked.
        """
        if self._loaded is None:
            self._loaded = load_checkpoint(_pinned(self._choice))
        return self._loaded

    def prepare(self, queries: Sequence[Query]) -> None:
        """Load the checkpoint, so that what is wrong with it shows before the first batch."""
        self._frames_loader.start()
        _ = self.checkpoint

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer one batch, in order; a bad video or too long a prompt fails its request only.

        Raises:
            RarftError: the processor or the network does not get the frames' times.
        """
        replies: dict[int, Reply] = {}
        usable: list[tuple[int, Request, Frames]] = []
        for position, frames in enumerate(self._frames_loader.load(requests)):
            if isinstance(frames, VideoError):
                replies[position] = Reply(failure=str(frames))
            else:
                usable.append((position, requests[position], frames))
        for _, alike in groupby(usable, key=lambda one: sorted(one[1].generation.items())):
            group = list(alike)
            answers = self._answer([one[1] for one in group], [one[2] for one in group])
            replies |= {one[0]: answer for one, answer in zip(group, answers, strict=True)}
        return [replies[position] for position in range(len(requests))]

    def close(self) -> None:
        """Stop the decoding threads and free the weights."""
        self._frames_loader.close()
        self._loaded = None
        if self._choice.device.type == "cuda":
            torch.cuda.empty_cache()

    def _answer(self, requests: Sequence[Request], frames: Sequence[Frames]) -> list[Reply]:
        """Answer requests of equal settings, in batches that fit."""
        pairs = list(zip(requests, frames, strict=True))
        return self._batches.answer(pairs, self._answer_fitting)

    def _answer_fitting(self, pairs: Sequence[tuple[Request, Frames]]) -> list[Reply]:
        """Answer requests at once.

        Raises:
            TooLargeError: they do not fit into memory, or a prompt is too long.
        """
        try:
            return self._answer_at_once([one[0] for one in pairs], [one[1] for one in pairs])
        except torch.OutOfMemoryError as error:
            reason = " ".join(f"{error}".split())[:120]
        # Outside the handler: the exception would keep the batch's tensors alive.
        if self._choice.device.type == "cuda":
            torch.cuda.empty_cache()
        raise TooLargeError(
            f"got one request that does not fit into the memory of {self._choice.device} "
            f"({reason}); free it, give dtype=bfloat16, or fewer frames in a card",
            for_memory=True,
        )

    def _answer_at_once(self, requests: Sequence[Request], frames: Sequence[Frames]) -> list[Reply]:
        started_s = time.perf_counter()
        network, processor = self.checkpoint.network, self.checkpoint.processor
        own = self.checkpoint.own_generation
        settings = generation_config({**self._generation, **requests[0].generation}, own=own)
        with suitable_threads(network):
            inputs = laid_out(
                self.checkpoint.architecture,
                processor,
                requests,
                frames,
                order=self._order,
                frame_label=self._frame_label,
            )
            n_prompt_tokens = inputs["attention_mask"].sum(dim=1).tolist()
            _check_length(max(n_prompt_tokens), settings.max_new_tokens, network.config.text_config)
            inputs = inputs.to(network.device)
            with torch.inference_mode():
                with self._compared(network, inputs, frames):
                    output = self._generated(network, inputs, settings, requests)
                new_tokens = output[:, inputs["input_ids"].shape[1] :].tolist()
                kept = [until_end(token_ids, end_token_ids(own)) for token_ids in new_tokens]
                scores = self._scored(network, inputs, kept)
        seconds = (time.perf_counter() - started_s) / len(requests)
        rows = zip(kept, scores, n_prompt_tokens, frames, strict=True)
        return [
            Reply(
                text=processor.tokenizer.decode(token_ids, skip_special_tokens=False),
                relevance_score=score,
                n_prompt_tokens=n_prompt,
                n_new_tokens=len(token_ids),
                n_frames=one.n_frames,
                effective_fps=one.effective_fps,
                seconds=seconds,
            )
            for token_ids, score, n_prompt, one in rows
        ]

    def _compared(
        self, network: Any, inputs: Any, frames: Sequence[Frames]
    ) -> AbstractContextManager[None]:
        """Compare the first batch as the network sees it, where its positions carry the times."""
        if self.checkpoint.architecture != "qwen2_5_vl":
            return nullcontext()
        return self._first_batch.compared(network, inputs, frames)

    def _generated(
        self, network: Any, inputs: Any, settings: GenerationConfig, requests: Sequence[Request]
    ) -> torch.Tensor:
        """Return prompts and replies. Shape: (batch, tokens).

        Each request samples from its own generator; only beams share one, that of the first.
        """
        seeds = [f"{self._seed} {request.key}" for request in requests]
        drawing = LogitsProcessorList()
        if settings.do_sample and (settings.num_beams or 1) == 1:
            drawing.append(RowSampler(settings, seeds, device=network.device))
            settings = greedy(settings)
        with seeded(seeds[0]):
            tokens: torch.Tensor = network.generate(
                **inputs, generation_config=settings, logits_processor=drawing
            )
        return tokens

    def _scored(
        self, network: Any, inputs: Any, replies: Sequence[Sequence[int]]
    ) -> list[float | None]:
        """Return how likely each answer was to open with a time, where that is asked for."""
        if not self._scores_logits:
            return [None] * len(replies)
        vocabulary = self._vocabulary
        openings = [find_opening(reply, vocabulary, form=self._form) for reply in replies]
        if not any(openings):
            return [None] * len(replies)
        rows = opening_logits(network, inputs, replies, openings)
        return [
            time_probability(row, one, vocabulary) if one else None
            for row, one in zip(rows, openings, strict=True)
        ]

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.checkpoint.processor.tokenizer)


def _pinned(choice: CheckpointChoice) -> CheckpointChoice:
    """Name the very commit where one is known, as the run's identity does."""
    if Path(checkpoint_folder(choice.name)).is_dir():
        return choice
    return replace(choice, revision=hub_commit(choice.name, choice.revision) or choice.revision)


def _check_length(n_prompt_tokens: int, n_new_tokens: int, text_config: Any) -> None:
    limit = text_config.max_position_embeddings
    if n_prompt_tokens + n_new_tokens > limit:
        raise TooLargeError(
            f"got a prompt of {n_prompt_tokens} tokens, expected at most {limit - n_new_tokens} "
            f"before {n_new_tokens} new ones",
            for_memory=False,
        )
