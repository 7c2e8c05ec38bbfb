"""What a dry run prints: steps, tokens, memory, and what would not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rarft.trainer.dry_run.memory import Memory, Pass, Plan
from rarft.trainer.dry_run.network_shape import NetworkShape
from rarft.trainer.dry_run.steps import Steps
from rarft.trainer.dry_run.tokens import Tokens

GIB: Final = 1024**3
CONTEXT_BYTES: Final = 3 * GIB // 4
"""What CUDA and its libraries take before the first tensor."""
SLACK: Final = 0.05
"""Share that PyTorch's allocator holds beside what is in use; more where sizes vary much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a run will do, before anything is loaded. `gpu_bytes` is None where no GPU is known."""

    plan: Plan
    steps: Steps
    tokens: Tokens
    memory: Memory
    gpu_bytes: int | None

    @property
    def needed_bytes(self) -> int:
        """Return what a GPU must have: the peak, CUDA's own, and the allocator's slack."""
        return round(self.memory.peak_bytes * (1 + SLACK)) + CONTEXT_BYTES

    @property
    def fits(self) -> bool | None:
        """Return whether it fits, or None where no GPU is known."""
        return None if self.gpu_bytes is None else self.needed_bytes <= self.gpu_bytes

    def lines(self) -> Iterator[str]:
        """Yield what `--dry_run` prints."""
        yield from step_lines(self.steps)
        yield from token_lines(self.tokens)
        yield network_line(self.plan.shape)
        yield from memory_lines(self.memory)
        yield self.verdict()

    def verdict(self) -> str:
        """Return one line: whether it fits, and what to change if it does not."""
        needs = f"needs {size(self.needed_bytes)} a GPU with CUDA's own and 5% slack"
        if self.gpu_bytes is None:
            return f"{needs}; give --gpu_memory_gb to compare with a GPU"
        if self.fits:
            return f"{needs}: fits into {size(self.gpu_bytes)}"
        return (
            f"{needs}: does not fit into {size(self.gpu_bytes)}; {advice(self.plan, self.memory)}"
        )


def size(n_bytes: float) -> str:
    """Return bytes in GiB, which is how GPUs are labelled, or in MiB where they are few.

    Example:
        >>> size(3 * 1024**3), size(5 * 1024**2)
        ('3.00 GiB', '5 MiB')
    """
    return f"{n_bytes / GIB:.2f} GiB" if n_bytes >= GIB / 10 else f"{n_bytes / 1024**2:.0f} MiB"


def step_lines(steps: Steps) -> Iterator[str]:
    """Yield epochs, rows and steps, and what is generated."""
    gpus = f"{steps.n_gpus} GPU{'s' if steps.n_gpus > 1 else ''}"
    yield (
        f"{steps.n_steps} steps: {steps.n_epochs:g} epochs of {steps.n_rows} rows on {gpus}, each "
        f"step {steps.n_micro_steps_per_step} micro-steps of {steps.n_rows_at_once} rows a GPU"
    )
    if steps.n_rollouts:
        yield (
            f"{steps.n_rollouts} generation batches of {steps.n_prompts} prompts x "
            f"{steps.n_generations} completions, {steps.n_rows_generated} rows at once on a GPU; "
            f"{steps.n_completions} completions in all"
        )


def token_lines(tokens: Tokens) -> Iterator[str]:
    """Yield how long videos, texts and completions are."""
    unread = f", {tokens.n_unread} of them unread and taken as largest" if tokens.n_unread else ""
    yield (
        f"tokens: video {tokens.median_video:.0f} (median) to {tokens.longest_video}, text "
        f"{tokens.median_text:.0f}, prompt at most {tokens.longest_prompt}, completion at most "
        f"{tokens.longest_completion}; {tokens.n_looked_at} videos looked at{unread}"
    )


def network_line(shape: NetworkShape) -> str:
    """Return how many parameters there are, and how many are trained."""
    adapters = f", {_millions(shape.n_adapter)} of them in adapters" if shape.n_adapter else ""
    return (
        f"{_millions(shape.n_parameters + shape.n_adapter)} parameters, "
        f"{_millions(shape.n_trainable)} trained{adapters}; vision tower: {shape.vision_gradient}"
    )


def memory_lines(memory: Memory) -> Iterator[str]:
    """Yield the items of each pass, the largest first, and which pass is fullest."""
    for one in memory.passes:
        items = sorted(memory.passes[one].items(), key=lambda item: -item[1])
        least = memory.total(one) // 500
        shown = ", ".join(f"{name} {size(n)}" for name, n in items if n > least)
        mark = " (fullest)" if one == memory.fullest else ""
        yield f"{one}: {size(memory.total(one))}{mark}: {shown}"


def advice(plan: Plan, memory: Memory) -> str:
    """Return what to change first, by what takes most where it is fullest."""
    one = memory.fullest
    items = {name: n for name, n in memory.passes[one].items() if name not in _BY_PASS}
    moving = sum(n for name, n in memory.passes[one].items() if name in _BY_PASS)
    largest = max(items, key=lambda name: items[name], default="weights")
    if moving > sum(items.values()) or moving > memory.peak_bytes // 2:
        return _less_at_once(plan, one)
    if plan.sharding.stage < 3 and not plan.shape.n_adapter:
        if plan.precision.weights > plan.precision.compute and not plan.sharding.is_deepspeed:
            return f"{largest} takes most: give dtype: bfloat16, adapters (use_peft), or ZeRO-3"
        return f"{largest} takes most: train adapters (use_peft), or ZeRO-3 over more GPUs"
    if not plan.sharding.offloads_optimizer and not plan.shape.n_adapter:
        return f"{largest} takes most: use more GPUs, or deepspeed: zero3_offload"
    return f"{largest} takes most: use a smaller model, or ZeRO-3 over more GPUs"


_BY_PASS: Final = (
    *("activations", "layer", "logits", "videos", "attention mask", "keys and values"),
    *("gathered weights", "cast weights", "communication"),
)


def _less_at_once(plan: Plan, one: Pass) -> str:
    if one == "rollout":
        return "lower the rows of a rollout (steps_per_generation), or total_pixels"
    if not plan.checkpoints_activations:
        return "give gradient_checkpointing: true"
    if plan.step.n_rows * plan.step.n_completions_per_row > 1:
        return "lower per_device_train_batch_size and raise gradient_accumulation_steps as much"
    return "lower total_pixels, max_frames or max_completion_length"


def _millions(n: int) -> str:
    return f"{n / 1e6:,.1f} M"
