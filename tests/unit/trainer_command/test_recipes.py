"""Every packaged recipe can be read, and says what the paper says where the paper says it."""

import json

import pytest

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models import find_card
from rarft.trainer.arguments import known_keys, method_of, parse_arguments
from rarft.trainer.config import DataArguments, RunArguments
from rarft.trainer.given_values import check_keys, merged, recipe_values
from rarft.trainer.recipe_files import (
    PACKAGED_RECIPES,
    deepspeed_file,
    find_recipe,
    packaged_recipes,
    read_recipe,
)
from rarft.trainer.recipe_identity import zero_stage
from rarft.trainer.rewards import REWARDS

NAMES = [recipe.name for recipe in packaged_recipes()]
TABLE_4 = {
    "table4_shuffled": (["format", "refuse_iou"], "shuffled"),
    "table4_refuse_iou": (["format", "refuse_iou"], "hard"),
    "table4_explain": (["format", "refuse_iou", "explain"], "hard"),
    "table4_correct": (["format", "refuse_iou", "explain", "correct"], "hard"),
}


def values_of(name):
    return dict(read_recipe(find_recipe(name)).values)


def parsed(name, tmp_path, **changes):
    values = merged(recipe_values(values_of(name)), recipe_values(changes))
    return parse_arguments({**values, "output_dir": (str(tmp_path),), "dry_run": ("true",)})


def test_the_recipes_of_the_paper_and_the_tiny_ones_are_there():
    assert {"rarft_7b", "rarft_7b_lora", "rarft_3b", "sft_7b", *TABLE_4} <= set(NAMES)
    assert {"tiny_grpo", "tiny_sft", "tiny_rarft", "tiny_explain"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_a_packaged_recipe_is_known_and_its_value_fits(name, tmp_path):
    values = recipe_values(values_of(name))
    check_keys(values, known_keys(method_of(values)), source=name)
    arguments = parsed(name, tmp_path)
    assert set(arguments.run.rewards) <= set(REWARDS)
    card, _ = find_card(arguments.run.card)
    assert card.frames is not None
    assert read_recipe(find_recipe(name)).purpose.endswith(".")


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("rarft", "table4"))])
def test_a_step_has_the_papers_sixteen_prompts_of_eight(name, tmp_path):
    arguments = parsed(name, tmp_path)
    training, n_processes = arguments.training, arguments.run.processes
    rows = training.per_device_train_batch_size * training.gradient_accumulation_steps
    assert rows * n_processes == 16 * 8
    assert training.num_generations == 8
    assert training.num_train_epochs == 3
    assert (training.loss_type, training.scale_rewards) == ("grpo", "group")
    assert (training.epsilon, training.temperature, training.beta) == (0.2, 1.0, 0.04)
    assert training.max_completion_length == 200
    card, _ = find_card(arguments.run.card)
    policy = arguments.run.policy(card.frames)
    assert (policy.fps, policy.total_pixels) == (2.0, 3584 * 28 * 28)


@pytest.mark.parametrize("name", TABLE_4)
def test_a_row_of_table_4_differs_from_the_whole_method_in_what_it_switches(name):
    rewards, negatives = TABLE_4[name]
    whole, row = values_of("rarft_7b"), values_of(name)
    assert (row.pop("rewards"), row.pop("negatives")) == (rewards, negatives)
    del whole["rewards"], whole["negatives"]
    assert row == whole


def test_the_arms_of_the_tiny_proof_differ_in_what_they_switch():
    rarft = values_of("tiny_rarft")
    for name, paper in (
        ("tiny_shuffled", "table4_shuffled"),
        ("tiny_refuse_iou", "table4_refuse_iou"),
        ("tiny_explain", "table4_explain"),
    ):
        rewards, negatives = TABLE_4[paper]
        assert values_of(name) == {**rarft, "rewards": rewards, "negatives": negatives}
    sft = values_of("tiny_sft")
    n_completions = rarft["per_device_train_batch_size"] * rarft["gradient_accumulation_steps"]
    assert sft["per_device_train_batch_size"] == n_completions // rarft["num_generations"] == 12
    shared = (
        "card",
        "learning_rate",
        "lr_scheduler_type",
        "warmup_steps",
        "max_steps",
        "synth_seed",
        "synth_videos",
    )
    assert {key: sft[key] for key in shared} == {key: rarft[key] for key in shared}


def test_a_recipe_and_trls_configurations_share_no_key(tmp_path):
    for name in ("tiny_grpo", "tiny_sft"):
        keys = known_keys(method_of(recipe_values(values_of(name))))
        assert len(keys) == len(set(keys))


def test_a_dry_run_counts_with_the_processes_of_the_recipe(tmp_path):
    training = parsed("rarft_7b", tmp_path).training
    assert training.generation_batch_size == 128
    assert (training.gradient_accumulation_steps, training.steps_per_generation) == (8, 8)
    assert training.bf16
    assert training.deepspeed == deepspeed_file("zero3")
    lora = parsed("rarft_7b_lora", tmp_path).training
    assert (lora.generation_batch_size, lora.steps_per_generation) == (32, 8)


def test_an_unknown_recipe_gets_the_nearest_suggested():
    with pytest.raises(NotFoundError, match=r"got the recipe rarft_8b, .* did you mean rarft_7b"):
        find_recipe("rarft_8b")
    with pytest.raises(NotFoundError, match="got deepspeed=zero9, expected a JSON file or one of"):
        deepspeed_file("zero9")


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "", "1: 2"])
def test_a_file_that_is_no_recipe_is_refused_in_one_line(text, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"mine\.yaml: got") as caught:
        read_recipe(path)
    assert "\n" not in str(caught.value)


def test_every_packaged_deepspeed_file_is_a_stage_of_zero():
    stages = {}
    for path in (PACKAGED_RECIPES.parent / "deepspeed").glob("*.json"):
        settings = json.loads(path.read_text())
        assert settings["optimizer"]["params"]["torch_adam"] is True
        stages[path.stem] = zero_stage(str(path))
    assert stages == {"zero2": 2, "zero3": 3, "zero3_offload": 3}


def test_our_defaults_are_the_papers():
    assert RunArguments().rewards == ["format", "refuse_iou", "explain", "correct"]
    assert DataArguments().negatives == "hard"
    assert DataArguments().levels == ["strong", "moderate", "weak"]
