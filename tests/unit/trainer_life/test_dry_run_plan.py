"""Steps and tokens of a run, what is printed of them, and what does not fit."""

from types import SimpleNamespace

import pytest

from rarft.harness.errors import UserError
from rarft.harness.stages.decoded_size import VideoSize
from rarft.harness.types import Span
from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.dry_run import dry_run
from rarft.trainer.dry_run.network_shape import read_shape
from rarft.trainer.dry_run.steps import count_steps
from rarft.trainer.dry_run.tokens import count_tokens, video_tokens


def training(**changes):
    """Return the values of a GRPOConfig that a dry run reads."""
    values = {
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 8,
        "steps_per_generation": 8,
        "num_generations": 8,
        "num_iterations": 1,
        "num_train_epochs": 3.0,
        "max_steps": -1,
        "max_completion_length": 200,
        "world_size": 1,
        "gradient_checkpointing": True,
        "deepspeed": None,
        "optim": "adamw_torch_fused",
        "bf16": True,
        "fp16": False,
        "beta": 0.04,
        "use_vllm": False,
    }
    return SimpleNamespace(**values | changes)


def rows(n_rows=20, video="missing.mp4"):
    part = {"type": "video", "video": video}
    text = {"type": "text", "text": "x" * 400}
    return [{"prompt": [{"role": "user", "content": [part, text]}]} for _ in range(n_rows)]


def test_steps_of_one_gpu():
    steps = count_steps(training(), n_rows=100, n_gpus=1)
    # 8 completions a generation are one prompt: 100 generations and updates an epoch.
    assert (steps.n_steps, steps.n_prompts, steps.n_rollouts) == (300, 1, 300)
    assert steps.n_completions == 2400


def test_gpus_share_a_generation():
    steps = count_steps(training(), n_rows=100, n_gpus=8)
    # 64 completions are 8 prompts; 100 rows are 12 whole chunks.
    assert (steps.n_prompts, steps.n_steps, steps.n_rollouts) == (8, 36, 36)


def test_rollouts_that_are_used_twice_are_half_as_many():
    steps = count_steps(training(num_iterations=2, max_steps=10), n_rows=100, n_gpus=1)
    assert (steps.n_steps, steps.n_rollouts) == (10, 5)


def test_supervised_runs_generate_nothing():
    sft = SimpleNamespace(
        per_device_train_batch_size=2,
        gradient_accumulation_steps=4,
        num_train_epochs=2,
        max_steps=-1,
    )
    steps = count_steps(sft, n_rows=33, n_gpus=2)
    # 9 batches of 4 rows, 3 updates an epoch.
    assert (steps.n_steps, steps.n_rollouts, steps.n_rows_generated) == (6, 0, 0)


def test_groups_that_do_not_divide_a_generation_are_refused():
    with pytest.raises(UserError, match="a multiple of num_generations=8"):
        count_steps(training(steps_per_generation=7), n_rows=100, n_gpus=1)


def test_an_epoch_below_one_generation_is_refused():
    with pytest.raises(UserError, match="got 3 training rows, expected at least the 8 prompts"):
        count_steps(training(), n_rows=3, n_gpus=8)


def test_video_tokens_are_those_of_the_policy(folder_3b):
    shape, policy = read_shape(folder_3b), FramesPolicy()
    half_minute = VideoSize(duration_s=30.0, fps=30.0, height=720, width=1280)
    # 60 frames of 224 x 392 pixels: 30 pairs of 8 x 14 squares.
    assert video_tokens(half_minute, shape, policy) == 3360
    # 2 seconds are 4 frames of 560 x 1008: 2 pairs of 20 x 36.
    assert video_tokens(half_minute, shape, policy, clip=Span(0.0, 2.0)) == 1440


def test_a_video_that_cannot_be_read_counts_as_the_largest(folder_3b):
    tokens = count_tokens(rows(), read_shape(folder_3b), FramesPolicy(), n_new_tokens=200)
    # 768 frames of 13,171 pixels, 1,568 pixels a token; 400 characters and the template.
    assert tokens.longest_video == round(768 * 13171 / 1568) == 6451
    assert tokens.longest_prompt == 6451 + 100 + 24
    assert (tokens.n_looked_at, tokens.n_unread) == (1, 1)


