"""The grid of the tiny proof from end to end, on a drawn network and a few queries."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rarft.trainer.tiny.network import draw_network, export_network, write_processor

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
SMALL = ("--max_steps", "1", "--synth_videos", "4", "--per_device_train_batch_size", "4")


@pytest.fixture
def base(tmp_path) -> Path:
    write_processor(tmp_path / "processor")
    network = draw_network(tmp_path / "processor", seed=0)
    export_network(network, tmp_path / "processor", tmp_path / "base")
    return tmp_path / "base"


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCH / script), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[1:])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_grid_trains_and_evaluates_once_and_is_reported(base, tmp_path) -> None:
    output = tmp_path / "grid"
    asked = ("--base", base, "--output", output, "--arms", "sft", "--seeds", 0, "--jobs", 1)
    asked = (*asked, "--limit", 4, "--", *SMALL)
    first = run("tiny_proof.py", *asked)
    assert first.returncode == 0, first.stderr + _logs(output)
    record = json.loads((output / "grid.json").read_text())
    assert record["runs"]["sft-0"]["training"][0]["code"] == 0
    assert set(record["processor_s"]["evaluation"]) == {"base", "sft"}
    told = json.loads((output / "eval" / "sft-0" / "results.json").read_text())
    assert told["model"]["name"] == "tiny_rarft"

    again = run("tiny_proof.py", *asked)
    assert again.returncode == 0, again.stderr
    assert json.loads((output / "grid.json").read_text()) == record

    page = tmp_path / "page.md"
    page.write_text("# Plan\n")
    results = tmp_path / "results.json"
    where = ("--results", results, "--page", page, "--n_resamples", 50)
    reported = run("tiny_report.py", output, *where)
    assert reported.returncode == 0, reported.stderr
    assert json.loads(results.read_text())["arms"].keys() == {"base", "sft"}
    assert "| `sft` |" in page.read_text()


def _logs(output: Path) -> str:
    return "\n".join(path.read_text()[-2000:] for path in output.glob("logs/*.log"))
