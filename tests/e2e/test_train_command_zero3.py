"""The command in two DeepSpeed processes on a CPU: killed, it goes on from its checkpoint."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("deepspeed")
pytestmark = pytest.mark.slow

LIMIT_S = 900
COMPARED = ("loss", "grad_norm", "entropy", "completions/mean_length", "reward", "kl")


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def given(out: Path, *arguments: str) -> list[str]:
    shared = ("--output_dir", str(out), "--deepspeed", "zero3", "--save_steps", "2")
    return ["-m", "rarft.trainer.cli", *shared, *arguments]


def launched(out: Path, *arguments: str) -> subprocess.CompletedProcess:
    launcher = (sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2")
    command = [*launcher, "--master_port", free_port(), *given(out, *arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def history(out: Path) -> list[dict]:
    state = json.loads((out / "trainer_state.json").read_text())
    return [
        {name: row.get(name) for name in COMPARED} for row in state["log_history"] if "loss" in row
    ]


def run(out: Path, *arguments: str) -> list[dict]:
    done = launched(out, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return history(out)


def run_until(mark: Path, out: Path, *arguments: str) -> None:
    """Start both processes as a launcher would, and kill them when a checkpoint is whole."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2"}
    with (out.parent / "killed.log").open("w") as log:
        processes = [
            subprocess.Popen(
                [sys.executable, *given(out, *arguments)],
                env={**os.environ, **place, "RANK": rank, "LOCAL_RANK": rank},
                stdout=log,
                stderr=log,
            )
            for rank in ("0", "1")
        ]
    stop_s = time.monotonic() + LIMIT_S
    try:
        while not mark.is_file() and time.monotonic() < stop_s:
            assert all(process.poll() is None for process in processes)
            time.sleep(0.05)
    finally:
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    assert mark.is_file(), (out.parent / "killed.log").read_text()[-3000:]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("RARFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("recipe", ["tiny_grpo", "tiny_sft"])
def test_a_killed_command_takes_the_steps_of_one_that_was_not(recipe, cache, tmp_path) -> None:
    asked = ["--config", recipe, "--max_steps", "10", "--synth_videos", "16"]
    asked += ["--model_name_or_path", "package:tiny", "--per_device_train_batch_size", "2"]
    expected = run(tmp_path / "whole", *asked)
    assert len(expected) == 10

    killed = tmp_path / "killed"
    run_until(killed / "checkpoint-4" / "complete", killed, *asked)
    assert not (killed / "model").exists()
    assert run(killed, *asked, "--resume_from_checkpoint", "true") == expected

    refused = launched(killed, *asked, "--resume_from_checkpoint", "true", "--seed", "5")
    lines = [line for line in refused.stderr.splitlines() if line.startswith("rarft-train")]
    assert refused.returncode != 0
    assert len(lines) in (1, 2)
    for line in lines:
        assert "got a checkpoint of another recipe, with seed=0 where this one has 5" in line


def test_a_trained_checkpoint_evaluates_in_rarft_eval(cache, tmp_path) -> None:
    out = tmp_path / "out"
    run(out, "--config", "tiny_sft", "--model_name_or_path", "package:tiny", "--max_steps", "2",
        "--synth_videos", "16", "--per_device_train_batch_size", "2")  # fmt: skip
    done = subprocess.run(
        [
            *(sys.executable, "-m", "rarft.harness.cli", "run", "--model", "tiny"),
            *("--model_args", f"pretrained={out / 'model'}", "--tasks", "synth_hi"),
            *("--metadata", '{"n_queries": 4}', "--gen_kwargs", "max_new_tokens=8"),
            *("--output_path", str(tmp_path / "evaluated"), "--n_resamples", "50"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads((tmp_path / "evaluated" / "results.json").read_text())
    assert results["n-samples"]["synth_hi"]["effective"] == 4