def test_a_real_video_is_read_from_its_header(folder_3b, life_clip):
    tokens = count_tokens(
        rows(video=str(life_clip)),
        read_shape(folder_3b),
        FramesPolicy(),
        n_new_tokens=200,
        text_tokens=len,
    )
    assert tokens.n_unread == 0
    # 3 seconds are 6 frames of 56 x 56, grown to at least 12,544 pixels: 3 pairs of 4 x 4.
    assert tokens.longest_video == 48
    assert tokens.median_text == 424


def test_what_fits_and_what_does_not_is_said_with_what_to_change(folder_3b):
    policy = FramesPolicy(max_frames=64)
    large = dry_run(
        folder_3b, training(), rows(), policy=policy, dtype="bfloat16", gpu_memory_gb=80
    )
    small = dry_run(folder_3b, training(), rows(), policy=policy, dtype=None, gpu_memory_gb=24)
    assert large.fits
    assert not small.fits
    assert "fits into 80.00 GiB" in list(large.lines())[-1]
    assert "does not fit into 24.00 GiB; optimizer takes most" in list(small.lines())[-1]
    assert "dtype: bfloat16" in list(small.lines())[-1]


def test_too_many_rows_at_once_are_named_before_the_states(folder_7b):
    peft = pytest.importorskip("peft")
    result = dry_run(
        folder_7b,
        training(per_device_train_batch_size=8, steps_per_generation=1),
        rows(),
        policy=FramesPolicy(max_frames=64),
        dtype="bfloat16",
        adapters=peft.LoraConfig(r=64, target_modules=["q_proj", "v_proj"]),
        gpu_memory_gb=24,
        shares_prompts=False,
    )
    assert "lower per_device_train_batch_size" in result.verdict()


def test_a_group_is_one_row_where_it_shares_its_prompt(folder_3b):
    def steps_of(shares, **changes):
        changed = training(steps_per_generation=1, **changes)
        result = dry_run(
            folder_3b, changed, rows(), policy=FramesPolicy(), dtype="auto", shares_prompts=shares
        )
        return result.plan.step, result.memory.passes["loss"]

    packed, together = steps_of(True, per_device_train_batch_size=8)
    apart, separate = steps_of(False, per_device_train_batch_size=8)
    # 6,451 tokens of video and 124 of text, once or for each of 8 completions of 200.
    assert (packed.n_tokens, apart.n_tokens) == (6575 + 8 * 200, 8 * 6775)
    assert together["attention mask"] == 3 * 8175**2
    assert separate["attention mask"] == 3 * 8 * 6775**2
    assert together["activations"] < separate["activations"] / 5
    # Where completions are most of a row, one row would have more pairs of tokens.
    long, _ = steps_of(True, per_device_train_batch_size=8, max_completion_length=6000)
    assert (long.n_rows, long.n_tokens) == (8, 8 * 12575)


def test_without_a_gpu_nothing_is_compared(folder_3b, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    result = dry_run(
        folder_3b, training(), rows(), policy=FramesPolicy(max_frames=64), dtype="auto"
    )
    assert result.fits is None
    assert result.verdict().endswith("give --gpu_memory_gb to compare with a GPU")


def test_a_deepspeed_file_names_the_partition(folder_7b, tmp_path):
    config = tmp_path / "zero3.json"
    config.write_text('{"zero_optimization": {"stage": 3, "offload_optimizer": {"device": "cpu"}}}')
    result = dry_run(
        folder_7b,
        training(deepspeed=str(config)),
        rows(),
        policy=FramesPolicy(max_frames=64),
        dtype="bfloat16",
        n_gpus=8,
        gpu_memory_gb=80,
    )
    states = result.memory.states
    assert states.weights == 2 * result.plan.shape.n_parameters // 8
    assert states.optimizer == 0
    assert states.gathered_to_generate == 2 * result.plan.shape.n_parameters


def test_another_architecture_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(UserError, match="got a checkpoint of type llama, expected qwen2_5_vl"):
        read_shape(tmp_path)
