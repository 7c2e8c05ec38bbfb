"""The whole life of a run: logs, completions, evaluation, train.json and the model card."""

import json
import os
import subprocess
import sys

import pytest

from rarft.harness.models import find_card
from rarft.harness.report import read_run
from rarft.trainer.train_record import read_train_record

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("life") / "tiny_life"
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "rarft.trainer.cli", "--config", "tiny_grpo"),
            *("--output_dir", str(folder), "--max_steps", "2", "--save_steps", "2"),
            *("--evaluate_on", "synth_hi", "--evaluate_limit", "4"),
        ],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return folder, finished.stderr


def test_each_step_says_rewards_refusals_length_and_spread(run):
    _, said = run
    for figure in ("step 2/2", "refuse_iou", "length", "KL", "entropy", "groups without spread"):
        assert figure in said
    assert "refused irrelevant" in said or "refused relevant" in said


def test_refusal_rates_are_in_the_logs_that_trackers_get(run):
    folder, _ = run
    history = json.loads((folder / "trainer_state.json").read_text())["log_history"]
    logged = {key for entry in history for key in entry}
    assert {"unparsed_rate", "rewards/explain/mean", "frac_reward_zero_std", "kl"} <= logged
    assert logged & {"refusal_rate/relevant", "refusal_rate/irrelevant"}


def test_every_completion_is_kept_with_its_query(run):
    folder, _ = run
    lines = (folder / "completions" / "completions_00002.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 8
    assert all(row["query_id"] and row["kind"] and row["step"] == 2 for row in rows)
    assert set(rows[0]["rewards"]) == {"format", "refuse_iou", "explain", "correct"}


def test_the_evaluation_is_an_ordinary_output_directory(run):
    folder, _ = run
    results = read_run(folder / "eval").results
    assert results.tasks == ("synth_hi",)
    assert results.model.name == "tiny_life"
    assert find_card("tiny_life", [folder / "cards"])[0].family == "rft"


def test_the_record_names_the_weights_that_were_evaluated(run):
    folder, _ = run
    record = read_train_record(folder / "eval" / "train.json")
    evaluated = json.loads((folder / "eval" / "run.json").read_text())
    assert record.checkpoint == evaluated["model"]["revision"]
    assert (record.n_steps, record.method, record.evaluation) == (2, "grpo", "eval")
    assert record.data["rows_sha256"]
    assert record.hours > 0


def test_the_model_card_shows_the_results(run):
    folder, _ = run
    text = (folder / "model" / "README.md").read_text()
    assert "synth_hi" in text
    assert "Not evaluated" not in text
