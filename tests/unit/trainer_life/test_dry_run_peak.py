"""The whole estimate of a pass against the most that a real network holds at once, on the CPU.

Sizes are such that the text outweighs the vision tower, whose first convolution a CPU computes in
another way than a GPU.
"""

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from rarft.trainer.dry_run.activations import Precision
from rarft.trainer.dry_run.memory import Batch, Plan, estimate_memory
from rarft.trainer.dry_run.network_shape import meta_network, read_shape
from rarft.trainer.dry_run.states import Sharding
from rarft.trainer.networks import freeze_vision, mend_network

N_PROMPT, N_NEW = 1900, 100
VIDEO_TOKEN = 991

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network(small_folder):
    network = meta_network(small_folder).to(torch.bfloat16).to_empty(device="cpu")
    network.tie_weights()
    for one in network.parameters():
        torch.nn.init.normal_(one, std=0.02)
    # Frequencies are buffers that no checkpoint holds.
    for module in network.modules():
        for name, one in module.named_buffers(recurse=False):
            module.register_buffer(name, torch.full_like(one, 0.1), persistent=False)
    network.config.video_token_id = VIDEO_TOKEN
    freeze_vision(network)
    mend_network(network)
    return network


def inputs():
    ids = torch.randint(0, 900, (1, N_PROMPT + N_NEW))
    ids[0, 21:53] = VIDEO_TOKEN
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "pixel_values_videos": torch.randn(128, 1176),
        "video_grid_thw": torch.tensor([[2, 8, 8]]),
        "second_per_grid_ts": torch.tensor([1.0]),
        "mm_token_type_ids": (ids == VIDEO_TOKEN).int() * 2,
    }


def most_held(call):
    """Return the most bytes that a call holds at once beside what was there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as measured:
        call()
    events = [one for one in measured.profiler.kineto_results.events() if one.name() == "[memory]"]
    held = most = 0
    for one in sorted(events, key=lambda one: one.start_ns()):
        held += one.nbytes()
        most = max(most, held)
    return most


def moving(small_folder, one):
    batch = Batch(
        n_rows=1,
        n_videos=1,
        n_prompt_tokens=N_PROMPT,
        n_video_tokens=32,
        n_new_tokens=N_NEW,
        has_mask=False,
    )
    plan = Plan(
        shape=read_shape(small_folder),
        precision=Precision(weights=2, compute=2),
        sharding=Sharding(),
        step=batch,
        rollout=batch,
        has_reference=False,
        checkpoints_activations=True,
        accumulates=True,
    )
    items = estimate_memory(plan).passes[one]
    states = ("weights", "gradients", "optimizer", "reference model")
    return sum(n_bytes for name, n_bytes in items.items() if name not in states)


def test_a_checkpointed_step_holds_what_is_estimated(network, small_folder):
    network.train()
    network.gradient_checkpointing_enable()
    given = inputs()

    def step():
        hidden = network.model(**given, use_cache=False).last_hidden_state[:, -N_NEW:]
        network.lm_head(hidden).float().log_softmax(-1)[..., 0].sum().backward()

    # The first step makes the gradients, which later ones add to.
    step()
    assert most_held(step) == pytest.approx(moving(small_folder, "loss"), rel=0.2)


def test_reading_a_prompt_holds_what_is_estimated(network, small_folder):
    network.eval()
    network.gradient_checkpointing_disable()
    given = inputs()

    def read():
        with torch.no_grad():
            network.model(**given, use_cache=True)

    assert most_held(read) == pytest.approx(moving(small_folder, "rollout"), rel=0.2)
