"""From the configurations of a run to what it does and needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.dry_run.activations import FP32, Precision
from rarft.trainer.dry_run.lines import GIB, DryRun
from rarft.trainer.dry_run.memory import Batch, Plan, estimate_memory
from rarft.trainer.dry_run.network_shape import NetworkShape, read_shape
from rarft.trainer.dry_run.states import Sharding, ZeroStage
from rarft.trainer.dry_run.steps import Steps, count_steps
from rarft.trainer.dry_run.tokens import Tokens, count_tokens
from rarft.trainer.packed_size import is_worth_packing
from rarft.trainer.redraw import Rows

_BYTES: Final[Mapping[str, int]] = {"float32": 4, "float16": 2, "bfloat16": 2}
_STATES: Final[Mapping[str, float]] = {"sgd": 0, "adafactor": 0, "rmsprop": 1, "adagrad": 1}
"""Numbers that optimizers other than Adam keep for each that they train, by how they begin."""


def dry_run(
    folder: Path,
    training: Any,
    rows: Rows,
    *,
    policy: FramesPolicy,
    dtype: str | None,
    adapters: Any = None,
    freezes_vision: bool = True,
    trains_merger: bool = True,
    shares_prompts: bool = True,
    n_gpus: int | None = None,
    gpu_memory_gb: float | None = None,
    text_tokens: Callable[[str], int] | None = None,
) -> DryRun:
    """Estimate a run; of the checkpoint only config.json is opened, of each video its header.

    Args:
        folder: The checkpoint.
        training: A `GRPOConfig`, or transformers' `TrainingArguments` for supervised runs.
        rows: The rows of an epoch.
        policy: Which frames are shown.
        dtype: As which weights are loaded; None and `float32` are TRL's default, `auto` is what
            the checkpoint says.
        adapters: A `peft` configuration, where only adapters are trained.
        freezes_vision: Whether the vision tower is left as it is.
        trains_merger: Whether its merger is trained all the same.
        shares_prompts: Whether a group's rows in one micro-batch are learned from as one.
        n_gpus: Those of the run, or of this launch.
        gpu_memory_gb: GiB of one GPU, or those of the first one that is found.
        text_tokens: How many tokens a text has; a token for four characters by default.

    Raises:
        UserError: an epoch is too small, or the checkpoint is of another architecture.
    """
    shape = read_shape(
        folder,
        freezes_vision=freezes_vision,
        trains_merger=trains_merger,
        adapters=adapters,
        checkpoints_activations=training.gradient_checkpointing,
    )
    n_gpus = n_gpus or training.world_size
    gpu_bytes = round(gpu_memory_gb * GIB) if gpu_memory_gb else found_gpu_bytes()
    n_new_tokens = getattr(training, "max_completion_length", None)
    steps = count_steps(training, n_rows=len(rows), n_gpus=n_gpus)
    tokens = count_tokens(
        rows,
        shape,
        policy,
        n_new_tokens=_SFT_TOKENS if n_new_tokens is None else n_new_tokens,
        text_tokens=text_tokens,
    )
    plan = plan_of(
        training,
        shape,
        steps,
        tokens,
        dtype=_loaded_as(folder, dtype),
        gpu_bytes=gpu_bytes,
        shares_prompts=shares_prompts,
    )
    return DryRun(
        plan=plan, steps=steps, tokens=tokens, memory=estimate_memory(plan), gpu_bytes=gpu_bytes
    )


_SFT_TOKENS: Final = 200
"""Tokens of a reference answer, which are few beside its video."""


def plan_of(
    training: Any,
    shape: NetworkShape,
    steps: Steps,
    tokens: Tokens,
    *,
    dtype: str,
    gpu_bytes: int | None = None,
    shares_prompts: bool = True,
) -> Plan:
    """Return how a run uses its GPUs.

    Args:
        training: Its configuration.
        shape: The network.
        steps: Its steps, of which the rows at once count here.
        tokens: Its prompts; every row is taken to be the longest.
        dtype: As which weights are loaded.
        gpu_bytes: Memory of one GPU, a share of which vLLM reserves where it runs beside.
        shares_prompts: Whether a group's rows in one micro-batch are learned from as one.
    """
    sharding = sharding_of(training, n_gpus=steps.n_gpus)
    weights = _BYTES[dtype] if not sharding.is_deepspeed else 2
    computes_half = training.bf16 or training.fp16 or sharding.is_deepspeed
    is_grpo = hasattr(training, "num_generations")
    use_vllm = getattr(training, "use_vllm", False)
    is_beside = use_vllm and training.vllm_mode == "colocate"
    share = training.vllm_gpu_memory_utilization if is_beside else 0.0
    with_rollouts = is_grpo and not use_vllm
    step = _batch(steps.n_rows_at_once, steps, tokens)
    return Plan(
        shape=shape,
        precision=Precision(
            weights=weights,
            compute=2 if computes_half else weights,
            adapters=2 if sharding.stage == 3 else FP32,
        ),
        sharding=sharding,
        step=_packed(step) if is_grpo and shares_prompts else step,
        rollout=_batch(steps.n_rows_generated, steps, tokens) if with_rollouts else None,
        has_reference=is_grpo and training.beta != 0.0 and not shape.n_adapter,
        checkpoints_activations=training.gradient_checkpointing,
        accumulates=steps.n_micro_steps_per_step > 1,
        engine_bytes=round(share * (gpu_bytes or 0)),
        keeps_logits=not is_grpo,
    )


def sharding_of(training: Any, *, n_gpus: int) -> Sharding:
    """Return how a run's states lie on GPUs, from its optimizer and its DeepSpeed file."""
    named = training.deepspeed
    if not named:
        optimizer = str(getattr(training.optim, "value", training.optim))
        return Sharding(
            n_gpus=n_gpus,
            states_per_number=_states_per_number(optimizer),
            copies_in_step=1.0 if optimizer == "adamw_torch" else 0.0,
        )
    if isinstance(named, Mapping):
        config: Mapping[str, Any] = named
    elif str(named).lstrip().startswith("{"):
        config = json.loads(named)
    else:
        config = json.loads(Path(named).read_text(encoding="utf-8"))
    zero = config.get("zero_optimization", {})
    stage: ZeroStage = zero.get("stage", 0)
    uses_torch = bool(config.get("optimizer", {}).get("params", {}).get("torch_adam"))
    return Sharding(
        stage=stage or 1,
        n_gpus=n_gpus,
        offloads_optimizer=_is_offloaded(zero, "offload_optimizer"),
        offloads_weights=_is_offloaded(zero, "offload_param"),
        reduce_bucket=_number(zero.get("reduce_bucket_size"), 500_000_000),
        live_weights=_number(zero.get("stage3_max_live_parameters"), 1_000_000_000),
        copies_in_step=1.0 if uses_torch else 0.0,
    )


