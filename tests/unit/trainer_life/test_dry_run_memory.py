"""The bytes of the dry run: against hand counts, and against what autograd really keeps."""

import pytest
import torch

from rarft.trainer.dry_run.activations import (
    Precision,
    kept_by_adapted_layer,
    kept_by_decoder_layer,
    kept_by_vision_layer,
    worked_on_forward,
)
from rarft.trainer.dry_run.memory import Batch, Plan, estimate_memory
from rarft.trainer.dry_run.network_shape import Stack, meta_network, read_shape
from rarft.trainer.dry_run.states import Sharding, states_of

BF16 = Precision(weights=2, compute=2)


def real_network(folder):
    """Return the architecture with memory, in bf16, its weights left as they lie."""
    network = meta_network(folder).to(torch.bfloat16).to_empty(device="cpu")
    for one in network.parameters():
        torch.nn.init.normal_(one, std=0.02)
    return network


def kept_bytes(call, *, without):
    """Return the bytes that autograd keeps of a call, weights left out."""
    weights = {one.untyped_storage().data_ptr() for one in without.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = call()
    assert result is not None
    return sum(n_bytes for n_bytes, _ in kept.values())


def rotary(width, n_tokens):
    return torch.ones(1, n_tokens, width, dtype=torch.bfloat16), torch.zeros(
        1, n_tokens, width, dtype=torch.bfloat16
    )


@pytest.mark.parametrize("has_mask", [False, True])
def test_a_decoder_layer_keeps_what_autograd_keeps(small_folder, has_mask):
    n_tokens = 512
    shape = read_shape(small_folder)
    layer = real_network(small_folder).model.language_model.layers[0]
    hidden = torch.randn(1, n_tokens, 128, dtype=torch.bfloat16, requires_grad=True)
    mask = torch.ones(1, 1, n_tokens, n_tokens, dtype=torch.bool).tril() if has_mask else None
    kept = kept_bytes(
        lambda: layer(hidden, position_embeddings=rotary(32, n_tokens), attention_mask=mask),
        without=layer,
    )
    # Cosines, sines and the mask as numbers are shared by the layers, and counted apart.
    shared = 2 * 2 * 32 * n_tokens + (2 * n_tokens**2 if has_mask else 0)
    expected = kept_by_decoder_layer(shape.text, BF16, has_mask=has_mask)
    assert (kept - shared) / n_tokens == pytest.approx(expected, rel=0.03)


def test_a_layer_with_adapters_keeps_what_autograd_keeps(small_folder):
    peft = pytest.importorskip("peft")
    n_tokens = 512
    adapters = peft.LoraConfig(r=4, target_modules=r".*language_model.*\.(q_proj|down_proj)")
    shape = read_shape(small_folder, adapters=adapters)
    network = peft.get_peft_model(real_network(small_folder), adapters)
    layer = network.get_base_model().model.language_model.layers[0]
    hidden = torch.randn(1, n_tokens, 128, dtype=torch.bfloat16, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        kept = kept_bytes(
            lambda: layer(hidden, position_embeddings=rotary(32, n_tokens), attention_mask=None),
            without=layer,
        )
    assert shape.text.adapted_width == 128 + 320
    shared = 2 * 2 * 32 * n_tokens
    expected = kept_by_adapted_layer(shape.text, BF16)
    assert (kept - shared) / n_tokens == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("is_trained", [True, False])
def test_a_vision_layer_keeps_what_autograd_keeps(small_folder, is_trained):
    n_patches = 512
    shape = read_shape(small_folder, freezes_vision=not is_trained)
    block = real_network(small_folder).model.visual.blocks[0].requires_grad_(is_trained)
    hidden = torch.randn(n_patches, 64, dtype=torch.bfloat16, requires_grad=True)
    turns = (torch.ones(n_patches, 32), torch.zeros(n_patches, 32))
    windows = torch.arange(0, n_patches + 1, 64)
    kept = kept_bytes(
        lambda: block(hidden, cu_seqlens=windows, position_embeddings=turns), without=block
    )
    shared = 2 * 4 * 32 * n_patches
    expected = kept_by_vision_layer(shape.vision, BF16, is_trained=is_trained)
    assert (kept - shared) / n_patches == pytest.approx(expected, rel=0.05)


def test_a_layer_without_gradients_works_on_four_widths_and_three_inner_ones():
    stack = Stack(n_layers=1, width=256, inner_width=1024, kv_width=128, n_layer_parameters=0)
    # 8 bytes x 256 and 6 bytes x 1024.
    assert worked_on_forward(stack, BF16) == 2048 + 6144


def test_parameters_are_those_of_the_released_checkpoints(folder_3b, folder_7b):
    # 3.75 and 8.29 billion, as their model cards say; the embeddings of the smaller are tied.
    assert read_shape(folder_3b).n_parameters == 3_754_622_976
    assert read_shape(folder_7b).n_parameters == 8_292_166_656


def test_adapters_alone_are_trained_and_let_gradients_through_the_tower(folder_7b):
    peft = pytest.importorskip("peft")
    shape = read_shape(folder_7b, adapters=peft.LoraConfig(r=64, target_modules=["q_proj"]))
    # 28 layers of 3584 x 64 and 64 x 3584.
    assert shape.n_trainable == shape.n_adapter == 28 * 2 * 3584 * 64
    assert shape.vision_gradient == "passed"
    assert not shape.trains_head


def test_without_checkpointing_nothing_asks_for_the_gradients_of_patches(folder_7b):
    peft = pytest.importorskip("peft")
    adapters = peft.LoraConfig(r=8, target_modules=["q_proj"])
    shape = read_shape(folder_7b, adapters=adapters, checkpoints_activations=False)
    assert shape.vision_gradient == "frozen"


@pytest.mark.parametrize(
    ("stage", "weights", "gradients", "optimizer"),
    [
        # Rajbhandari et al. 2020, figure 1: 7.5 B parameters on 64 GPUs, 120, 31.4, 16.6, 1.9 GB.
        (1, 15.0, 15.0, 1.40625),
        (2, 15.0, 0.234375, 1.40625),
        (3, 0.234375, 0.234375, 1.40625),
    ],
)
def test_zero_partitions_as_its_paper_says(folder_7b, stage, weights, gradients, optimizer):
    shape = read_shape(folder_7b, freezes_vision=False)
    scale = 7.5e9 / shape.n_parameters / 1e9
    states = states_of(shape, BF16, Sharding(stage=stage, n_gpus=64), has_reference=False)
    assert states.weights * scale == pytest.approx(weights, rel=1e-3)
    assert states.gradients * scale == pytest.approx(gradients, rel=1e-3)
    assert states.optimizer * scale == pytest.approx(optimizer, rel=1e-3)


def test_states_without_deepspeed_are_in_the_precision_of_the_weights(folder_3b):
    shape = read_shape(folder_3b, freezes_vision=False)
    in_bf16 = states_of(shape, BF16, Sharding(), has_reference=True)
    in_fp32 = states_of(shape, Precision(weights=4, compute=2), Sharding(), has_reference=True)
    n = shape.n_parameters
    assert (in_bf16.weights, in_bf16.reference, in_bf16.gradients) == (2 * n, 2 * n, 2 * n)
    assert (in_bf16.optimizer, in_fp32.optimizer) == (4 * n, 8 * n)


def plan(folder, *, n_rows=1, checkpoints=True, accumulates=True, **changes):
    batch = {
        "n_videos": 1,
        "n_prompt_tokens": 3734,
        "n_video_tokens": 3584,
        "n_new_tokens": 200,
        "has_mask": False,
    }
    return Plan(
        shape=read_shape(folder),
        precision=BF16,
        sharding=Sharding(),
        step=Batch(n_rows=n_rows, **batch),
        rollout=Batch(n_rows=8, **batch),
        has_reference=True,
        checkpoints_activations=checkpoints,
        accumulates=accumulates,
        **changes,
    )


def test_keys_and_values_of_a_rollout_are_counted_by_hand(folder_3b):
    items = estimate_memory(plan(folder_3b)).passes["rollout"]
    # Twice 36 layers, 256 numbers of 2 bytes, 8 rows of 3,934 tokens.
    assert items["keys and values"] == 2 * 36 * 256 * 2 * 8 * 3934
    assert "gradients" not in items


def test_checkpointing_keeps_one_input_a_layer(folder_3b):
    with_it = estimate_memory(plan(folder_3b)).passes["loss"]["activations"]
    without = estimate_memory(plan(folder_3b, checkpoints=False)).passes["loss"]["activations"]
    layers = 3934 * 36 * (kept_by_decoder_layer(read_shape(folder_3b).text, BF16) - 2 * 2048)
    assert without - with_it == layers


def test_gradients_grow_as_activations_shrink_without_accumulation(folder_3b):
    added_up = estimate_memory(plan(folder_3b)).passes["loss"]
    once = estimate_memory(plan(folder_3b, accumulates=False)).passes["loss"]
    assert added_up["gradients"] > 0
    assert added_up["activations"] > 0
    assert sorted([once["gradients"] > 0, once["activations"] > 0]) == [False, True]


def test_the_fullest_pass_is_the_peak(folder_3b):
    memory = estimate_memory(plan(folder_3b))
    assert memory.peak_bytes == max(sum(items.values()) for items in memory.passes.values())
