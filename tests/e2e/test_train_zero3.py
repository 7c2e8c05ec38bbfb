"""Two DeepSpeed processes on a CPU: killed, they go on as if they had not been."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from rarft.harness.models import find_card, prompt_text
from rarft.harness.models.revision import checkpoint_folder
from rarft.harness.types import Query, Span
from rarft.trainer.prompts import training_row
from rarft.trainer.whole_checkpoint import MARK

pytest.importorskip("deepspeed")
pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("train_zero3.py")
N_RANKS = 2
KILLED_AFTER = 4
LIMIT_S = 500
COMPARED = ("loss", "kl", "entropy", "grad_norm", "reward")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The packaged tiny model, two layers deep, with weights drawn at random."""
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText

    from rarft.harness.models.tiny_weights import draw_weights

    source, folder = Path(checkpoint_folder("package:tiny")), tmp_path / "checkpoint"
    shutil.copytree(source, folder)
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["num_hidden_layers"] = 2
    (folder / "config.json").write_text(json.dumps(config))
    with torch.random.fork_rng(devices=[]):
        network = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(folder))
    draw_weights(network)
    network.save_pretrained(folder)
    return folder


@pytest.fixture
def rows(outside: Path, tmp_path: Path) -> Path:
    """Rows about the outside folder's videos, as a file."""
    card, card_path = find_card("outside_model", include_path=[outside])
    prompt = prompt_text(card, card_path, mode="refusal")
    videos = sorted((tmp_path / "videos").glob("*.mp4"))
    made = [
        training_row(
            Query(
                id=f"q{number}",
                task="outside",
                video=video.name,
                text=f"a red ball rolls {number}",
                relevant=number % 2 == 0,
                record=f"r{number}",
                spans=(Span(1.0, 3.0),) if number % 2 == 0 else (),
                duration_s=4.0,
            ),
            video=video,
            card=card,
            prompt=prompt,
        )
        for number, video in enumerate(videos)
    ]
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(made))
    return path


@contextmanager
def ranks(folder: Path, rows: list[Path], out: Path, **changes: Any):
    """Run one process for each file of rows; stop them all on the way out."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "DS_ACCELERATOR": "cpu"}
    shared |= {"WORLD_SIZE": str(len(rows)), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    processes = []
    for rank, own in enumerate(rows):
        own_place = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
        command = [sys.executable, str(SCRIPT), str(folder), str(own), str(out)]
        with (out.parent / f"{out.name}_{rank}.log").open("w") as log:
            processes.append(
                subprocess.Popen(
                    [*command, json.dumps(changes)],
                    env={**os.environ, **shared, **own_place},
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                )
            )
    try:
        yield processes
    finally:
        for process in processes:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.wait()


def said(out: Path, rank: int) -> str:
    return (out.parent / f"{out.name}_{rank}.log").read_text()


def finish(folder: Path, rows: Path, out: Path, **changes: Any) -> dict[str, Any]:
    """Run to the end and return the log."""
    with ranks(folder, [rows] * N_RANKS, out, **changes) as processes:
        codes = [process.wait(LIMIT_S) for process in processes]
    assert codes == [0] * N_RANKS, said(out, 0)[-3000:] + said(out, 1)[-3000:]
    log: dict[str, Any] = json.loads((out / "log.json").read_text())
    return log


def kill_after(mark: Path, processes: list[Any]) -> None:
    """Kill every process as soon as a checkpoint is whole, amid the next step."""
    stop_s = time.monotonic() + LIMIT_S
    while not mark.is_file() and time.monotonic() < stop_s:
        assert all(process.poll() is None for process in processes)
        time.sleep(0.01)
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
    assert [process.wait() for process in processes] == [-signal.SIGKILL] * N_RANKS


@pytest.mark.parametrize(
    "changes",
    [{"stage": 3}, {"stage": 2}, {"stage": 3, "adapters": True}],
    ids=["ZeRO-3", "ZeRO-2", "ZeRO-3 adapters"],
)
def test_show_2_a_killed_run_takes_the_steps_of_one_that_was_not(
    checkpoint: Path, rows: Path, outside: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    expected = finish(checkpoint, rows, whole, **changes)
    mark = killed / f"checkpoint-{KILLED_AFTER}" / MARK
    with ranks(checkpoint, [rows] * N_RANKS, killed, **changes) as processes:
        kill_after(mark, processes)
    assert not (killed / "log.json").exists()
    resumed = finish(checkpoint, rows, killed, **changes)

    assert resumed["began_at"] in [f"checkpoint-{KILLED_AFTER + late}" for late in range(3)]
    assert len(resumed["steps"]) == len(expected["steps"]) == 10
    for one, other in zip(resumed["steps"], expected["steps"], strict=True):
        assert {name: one.get(name) for name in COMPARED} == {
            name: other.get(name) for name in COMPARED
        }
    name = "adapter_model.safetensors" if changes.get("adapters") else "model.safetensors"
    weights = [load_file(folder / "checkpoint-10" / name) for folder in (whole, killed)]
    assert weights[0].keys() == weights[1].keys()
    assert all((weights[0][key] == weights[1][key]).all() for key in weights[0])
    if not changes.get("adapters"):
        _evaluate(killed / "checkpoint-10", outside, tmp_path / "evaluated")


def _evaluate(checkpoint: Path, outside: Path, out: Path) -> None:
    command = [
        *(sys.executable, "-m", "rarft.harness.cli", "run", "--model", "outside_model"),
        *("--model_args", f"pretrained={checkpoint}", "--tasks", "outside"),
        *("--include_path", str(outside), "--output_path", str(out), "--n_resamples", "50"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads((out / "results.json").read_text())["results"]
    assert results["outside"]["n_scored,none"] == 12


def test_ranks_with_other_rows_are_refused_in_one_line_by_each_of_them(
    checkpoint: Path, rows: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other_rows.json"
    fewer = json.loads(rows.read_text())[:-1]
    other.write_text(json.dumps(fewer))
    out = tmp_path / "refused"
    with ranks(checkpoint, [rows, other], out, stage=3) as processes:
        assert [process.wait(LIMIT_S) for process in processes] == [2, 2]
    for rank in range(N_RANKS):
        (line,) = [one for one in said(out, rank).splitlines() if one.startswith("got ")]
        assert "other training rows in process 1 than in process 0" in line
    assert not out.exists() or not any(out.glob("checkpoint-*"))
