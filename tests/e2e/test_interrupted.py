"""Torn lines, a full disk and two runs at once: nothing already computed is lost."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from rarft.harness.cli import main
from rarft.harness.stages.append_log import read_rows
from rarft.harness.stages.run_lock import hold

MAX_FILE_BYTES = 10_000


def arguments(outside: Path, out: Path, model: str = "always_refuse") -> list[str]:
    return [
        *("run", "--model", model, "--tasks", "outside", "--include_path", str(outside)),
        *("--output_path", str(out), "--batch_size", "1", "--n_resamples", "100"),
    ]


def test_a_torn_last_row_is_dropped_and_done_again(outside: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert main(arguments(outside, out, "outside_model")) == 0
    whole = (out / "results.json").read_bytes()
    responses = out / "responses.jsonl"
    content = responses.read_bytes()
    responses.write_bytes(content[:-20])
    n_sent = sum(row.get("n_requests", 0) for row in read_rows(out / "journal.jsonl"))
    assert main(arguments(outside, out, "outside_model")) == 0
    assert (out / "results.json").read_bytes() == whole
    assert len(list(read_rows(responses))) == 12
    assert sum(row.get("n_requests", 0) for row in read_rows(out / "journal.jsonl")) == n_sent + 1


def test_a_second_run_on_one_directory_is_one_line(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with hold(tmp_path / "run"):
        assert main(arguments(outside, tmp_path / "run")) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "another run is using" in shown


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))


def test_a_full_disk_is_one_line_and_the_run_goes_on_later(outside: Path, tmp_path: Path) -> None:
    records = json.loads((outside / "outside.json").read_text())
    (outside / "outside.json").write_text(json.dumps(records * 5))
    out = tmp_path / "run"
    command = [sys.executable, "-m", "rarft.harness.cli", *arguments(outside, out)]
    stopped = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=limit_file_size
    )
    assert stopped.returncode == 2
    assert "Traceback" not in stopped.stderr
    assert "responses.jsonl: got 'File too large'" in stopped.stderr
    n_stored = len(list(read_rows(out / "responses.jsonl")))
    assert 0 < n_stored < 60
    assert main(arguments(outside, out)) == 0
    assert len(list(read_rows(out / "responses.jsonl"))) == 60
    n_sent = sum(row.get("n_requests", 0) for row in read_rows(out / "journal.jsonl"))
    assert n_sent == 60 + 1


def test_a_replaced_video_is_noticed(outside: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert main(arguments(outside, out, "outside_model")) == 0
    videos = tmp_path / "videos"
    (videos / "v0.mp4").write_bytes((videos / "v0.mp4").read_bytes() + b"\0" * 8)
    assert main(arguments(outside, out, "outside_model")) == 0
    n_sent = sum(row.get("n_requests", 0) for row in read_rows(out / "journal.jsonl"))
    assert n_sent == 12 + 2
