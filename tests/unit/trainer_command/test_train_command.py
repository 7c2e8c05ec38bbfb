"""`rarft-train` from the command line: what it refuses, what it writes, and how it goes on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rarft.harness.stages.run_lock import hold
from rarft.trainer.whole_checkpoint import last_whole_checkpoint


def history(folder: Path) -> list[dict]:
    state = json.loads((folder / "trainer_state.json").read_text())
    return [row for row in state["log_history"] if "loss" in row]


def test_help_names_every_key_of_ours_and_loads_nothing_heavy():
    program = (
        "import sys; from rarft.trainer.cli import main; main(['--help']); main(['--list']);"
        "heavy = {'torch', 'transformers', 'trl', 'datasets', 'deepspeed'} & set(sys.modules);"
        "sys.exit(f'{heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for expected in ("--negatives", "--rewards", "--evaluate_on", "rarft_7b_lora", "tiny_grpo"):
        assert expected in done.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--learning_rat", "1"], "the command line: got the unknown key learning_rat; did you"),
        (["--config", "tiny_gpro"], "got the recipe tiny_gpro, expected"),
        (["--num_generations", "eight"], "argument --num_generations"),
        (["--negatives", "soft"], "argument --negatives: invalid choice: 'soft'"),
        (["--method", "ppo"], "got method=ppo, expected one of grpo, sft"),
        (["--rewards", "format", "refuse_iuo"], "refuse_iuo"),
        (["--num_generations", "3"], "got values that do not fit: generation_batch_size (2)"),
        (["--card", "tiny_"], "got an unknown model 'tiny_'"),
        (["--card", "always_refuse"], "got the card always_refuse without frames"),
        (["--model_name_or_path", "/no/such"], "got model_name_or_path=/no/such, which is no fol"),
        (["--deepspeed", "zero9"], "got deepspeed=zero9, expected a JSON file or one of"),
        (["--dataset_name", "no/such_dataset"], "got dataset_name=no/such_dataset, which cannot"),
        (["--resume_from_checkpoint", "/no/such"], "got resume_from_checkpoint=/no/such, which"),
        (["--push_to_hub"], "got push_to_hub without hub_model_id"),
        (["--prompt_file", "/no/such.txt"], "got prompt_file=/no/such.txt"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(complaint, arguments, expected):
    assert expected in complaint(*arguments)


def test_a_value_before_any_key_is_refused(complaint):
    assert "got 'tiny_grpo' before any key" in complaint_of_main(["tiny_grpo"])


def complaint_of_main(arguments: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "rarft.trainer.cli", *arguments], capture_output=True, text=True
    )
    assert done.returncode == 2
    return done.stderr


def test_an_unknown_key_of_a_recipe_is_named_with_the_file(complaint, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("card: tiny\nbetta: 0.1\n")
    assert f"{path}: got the unknown key betta; did you mean beta?" in complaint(recipe=str(path))


def test_a_run_writes_a_model_whole_checkpoints_and_its_recipe(train, tmp_path):
    code, out, err = train("--save_total_limit", "5")
    assert code == 0, err
    folder = tmp_path / "out"
    assert out.strip().splitlines()[-1] == str(folder)
    assert (folder / "eval" / "train.json").is_file()
    assert (folder / "model" / "README.md").is_file()
    assert "grpo: package:tiny with the prompt of tiny, recipe " in err
    assert "synth_hi train seed 2: 3 videos, 3 relevant and 3 irrelevant queries" in err
    assert (folder / "model.safetensors").is_file()
    assert (folder / "tokenizer.json").is_file()
    last = last_whole_checkpoint(folder)
    assert last == folder / "checkpoint-2"
    recipes = [json.loads((one / "recipe.json").read_text()) for one in (folder, last)]
    assert recipes[0] == recipes[1]
    assert recipes[0]["recipe"]["beta"] == 0.04


def test_a_run_goes_on_from_its_last_checkpoint_alone_if_asked(train, complaint, tmp_path):
    assert train("--max_steps", "1")[0] == 0
    assert "got a directory with checkpoint-1 of an earlier run" in complaint("--max_steps", "1")
    other = complaint("--resume_from_checkpoint", "true", "--max_steps", "1", "--beta", "0.1")
    assert "got a checkpoint of another recipe, with beta=0.04 where this one has 0.1" in other
    named = str(tmp_path / "out" / "checkpoint-1")
    other = complaint("--resume_from_checkpoint", named, "--seed", "9", out="new")
    assert "got a checkpoint of another recipe" in other
    code, _, err = train(
        "--resume_from_checkpoint", "true", "--max_steps", "1", "--logging_steps", "5"
    )
    assert code == 0
    assert f"going on from {named}" in err


def test_a_checkpoint_without_a_recipe_is_refused(train, complaint, tmp_path):
    assert train("--max_steps", "1")[0] == 0
    for folder in (tmp_path / "out", tmp_path / "out" / "checkpoint-1"):
        (folder / "recipe.json").unlink()
    line = complaint("--resume_from_checkpoint", "true", "--max_steps", "1")
    assert "got a checkpoint without recipe.json" in line


def test_an_output_directory_in_use_is_refused(complaint, tmp_path):
    # Another process, since locks never exclude the one that has them.
    program = (
        "import sys; from pathlib import Path; from rarft.harness.stages.run_lock import hold\n"
        f"with hold(Path({str(tmp_path / 'out')!r})):\n    print('in', flush=True)\n    input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "in\n"
        assert "got an output directory that another run is using" in complaint()
    finally:
        holder.communicate("\n")
    with hold(tmp_path / "out"):
        pass


def test_supervised_fine_tuning_takes_the_same_rows(train, tmp_path):
    smallest = ("--num_generations", "null", "--max_completion_length", "null")
    code, _, err = train(
        *smallest,
        "--model_name_or_path",
        "package:tiny",
        "--save_strategy",
        "no",
        recipe="tiny_sft",
    )
    assert code == 0, err
    rows = history(tmp_path / "out")
    assert [row["step"] for row in rows] == [1, 2]
    assert all(row["loss"] > 0 for row in rows)


def test_a_key_of_the_other_method_is_refused(complaint):
    assert "got the key beta, which method=sft does not have" in complaint(
        *("--beta", "0.1", "--num_generations", "null", "--max_completion_length", "null"),
        recipe="tiny_sft",
    )


def test_a_dry_run_writes_nothing(train, tmp_path):
    code, out, _ = train("--dry_run", "--gpu_memory_gb", "24")
    assert code == 0
    assert "3 videos" in out
    assert "fits into 24" in out
    assert not (tmp_path / "out").exists()


def test_the_environment_of_a_recipe_is_set_where_it_is_not(train, tmp_path, monkeypatch):
    monkeypatch.setenv("RARFT_TEST_SET", "mine")
    monkeypatch.delenv("RARFT_TEST_NEW", raising=False)
    path = tmp_path / "mine.yaml"
    path.write_text("env: {RARFT_TEST_SET: theirs, RARFT_TEST_NEW: 3}\ncard: tiny\nuse_cpu: true\n")
    assert train("--dataset_name", "synth_hi", "--dry_run", recipe=str(path))[0] == 0
    import os

    assert os.environ["RARFT_TEST_SET"] == "mine"
    assert os.environ.pop("RARFT_TEST_NEW") == "3"
