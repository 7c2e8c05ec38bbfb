"""How many steps a run takes, and what each generates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from rarft.harness.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Counts of a run. A step is an update of the weights, on all GPUs together.

    One generation asks `n_prompts` prompts, each answered by a group of `n_generations`; supervised
    runs generate nothing, and their group is 1. `n_rows_at_once` are those of one micro-step on one
    GPU, `n_rows_generated` those of one rollout on one GPU.
    """

    n_rows: int
    n_gpus: int
    n_epochs: float
    n_steps: int
    n_micro_steps_per_step: int
    n_rows_at_once: int
    n_rows_generated: int
    n_prompts: int
    n_generations: int
    n_rollouts: int
    n_completions: int


def count_steps(training: Any, *, n_rows: int, n_gpus: int) -> Steps:
    """Return the steps of a run, counted as transformers and TRL count them.

    Args:
        training: A `GRPOConfig`, or transformers' `TrainingArguments`.
        n_rows: Rows of one epoch.
        n_gpus: Processes that train together.

    Raises:
        UserError: an epoch is too small for one generation, or groups do not divide it.
    """
    n_at_once = training.per_device_train_batch_size
    n_micro = training.gradient_accumulation_steps
    n_generations = getattr(training, "num_generations", 1)
    is_grpo = hasattr(training, "num_generations")
    per_rollout = training.steps_per_generation if is_grpo else 1
    n_uses = per_rollout * (training.num_iterations if is_grpo else 1)
    n_generated = n_at_once * per_rollout
    n_prompts = n_generated * n_gpus // n_generations
    if n_generated * n_gpus % n_generations:
        raise UserError(
            f"got {n_generated * n_gpus} completions in one generation on {n_gpus} GPUs, expected "
            f"a multiple of num_generations={n_generations}; change per_device_train_batch_size"
        )
    n_batches = n_rows // n_prompts if is_grpo else math.ceil(n_rows / n_prompts)
    if n_batches == 0:
        raise UserError(
            f"got {n_rows} training rows, expected at least the {n_prompts} prompts of one "
            "generation; lower per_device_train_batch_size or steps_per_generation"
        )
    per_epoch = math.ceil(n_batches * n_uses / n_micro)
    is_limited = training.max_steps > 0
    n_steps = training.max_steps if is_limited else math.ceil(training.num_train_epochs * per_epoch)
    n_rollouts = math.ceil(n_steps * n_micro / n_uses) if is_grpo else 0
    return Steps(
        n_rows=n_rows,
        n_gpus=n_gpus,
        n_epochs=n_steps / per_epoch if is_limited else training.num_train_epochs,
        n_steps=n_steps,
        n_micro_steps_per_step=n_micro,
        n_rows_at_once=n_at_once,
        n_rows_generated=n_generated if is_grpo else 0,
        n_prompts=n_prompts,
        n_generations=n_generations,
        n_rollouts=n_rollouts,
        n_completions=n_rollouts * n_prompts * n_generations,
    )
