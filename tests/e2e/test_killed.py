"""A run killed with SIGKILL at counts of rows goes on to the results of one that was not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rarft.harness.stages.append_log import read_rows

KILLED_AT_ROWS = (1, 3, 5, 8, 10)
BATCH_SIZE = 2


def command(outside: Path, out: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "rarft.harness.cli", "run", "--model", "outside_model"),
        *("--tasks", "outside", "--include_path", str(outside), "--output_path", str(out)),
        *("--batch_size", str(BATCH_SIZE), "--n_resamples", "200"),
    ]


def n_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def run_and_kill(arguments: list[str], responses: Path, *, at_rows: int) -> None:
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None and n_lines(responses) < at_rows:
        time.sleep(0.002)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def results(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "results.json").read_text())["results"])


def test_five_kills_lose_nothing_and_repeat_only_what_was_in_flight(
    outside: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(outside, whole), check=True, capture_output=True)
    responses = killed / "responses.jsonl"
    for at_rows in KILLED_AT_ROWS:
        run_and_kill(command(outside, killed), responses, at_rows=at_rows)
    subprocess.run(command(outside, killed), check=True, capture_output=True)

    assert results(killed) == results(whole)
    assert (killed / "results.json").read_bytes() == (whole / "results.json").read_bytes()
    rows = list(read_rows(responses))
    assert len({row["request"] for row in rows}) == len(rows) == 12
    n_sent = sum(row.get("n_requests", 0) for row in read_rows(killed / "journal.jsonl"))
    assert 12 <= n_sent <= 12 + BATCH_SIZE * len(KILLED_AT_ROWS)
