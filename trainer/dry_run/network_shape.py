"""How large a network is, from its config.json alone: it is built without memory for weights."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rarft.harness.errors import UserError

Vision = Literal["frozen", "passed", "trained"]
"""Whether gradients stop before the vision tower, pass through its frozen weights, or train it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Equal layers: `width` and `inner_width` of one, and how wide its keys are.

    `adapted_width` is the sum of the input widths of a layer's adapted projections.
    """

    n_layers: int
    width: int
    inner_width: int
    kv_width: int
    n_layer_parameters: int
    adapted_width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """Sizes that decide what a step takes. Counts are of parameters, once where they are tied.

    `n_trainable` counts what is learned, of which `n_adapter` are in adapters. `patches_per_token`
    patches of the vision tower, of `patch_values` numbers each, become one token of the text.
    """

    text: Stack
    vision: Stack
    n_vocabulary: int
    n_parameters: int
    n_trainable: int
    n_adapter: int
    patches_per_token: int
    patch_values: int
    vision_gradient: Vision
    trains_merger: bool
    trains_head: bool


def read_shape(
    folder: Path,
    *,
    freezes_vision: bool = True,
    trains_merger: bool = True,
    adapters: Any = None,
    checkpoints_activations: bool = True,
) -> NetworkShape:
    """Build the real architecture of a checkpoint on the meta device, and count.

    Args:
        folder: What holds the config.json; no other file is opened.
        freezes_vision: Whether the vision tower is left as it is.
        trains_merger: Whether its merger is trained all the same.
        adapters: A `peft` configuration, where only adapters are trained.
        checkpoints_activations: With adapters, transformers then asks for the gradients of every
            embedding, those of the patches included, and so of the whole vision tower.

    Raises:
        UserError: the config.json cannot be read, or is of another architecture.
    """
    network = meta_network(folder)
    if freezes_vision:
        network.model.visual.requires_grad_(False)
        network.model.visual.merger.requires_grad_(trains_merger)
    n_parameters = _count(network)
    if adapters is not None:
        network = with_adapters(network, adapters)
    base = network.get_base_model() if adapters is not None else network
    visual, text = base.model.visual, base.model.language_model
    vision_trains = any(one.requires_grad for one in visual.blocks.parameters())
    passes = adapters is not None and checkpoints_activations
    config = base.config.text_config
    head_size = config.hidden_size // config.num_attention_heads
    of_vision = base.config.vision_config
    values = of_vision.in_channels * of_vision.temporal_patch_size * of_vision.patch_size**2
    return NetworkShape(
        text=Stack(
            n_layers=config.num_hidden_layers,
            width=config.hidden_size,
            inner_width=config.intermediate_size,
            kv_width=config.num_key_value_heads * head_size,
            n_layer_parameters=_count(text.layers[0]),
            adapted_width=_adapted_width(text.layers[0]),
        ),
        vision=Stack(
            n_layers=of_vision.depth,
            width=of_vision.hidden_size,
            inner_width=of_vision.intermediate_size,
            kv_width=of_vision.hidden_size,
            n_layer_parameters=_count(visual.blocks[0]),
            adapted_width=_adapted_width(visual.blocks[0]),
        ),
        n_vocabulary=config.vocab_size,
        n_parameters=n_parameters,
        n_trainable=_count(network, trainable=True),
        n_adapter=_count(network) - n_parameters,
        patches_per_token=of_vision.spatial_merge_size**2,
        patch_values=values,
        vision_gradient="trained" if vision_trains else "passed" if passes else "frozen",
        trains_merger=any(one.requires_grad for one in visual.merger.parameters()),
        trains_head=base.lm_head.weight.requires_grad,
    )


def meta_network(folder: Path) -> Any:
    """Return a checkpoint's architecture without memory for its weights.

    Raises:
        UserError: the config.json cannot be read, or is of another architecture.
    """
    from accelerate import init_empty_weights
    from transformers import AutoConfig, Qwen2_5_VLForConditionalGeneration

    try:
        config = AutoConfig.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"got {folder} whose config.json cannot be read ({reason}), expected a checkpoint"
        ) from error
    if config.model_type != "qwen2_5_vl":
        raise UserError(
            f"got a checkpoint of type {config.model_type}, expected qwen2_5_vl; name another one"
        )
    with init_empty_weights():
        network = Qwen2_5_VLForConditionalGeneration(config)
    network.tie_weights()
    return network


def with_adapters(network: Any, adapters: Any) -> Any:
    """Return the architecture with adapters, all else frozen, still without memory.

    Raises:
        UserError: the adapters fit no layer.
    """
    from peft import get_peft_model

    try:
        return get_peft_model(network, adapters, low_cpu_mem_usage=True)
    except ValueError as error:
        raise UserError(
            f"got adapters that do not fit the network ({' '.join(str(error).split())[:200]}), "
            "expected names of its layers; mend lora_target_modules"
        ) from error


def _count(module: Any, *, trainable: bool = False) -> int:
    return sum(one.numel() for one in module.parameters() if one.requires_grad or not trainable)


def _adapted_width(layer: Any) -> int:
    """Return the sum of the input widths of a layer's adapters."""
    return sum(
        module.in_features
        for name, module in layer.named_modules()
        if re.search(r"\.lora_A\.[^.]+$", name)
    )
