"""Rollouts by a vLLM engine in the training process, which sees the frames that training sees.

TRL 1.16 hands vLLM the expanded ids and no video. Here the engine gets ids in which one token
stands for the video, and the frames: it expands that token itself, and ids that are expanded
already it would expand once more, without an error. So the ids it read are compared every time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Final

import numpy as np
from trl.generation.vllm_generation import VLLMGeneration, extract_logprobs

from rarft.harness.errors import RarftError, UserError
from rarft.harness.models.hf_inputs import PROCESSOR_ARGS
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.resize import frame_size
from rarft.trainer.engine_reply import N_PROBED, EngineReply
from rarft.trainer.video_rows import VideoRow

_MIN_BATCHED_TOKENS: Final = 4096
_TEXT_TOKENS: Final = 1024
_PIXELS_PER_TOKEN: Final = 28 * 28
CurrentRows = Callable[[], Sequence[VideoRow | None]]


class VideoVLLM(VLLMGeneration):
    """TRL's colocated engine with videos; weights are synchronised as TRL does.

    Args:
        policy: Which frames are seen, so that the engine keeps room for the largest video.
        rows: Returns the videos of the prompts at hand.
        video_token_id: The placeholder.
        end_tokens: Every token that ends a reply.
        settings: What TRL's constructor takes.

    Raises:
        UserError: several GPUs are to share an engine, or vLLM is not installed.
    """

    def __init__(
        self,
        *,
        policy: FramesPolicy,
        rows: CurrentRows,
        video_token_id: int,
        end_tokens: Sequence[int],
        **settings: Any,
    ) -> None:
        self._policy = policy
        self._rows = rows
        self._video_token_id = video_token_id
        self._end_tokens = list(end_tokens)
        super().__init__(**settings)

    def _init_vllm(self) -> None:
        if self.tensor_parallel_size > 1:
            raise UserError(
                f"got vllm_tensor_parallel_size={self.tensor_parallel_size}, expected 1 for "
                "colocated rollouts with video; give 1, or vllm_mode=server"
            )
        # Weights are handed over as tensors, for which the engine must live in this process.
        os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
        try:
            from vllm import LLM
        except ImportError as error:
            raise UserError(
                "got use_vllm=true without vllm, expected it installed; pip install rarft[vllm]"
            ) from error
        is_gpu = self.accelerator.device.type == "cuda"
        self.llm = LLM(
            model=self.model.name_or_path,
            dtype="auto" if is_gpu else "float32",
            enforce_eager=not is_gpu,
            gpu_memory_utilization=self.gpu_memory_utilization,
            max_model_len=self.max_model_length,
            max_num_seqs=self.max_num_seqs,
            max_num_batched_tokens=max(
                _MIN_BATCHED_TOKENS, largest_video_tokens(self._policy) + _TEXT_TOKENS
            ),
            enable_sleep_mode=self.enable_sleep_mode,
            model_impl=self.model_impl,
            seed=self.accelerator.process_index,
            logprobs_mode="processed_logprobs",
            # Its own file would set a repetition penalty that training does not know of.
            generation_config="vllm",
            limit_mm_per_prompt={"image": 0, "video": 1},
            mm_processor_kwargs=PROCESSOR_ARGS,
            trust_remote_code=self.trust_remote_code,
        )
        if self.enable_sleep_mode:
            self.llm.sleep(level=2)
        self._llm_weights_sleeping = self.enable_sleep_mode
        self.accelerator.wait_for_everyone()

    def sync_weights(self) -> None:
        """Give the engine the weights as they are now, and let it forget what others computed.

        TRL loads them into layers that vLLM may have repacked, which fails on a CPU, and keeps what
        the vision tower made of a video with older weights.
        """
        if self.enable_sleep_mode:
            self.llm.wake_up(tags=["weights"])
            self._llm_weights_sleeping = False
        runner = self.llm.llm_engine.model_executor.driver_worker.model_runner
        runner.reload_weights(weights_iterator=self._iter_named_params())
        self.llm.reset_prefix_cache()
        self.llm.llm_engine.reset_encoder_cache()

    def generate(
        self,
        prompts: Sequence[Sequence[int]],
        images: None,
        num_generations: int,
        profiler: Any = None,
    ) -> tuple[Any, Any, Any, Any]:
        """Answer each prompt once, as the groups' copies stand side by side.

        Returns:
            Ids of prompts and completions, log-probabilities, and the ids that these belong to.

        Raises:
            RarftError: the engine read other ids than the processor wrote.
        """
        with profiler or nullcontext():
            outputs = self._answers(prompts, self._rows(), self._sampling())
        for ids, output in zip(prompts, outputs, strict=True):
            check_ids(ids, output.prompt_token_ids)
        completions = [list(one.token_ids) for output in outputs for one in output.outputs]
        log_probs, log_prob_ids = extract_logprobs(outputs)
        return [list(ids) for ids in prompts], completions, log_probs, log_prob_ids

    def probe(self, ids: Sequence[int], row: VideoRow) -> EngineReply:
        """Return what the engine reads and says where it is asked this prompt."""
        sampling = {"temperature": self.temperature, "max_tokens": N_PROBED, "logprobs": 0}
        (output,) = self._answers([ids], [row], {**sampling, "ignore_eos": True})
        (log_probs,), _ = extract_logprobs([output])
        return EngineReply(
            prompt_ids=list(output.prompt_token_ids),
            ids=list(output.outputs[0].token_ids),
            log_probs=[one[0] for one in log_probs],
        )

    def _answers(
        self,
        prompts: Sequence[Sequence[int]],
        rows: Sequence[VideoRow | None],
        sampling: Mapping[str, Any],
    ) -> Any:
        from vllm import SamplingParams

        if self.enable_sleep_mode:
            # What slept has lost its weights; those on disk are those before training.
            if self._llm_weights_sleeping:
                self.sync_weights()
            self.llm.wake_up(tags=["kv_cache"])
        requests = [
            engine_prompt(ids, row, video_token_id=self._video_token_id)
            for ids, row in zip(prompts, rows, strict=True)
        ]
        outputs = self.llm.generate(
            requests, sampling_params=SamplingParams(**sampling), use_tqdm=False
        )
        if self.enable_sleep_mode:
            self.llm.sleep(level=2)
            self._llm_weights_sleeping = True
        return outputs

    def _sampling(self) -> dict[str, Any]:
        return {
            "n": 1,
            "repetition_penalty": self.repetition_penalty,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "min_p": self.min_p or 0.0,
            "max_tokens": self.max_completion_length,
            "logprobs": self.logprobs,
            "stop_token_ids": self._end_tokens,
            **self.generation_kwargs,
        }


def engine_prompt(
    ids: Sequence[int], row: VideoRow | None, *, video_token_id: int
) -> dict[str, Any]:
    """Return a prompt for vLLM: ids in which one token stands for the video, and the frames."""
    if row is None:
        return {"prompt_token_ids": list(ids)}
    frames = row.frames
    metadata = {
        "fps": frames.video_fps,
        "duration": frames.duration_s,
        "total_num_frames": frames.n_total_frames,
        "frames_indices": list(frames.indices),
        "video_backend": frames.decoder,
        "do_sample_frames": False,
    }
    return {
        "prompt_token_ids": unexpanded(ids, video_token_id=video_token_id),
        "multi_modal_data": {"video": [(np.array(frames.pixels), metadata)]},
        "multi_modal_uuids": {"video": [row.key]},
    }


def unexpanded(ids: Sequence[int], *, video_token_id: int) -> list[int]:
    """Return ids with one placeholder for the run of them.

    Example:
        >>> unexpanded([1, 9, 9, 9, 2], video_token_id=9)
        [1, 9, 2]
    """
    return [
        token
        for position, token in enumerate(ids)
        if token != video_token_id or position == 0 or ids[position - 1] != video_token_id
    ]


def check_ids(expected: Sequence[int], engine_ids: Sequence[int]) -> None:
    """Make sure that the engine read what the processor writes.

    Raises:
        RarftError: it did not.
    """
    if list(engine_ids) != list(expected):
        raise RarftError(
            f"got {len(engine_ids)} prompt tokens from vLLM where the processor writes "
            f"{len(expected)}, or others, expected the same; install the pinned vllm, or give "
            "use_vllm=false"
        )


def largest_video_tokens(policy: FramesPolicy) -> int:
    """Return how many tokens the largest video has.

    Example:
        >>> largest_video_tokens(FramesPolicy())
        6144
    """
    most = 0
    for n_frames in range(policy.frame_factor, policy.max_frames + 1, policy.frame_factor):
        height, width = frame_size(10_000, 10_000, n_frames, policy)
        tokens = n_frames // policy.frame_factor * height * width // _PIXELS_PER_TOKEN
        most = max(most, tokens)
    return most
