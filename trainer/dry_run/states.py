"""Weights, gradients and optimizer states on one GPU, whole or partitioned by ZeRO.

Rajbhandari et al. 2020 (arXiv:1910.02054, section 3 and figure 1): of P parameters, T of them
trained, mixed precision takes 2P for weights, 2T for gradients and K = 12 bytes of T for Adam (fp32
weights, momentum, variance); stage 1 partitions the last over N GPUs, stage 2 the gradients too,
stage 3 the weights too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rarft.trainer.dry_run.activations import FP32, Precision
from rarft.trainer.dry_run.network_shape import NetworkShape

ZeroStage = Literal[0, 1, 2, 3]
_BF16 = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharding:
    """How states lie on GPUs. Sizes of buckets are in numbers, as DeepSpeed's files give them.

    `states_per_number` is how many numbers of its own precision an optimizer keeps for each that
    it trains, and `copies_in_step` how many it makes for a moment when it steps.
    """

    stage: ZeroStage = 0
    n_gpus: int = 1
    offloads_optimizer: bool = False
    offloads_weights: bool = False
    reduce_bucket: int = 500_000_000
    live_weights: int = 1_000_000_000
    states_per_number: float = 2
    copies_in_step: float = 0

    @property
    def is_deepspeed(self) -> bool:
        """Whether DeepSpeed holds fp32 weights beside those in half precision."""
        return self.stage > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """Bytes on one GPU, all the while but for `gradients`, `gathered` and `step`.

    `buckets` are what gradients are exchanged in; `gathered` is what ZeRO-3 fetches of other GPUs'
    weights for a pass, and `gathered_to_generate` for a rollout; `step` is the optimizer's moment.
    """

    weights: int
    reference: int
    gradients: int
    optimizer: int
    buckets: int
    gathered: int
    gathered_to_generate: int
    step: int


def states_of(
    shape: NetworkShape, precision: Precision, sharding: Sharding, *, has_reference: bool
) -> States:
    """Return what the states of a run take on one GPU.

    Without DeepSpeed, AdamW keeps two numbers for each that it trains, in the precision of the
    weights: 4T in bf16, 8T in fp32. Adapters are their own reference.
    """
    n_gpus, stage = sharding.n_gpus, sharding.stage
    n_whole = shape.n_trainable - shape.n_adapter
    if not sharding.is_deepspeed:
        trained = n_whole * precision.weights + shape.n_adapter * precision.adapters
        weights = shape.n_parameters * precision.weights + shape.n_adapter * precision.adapters
        return States(
            weights=weights,
            reference=shape.n_parameters * precision.weights if has_reference else 0,
            gradients=trained,
            optimizer=round(trained * sharding.states_per_number),
            buckets=trained if n_gpus > 1 else 0,
            gathered=0,
            gathered_to_generate=0,
            step=round(trained * sharding.copies_in_step),
        )
    of_weights = n_gpus if stage == 3 else 1
    of_gradients = n_gpus if stage >= 2 else 1
    is_gathered = stage == 3 and (n_gpus > 1 or sharding.offloads_weights)
    n_weights = shape.n_parameters + shape.n_adapter
    n_live = min(n_weights, sharding.live_weights)
    per_number = FP32 * (1 + sharding.states_per_number)
    optimizer = round(per_number * shape.n_trainable / n_gpus)
    copies = 1 + sharding.copies_in_step
    return States(
        weights=0 if sharding.offloads_weights else _BF16 * n_weights // of_weights,
        reference=_BF16 * shape.n_parameters // of_weights if has_reference else 0,
        gradients=_BF16 * shape.n_trainable // of_gradients,
        optimizer=0 if sharding.offloads_optimizer else optimizer,
        buckets=2 * _BF16 * min(sharding.reduce_bucket, shape.n_trainable),
        gathered=_BF16 * n_live if is_gathered else 0,
        gathered_to_generate=_BF16 * n_weights if is_gathered else 0,
        step=0
        if sharding.offloads_optimizer
        else round(FP32 * copies * shape.n_trainable / n_gpus),
    )
