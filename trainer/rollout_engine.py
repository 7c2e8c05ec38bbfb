"""The vLLM engine of a trainer, in its process or behind a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.video_rows import VideoRow


def rollout_engine(
    trainer: Any, policy: FramesPolicy, rows: Callable[[], Sequence[VideoRow | None]]
) -> Any:
    """Return the engine that the trainer's configuration asks for.

    Args:
        trainer: A `VideoGRPOTrainer` that is built but for its engine.
        policy: Which frames are seen.
        rows: Returns the videos of the prompts at hand.

    Raises:
        UserError: the engine cannot be had as asked, or no server answers.
    """
    args = trainer.args
    settings = {
        "rows": rows,
        "video_token_id": trainer.processing_class.video_token_id,
        "end_tokens": trainer.eos_token_ids,
        "model": trainer.model,
        "accelerator": trainer.accelerator,
        "processing_class": trainer.processing_class,
        "mode": args.vllm_mode,
        "server_base_url": args.vllm_server_base_url,
        "server_host": args.vllm_server_host,
        "server_port": args.vllm_server_port,
        "server_timeout": args.vllm_server_timeout,
        "group_port": args.vllm_group_port,
        "tensor_parallel_size": args.vllm_tensor_parallel_size,
        "gpu_memory_utilization": args.vllm_gpu_memory_utilization,
        "max_model_length": args.vllm_max_model_length,
        "max_num_seqs": args.per_device_train_batch_size * args.steps_per_generation,
        "enable_sleep_mode": args.vllm_enable_sleep_mode,
        "model_impl": args.vllm_model_impl,
        "trust_remote_code": args.trust_remote_code,
        "repetition_penalty": trainer.repetition_penalty,
        "temperature": trainer.temperature,
        "top_p": trainer.top_p,
        "top_k": trainer.top_k,
        "min_p": trainer.min_p,
        "max_completion_length": trainer.max_completion_length,
        "generation_kwargs": args.generation_kwargs,
    }
    if args.vllm_mode == "server":
        from rarft.trainer.video_grpo_vllm_server import VideoVLLMServer

        return VideoVLLMServer(**settings)
    from rarft.trainer.video_grpo_vllm import VideoVLLM

    return VideoVLLM(policy=policy, **settings)
