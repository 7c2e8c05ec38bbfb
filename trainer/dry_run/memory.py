"""What a run takes of one GPU at its fullest: the states, and one pass of each kind over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from rarft.trainer.dry_run.activations import (
    FP32,
    Precision,
    kept_by_adapted_layer,
    kept_by_decoder_layer,
    kept_by_merger,
    kept_by_vision_layer,
    worked_on_backward,
    worked_on_forward,
    worked_on_vision,
)
from rarft.trainer.dry_run.network_shape import NetworkShape
from rarft.trainer.dry_run.states import Sharding, States, states_of

Pass = Literal["rollout", "loss", "optimizer step"]
TILE_COLUMNS: Final = 32_768
"""Columns of the vocabulary that TRL 1.16 projects at once (`_CHUNKED_LOGPROB_CHUNK_SIZE`)."""
TILE_ROWS: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of one pass on one GPU, their longest prompt and completion in tokens.

    `n_video_tokens` are those of the prompt that stand for the video, and `n_videos` how many of
    the rows' videos are distinct. `has_mask`: whether rows differ in length. Where several
    completions follow one prompt in a row, `n_new_tokens` are those of all.
    """

    n_rows: int
    n_videos: int
    n_prompt_tokens: int
    n_video_tokens: int
    n_new_tokens: int
    has_mask: bool = True
    n_completions_per_row: int = 1

    @property
    def n_tokens(self) -> int:
        """Return prompt and completion of all rows."""
        return self.n_rows * (self.n_prompt_tokens + self.n_new_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a run uses its GPUs. `rollout` is None where no completions are made on them.

    `accumulates`: whether gradients are added up over several micro-steps. `engine_bytes` is what a
    rollout engine beside the trainer reserves.
    """

    shape: NetworkShape
    precision: Precision
    sharding: Sharding
    step: Batch
    rollout: Batch | None
    has_reference: bool
    checkpoints_activations: bool
    accumulates: bool
    engine_bytes: int = 0
    keeps_logits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes of one GPU, by item, at the fullest moment of each pass."""

    states: States
    passes: Mapping[Pass, Mapping[str, int]]

    def total(self, one: Pass) -> int:
        """Return what a pass holds at its fullest, states included."""
        return sum(self.passes[one].values())

    @property
    def fullest(self) -> Pass:
        """Return the pass that takes most."""
        return max(self.passes, key=self.total)

    @property
    def peak_bytes(self) -> int:
        """Return the most that is held at once, as `torch.cuda.max_memory_allocated` counts."""
        return self.total(self.fullest)


def estimate_memory(plan: Plan) -> Memory:
    """Estimate the memory of one GPU.

    A pass holds the states plus, by item: `activations` that autograd keeps, `layer` that is worked
    on, `logits`, `videos` as pixels, the `attention mask`, and for rollouts keys and values. With
    checkpointing, autograd keeps each layer's input, and one layer at a time is computed again
    (Chen et al. 2016, arXiv:1604.06174).
    """
    states = states_of(plan.shape, plan.precision, plan.sharding, has_reference=plan.has_reference)
    held = {
        "weights": states.weights,
        "reference model": states.reference,
        "optimizer": states.optimizer,
        "rollout engine": plan.engine_bytes,
    }
    passes: dict[Pass, Mapping[str, int]] = {}
    if plan.rollout is not None:
        passes["rollout"] = held | rollout_items(plan, plan.rollout, states)
    passes["loss"] = held | loss_items(plan, states)
    stepping = {"gradients": states.gradients, "communication": states.buckets}
    passes["optimizer step"] = held | stepping | {"step": states.step}
    return Memory(states=states, passes=passes)


def rollout_items(plan: Plan, batch: Batch, states: States) -> dict[str, int]:
    """Return what making completions with transformers takes beside the states.

    Keys and values take 2·layers·k·c bytes a token (Pope et al. 2022, arXiv:2211.05102, section
    3.3). The distinct prompts go through the network at once, as many as there are videos, and no
    completion has begun; gradients are not there yet.
    """
    text, c = plan.shape.text, plan.precision.compute
    read = replace(batch, n_rows=batch.n_videos, n_new_tokens=0)
    return {
        "keys and values": 2 * text.n_layers * text.kv_width * c * batch.n_tokens,
        "layer": max(
            worked_on_forward(text, plan.precision) * read.n_tokens,
            worked_on_vision(plan.shape.vision, plan.precision) * _patches(plan, batch),
        ),
        "logits": 3 * FP32 * batch.n_rows * plan.shape.n_vocabulary,
        "videos": video_bytes(plan, batch),
        "attention mask": mask_bytes(plan, read),
        "gathered weights": states.gathered_to_generate,
    }


def loss_items(plan: Plan, states: States) -> dict[str, int]:
    """Return what the forward and backward pass of one micro-batch takes beside the states.

    Gradients of earlier micro-steps are there from the beginning; in a run without, they grow as
    the activations shrink, and the larger of both counts.
    """
    kept = activation_bytes(plan)
    layer, logits = layer_bytes(plan), logits_bytes(plan)
    # The output layer is done before any other is worked on.
    items = {
        "layer": layer if layer >= logits else 0,
        "logits": logits if logits > layer else 0,
        "videos": video_bytes(plan, plan.step),
        "attention mask": mask_bytes(plan, plan.step),
        "gathered weights": states.gathered,
        "communication": states.buckets,
    }
    if plan.precision.weights > plan.precision.compute and not plan.sharding.is_deepspeed:
        # Autocast keeps its copies of trained weights until the forward pass ends.
        copies = plan.precision.compute * (plan.shape.n_trainable - plan.shape.n_adapter)
        items["cast weights"] = copies if plan.accumulates else 0
    if plan.accumulates or plan.sharding.stage == 3:
        return {"gradients": states.gradients, "activations": kept, **items}
    if kept > states.gradients:
        return {"gradients": 0, "activations": kept, **items}
    return {"gradients": states.gradients, "activations": 0, **items}


def activation_bytes(plan: Plan) -> int:
    """Return what autograd keeps from the forward to the backward pass of one micro-batch."""
    shape, precision, batch = plan.shape, plan.precision, plan.step
    n_patches = _patches(plan, batch)
    text_input = precision.weights * shape.text.width
    vision_input = precision.weights * shape.vision.width
    kept = 4 * text_input * batch.n_tokens
    per_token = text_input if plan.checkpoints_activations else _kept_by_text(plan)
    kept += shape.text.n_layers * per_token * batch.n_tokens
    if shape.vision_gradient != "frozen":
        per_patch = vision_input if plan.checkpoints_activations else _kept_by_vision(plan)
        kept += shape.vision.n_layers * per_patch * n_patches
    if shape.trains_merger or shape.vision_gradient != "frozen":
        kept += kept_by_merger(shape.vision, precision) * n_patches
    return kept


def layer_bytes(plan: Plan) -> int:
    """Return what the layer that is computed again, or worked on, takes at its fullest."""
    shape, precision, batch = plan.shape, plan.precision, plan.step
    n_patches = _patches(plan, batch)
    text = worked_on_backward(shape.text, precision)
    vision = worked_on_backward(shape.vision, precision)
    if plan.checkpoints_activations:
        text += _kept_by_text(plan)
        vision += _kept_by_vision(plan)
    if shape.vision_gradient == "frozen":
        vision = worked_on_vision(shape.vision, precision)
    return max(text * batch.n_tokens, vision * n_patches)


def logits_bytes(plan: Plan) -> int:
    """Return what the output layer takes of completion tokens, N in all.

    TRL projects tiles of 4,096 tokens by 32,768 words and keeps none; its backward pass adds up the
    gradients of its input and of its own weights, where these are trained, in fp32. A trainer that
    keeps logits holds them twice, in fp32, with their gradient.
    """
    batch, shape, c = plan.step, plan.shape, plan.precision.compute
    n = batch.n_rows * batch.n_new_tokens
    head = shape.n_vocabulary * shape.text.width
    if plan.keeps_logits:
        return n * shape.n_vocabulary * (c + 2 * FP32)
    tile = min(n, TILE_ROWS) * min(TILE_COLUMNS, shape.n_vocabulary) * c
    of_weights = head * (FP32 + plan.precision.weights) if shape.trains_head else 0
    return tile + FP32 * n * shape.text.width + of_weights


def video_bytes(plan: Plan, batch: Batch) -> int:
    """Return the pixels of a pass: one fp32 copy a row, and one cast of each distinct video."""
    per_video = batch.n_video_tokens * plan.shape.patches_per_token * plan.shape.patch_values
    return per_video * (FP32 * batch.n_rows + (FP32 + plan.precision.compute) * batch.n_videos)


def mask_bytes(plan: Plan, batch: Batch) -> int:
    """Return the mask of rows of unequal length: tokens squared, as booleans and as numbers."""
    n_tokens = batch.n_prompt_tokens + batch.n_new_tokens
    per_pair = 1 + plan.precision.compute
    return per_pair * batch.n_rows * n_tokens**2 if batch.has_mask else 0


def _patches(plan: Plan, batch: Batch) -> int:
    return batch.n_videos * batch.n_video_tokens * plan.shape.patches_per_token


def _kept_by_text(plan: Plan) -> int:
    stack, has_mask = plan.shape.text, plan.step.has_mask
    if plan.shape.n_adapter:
        return kept_by_adapted_layer(stack, plan.precision, has_mask=has_mask)
    return kept_by_decoder_layer(stack, plan.precision, has_mask=has_mask)


def _kept_by_vision(plan: Plan) -> int:
    is_trained = plan.shape.vision_gradient == "trained" and not plan.shape.n_adapter
    return kept_by_vision_layer(plan.shape.vision, plan.precision, is_trained=is_trained)