def found_gpu_bytes() -> int | None:
    """Return the memory of the first GPU of this machine, or None where there is none."""
    import torch

    if not torch.cuda.is_available():
        return None
    return int(torch.cuda.get_device_properties(0).total_memory)


def _batch(n_rows: int, steps: Steps, tokens: Tokens) -> Batch:
    """Return the fullest batch of so many rows: groups share their video."""
    return Batch(
        n_rows=n_rows,
        n_videos=max(-(-n_rows // steps.n_generations), 1),
        n_prompt_tokens=tokens.longest_prompt,
        n_video_tokens=tokens.longest_video,
        n_new_tokens=tokens.longest_completion,
    )


def _packed(batch: Batch) -> Batch:
    """Return a micro-batch as the trainer reads it: one row a group, where that is worth it.

    With G of the n rows in a group of the fullest, a packed row is a prompt of P tokens with
    completions of G·N: n/G(P + GN) tokens work and are kept, not n(P + N), and the mask has
    n/G(P + GN)² pairs.
    """
    n_together = -(-batch.n_rows // batch.n_videos)
    n_new_tokens = n_together * batch.n_new_tokens
    is_packed = is_worth_packing(
        n_rows=batch.n_rows,
        n_row_tokens=batch.n_prompt_tokens + batch.n_new_tokens,
        n_packed=batch.n_videos,
        n_packed_tokens=batch.n_prompt_tokens + n_new_tokens,
    )
    if not is_packed:
        return batch
    return replace(
        batch,
        n_rows=batch.n_videos,
        n_new_tokens=n_new_tokens,
        n_completions_per_row=n_together,
    )


def _loaded_as(folder: Path, dtype: str | None) -> str:
    if dtype != "auto":
        return dtype or "float32"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    named = config.get("dtype") or config.get("torch_dtype") or "float32"
    return named if named in _BYTES else "float32"


def _states_per_number(optimizer: str) -> float:
    if "8bit" in optimizer:
        return 1.0
    return next((n for name, n in _STATES.items() if optimizer.startswith(name)), 2.0)


def _is_offloaded(zero: Mapping[str, Any], name: str) -> bool:
    return bool(zero.get(name, {}).get("device", "none") != "none")


def _number(value: Any, default: int) -> int:
    return int(value) if isinstance(value, int | float) else default
