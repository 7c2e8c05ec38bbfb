"""Backend for the Qwen2.5-VL family in vLLM: an offline engine that batches across videos.

Requests go to the engine as their frames become ready. The first batch is compared with the
model's own processor, tokens and times, before any of its replies is stored.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import ReplyError, UserError
from rarft.harness.models.base import Request
from rarft.harness.models.card import Card
from rarft.harness.models.hf_generation import check_settings
from rarft.harness.models.hf_inputs import PROCESSOR_ARGS
from rarft.harness.models.revision import named_checkpoint
from rarft.harness.models.rope_time import POSITIONS_VERSION
from rarft.harness.models.row_sampling import SAMPLING_VERSION
from rarft.harness.models.sampling import is_sampled
from rarft.harness.models.vllm_checkpoint import VllmCheckpoint, one_line, read_checkpoint
from rarft.harness.models.vllm_host import EngineHost
from rarft.harness.models.vllm_installed import device_name, vllm_version
from rarft.harness.models.vllm_prompts import check_arrived
from rarft.harness.models.vllm_settings import (
    LOAD_FORMATS,
    VllmSettings,
    check_decoding,
    largest_bytes,
    largest_video,
    read_settings,
    sampling_arguments,
)
from rarft.harness.models.vllm_window import Answer, Window, answer_all
from rarft.harness.models.vllm_worker import WORKER_EXTENSION, ids_digest
from rarft.harness.types import Query, Reply
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.decoding_pool import DecodingPool
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.reader import decoder_versions

_LOG: Final = logging.getLogger(__name__)
_MAX_THREADS: Final = 8
N_COMPARED: Final = 8
"""How many prompts of the first batch are compared with the processor."""
_MAX_DEATHS: Final = 2
"""So many engine deaths in a row end the run; after fewer the engine is started again."""


def load(
    card: Card,
    *,
    model_args: Mapping[str, Any],
    generation: Mapping[str, Any],
    batch_size: int,
    seed: int,
    cache: Path,
) -> VllmModel:
    """Check the settings of a model; the engine starts with the first task.

    Raises:
        UserError: a model argument or generation setting is unknown, wrong or not possible in
            vLLM, or the card has no checkpoint or frames.
    """
    settings = read_settings(model_args)
    check_settings(generation)
    check_decoding(generation)
    checkpoint, revision = named_checkpoint(card, model_args)
    if checkpoint is None:
        raise UserError(
            f"got no checkpoint for model '{card.name}', whose card names none, expected a Hub id "
            "or a folder; give --model_args pretrained=<folder>"
        )
    if card.frames is None:
        raise UserError(f"{card.name}: got a card without frames, expected them for backend vllm")
    return VllmModel(
        card,
        settings,
        policy=card.frames,
        named=(checkpoint, revision),
        generation=generation,
        seed=seed,
        cache=cache,
    )


class VllmModel:
    """One engine for the whole run, started with the first task or batch."""

    def __init__(
        self,
        card: Card,
        settings: VllmSettings,
        *,
        policy: FramesPolicy,
        named: tuple[str, str | None],
        generation: Mapping[str, Any],
        seed: int,
        cache: Path,
    ) -> None:
        self._order = card.order
        self._settings = settings
        self._policy = policy
        self._named = named
        self._generation = dict(generation)
        self._seed = seed
        self._cache = cache
        self._decoding = DecodingPool(
            policy, cache=FramesCache(cache / "frames"), n_processes=settings.n_decoding
        )
        n_threads = min(_MAX_THREADS, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(max_workers=max(n_threads, settings.n_decoding))
        self._read: VllmCheckpoint | None = None
        self._host: EngineHost | None = None
        self._is_compared = False
        self._n_deaths = 0
        self._n_batches = 0

    @property
    def engine(self) -> Mapping[str, str]:
        """Return the versions of the libraries, the device and the number format."""
        positions = "stock" if self._settings.allows_time_mismatch else POSITIONS_VERSION
        sampling = {"sampling": SAMPLING_VERSION} if is_sampled(self._generation) else {}
        return {
            "vllm": vllm_version(),
            "torch": importlib.metadata.version("torch"),
            "transformers": importlib.metadata.version("transformers"),
            "pillow": importlib.metadata.version("pillow"),
            **decoder_versions(),
            "positions": positions,
            "device": device_name(),
            "dtype": self._dtype,
            **sampling,
        }

    @property
    def checkpoint(self) -> VllmCheckpoint:
        """Return processor and end tokens, reading them the first time.

        Raises:
            NotFoundError: the checkpoint is not there.
            UserError: vLLM is known to get its time wrong, or it is of another kind.
        """
        if self._read is None:
            name, revision = self._named
            self._read = read_checkpoint(
                name,
                revision,
                cache=self._cache,
                allows_time_mismatch=self._settings.allows_time_mismatch,
                trusts_code=bool(self._settings.engine_args.get("trust_remote_code")),
            )
        return self._read

    def prepare(self, queries: Sequence[Query]) -> None:
        """Start the engine, so that what is wrong with it shows before the first batch."""
        _ = self._running

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer one batch, in order; a bad video or too long a prompt fails its request only.

        Raises:
            ReplyError: the engine died; the next batch starts another.
            UserError: it died again at once, or does not see the tokens and times it should.
        """
        if not requests:
            return []
        started_s = time.perf_counter()
        answers = self.answers(requests)
        seconds = (time.perf_counter() - started_s) / len(requests)
        return [
            one.reply if one.reply.failure else replace(one.reply, seconds=seconds)
            for one in answers
        ]

    def answers(
        self, requests: Sequence[Request], *, n_logprobs: int | None = None
    ) -> list[Answer]:
        """Answer one batch, with the log-probabilities of so many first tokens where asked for."""
        from vllm.v1.engine.exceptions import EngineDeadError

        host = self._running
        is_first = not self._is_compared and self.checkpoint.has_trained_time
        n_compared = N_COMPARED if is_first else 0
        window = self._window(host, n_logprobs=n_logprobs)
        try:
            answers = host.run(answer_all(window, requests, n_compared=n_compared))
            if is_first:
                self._compare(host, answers)
        except EngineDeadError as error:
            raise self._buried(error) from error
        self._n_deaths = 0
        return answers

    @property
    def positions_count(self) -> tuple[int, int]:
        """Return how many prompts the engine placed, and for how many its own places differ."""
        n_prompts, n_different = self._running.call_workers("positions_count")
        return n_prompts, n_different

    def forget(self) -> None:
        """Empty the engine's caches, so that the next batch finds nothing done before."""
        self._running.forget()

    def close(self) -> None:
        """Stop what decodes, and the engine."""
        self._decoding.close()
        self._threads.shutdown(cancel_futures=True)
        self._stop()

    @property
    def _dtype(self) -> str:
        """Return the number format, which is the hf backend's own choice where none is named."""
        if self._settings.dtype != "auto":
            return self._settings.dtype
        return "float32" if device_name() == "cpu" else "bfloat16"

    @property
    def _running(self) -> EngineHost:
        if self._host is None:
            checkpoint = self.checkpoint
            # Their imports are done by the time the engine is there.
            self._decoding.start()
            self._host = EngineHost(self._engine_args(checkpoint))
            if checkpoint.has_trained_time:
                mends = not self._settings.allows_time_mismatch
                self._host.call_workers("watch_positions", mends)
        return self._host

    def _engine_args(self, checkpoint: VllmCheckpoint) -> dict[str, Any]:
        return {
            "model": checkpoint.source,
            "revision": checkpoint.revision,
            "tokenizer_revision": checkpoint.revision,
            "dtype": self._dtype,
            "seed": self._seed,
            "generation_config": "vllm",
            "load_format": LOAD_FORMATS[0],
            "limit_mm_per_prompt": {"image": 0, "video": largest_video(self._policy)},
            "mm_processor_kwargs": PROCESSOR_ARGS,
            "worker_extension_cls": WORKER_EXTENSION,
            "enable_log_requests": False,
            "use_tqdm_on_load": False,
            "disable_log_stats": True,
            **self._settings.engine_args,
        }

    def _window(self, host: EngineHost, *, n_logprobs: int | None) -> Window:
        checkpoint = self.checkpoint
        self._n_batches += 1

        def sampling(request: Request) -> dict[str, Any]:
            arguments = sampling_arguments(
                {**self._generation, **request.generation},
                shipped=checkpoint.shipped,
                end_tokens=checkpoint.end_tokens,
                seed=f"{self._seed} {request.key}",
            )
            return arguments | ({"logprobs": n_logprobs} if n_logprobs else {})

        return Window(
            engine=host.engine,
            checkpoint=checkpoint,
            order=self._order,
            decoding=self._decoding,
            threads=self._threads,
            sampling=sampling,
            max_model_len=host.max_model_len,
            n_requests=self._settings.window,
            n_bytes=self._settings.frames_memory_bytes,
            largest_bytes=largest_bytes(self._policy),
            batch_name=str(self._n_batches),
        )

    def _compare(self, host: EngineHost, answers: Sequence[Answer]) -> None:
        """Compare what the engine saw with what it should have seen, until there was something."""
        pairs = [
            (one.expected, one.engine_ids)
            for one in answers
            if one.expected is not None and not one.reply.failure
        ]
        if not pairs:
            return
        expected, engine_ids = zip(*pairs, strict=True)
        seen = host.call_workers("seen_positions", [ids_digest(one.ids) for one in expected])
        try:
            check_arrived(expected, engine_ids, seen)
        except UserError as error:
            if not self._settings.allows_time_mismatch:
                raise
            _LOG.warning("%s", error)
        n_prompts, n_different = self.positions_count
        if n_different:
            _LOG.warning(
                "vLLM places the frames of %d of the first %d prompts differently from the trained "
                "positions, which %s",
                n_different,
                n_prompts,
                "are not used" if self._settings.allows_time_mismatch else "are used instead",
            )
        self._is_compared = True

    def _buried(self, error: Exception) -> ReplyError | UserError:
        """Put a dead engine away; returns what to raise."""
        self._n_deaths += 1
        self._stop()
        if self._n_deaths < _MAX_DEATHS:
            return ReplyError(f"vLLM's engine died ({one_line(error)})")
        return UserError(
            f"got an engine that died {self._n_deaths} times in a row ({one_line(error)}); lower "
            "gpu_memory_utilization, max_num_seqs or max_model_len in --model_args, or see "
            "vLLM's own lines with VLLM_LOGGING_LEVEL=INFO"
        )

    def _stop(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None
