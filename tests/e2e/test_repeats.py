"""Each query asked several times: names, rows, resuming, a kill, and replaying."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.stages.append_log import read_rows
from rarft.harness.stages.run_record import read_record, read_repeats

N_REPEATS = 3
SAMPLED = ("--gen_kwargs", "temperature=1.0")
REPEATED = (*SAMPLED, "--repeats", str(N_REPEATS))


def arguments(outside: Path, out: Path, *flags: str, model: str = "outside_model") -> list[str]:
    return [
        *("run", "--model", model, "--tasks", "outside", "--output_path", str(out)),
        *("--include_path", str(outside), "--n_resamples", "100", *flags),
    ]


def texts(out: Path) -> dict[tuple[str, int], str]:
    """Return the text of each query and repeat; a row that is there twice fails."""
    found: dict[tuple[str, int], str] = {}
    for row in read_rows(out / "responses.jsonl"):
        key = (row["query_id"], row.get("repeat", 0))
        assert key not in found
        found[key] = row["text"]
    return found


def n_sent(out: Path) -> int:
    return sum(row.get("n_requests", 0) for row in read_rows(out / "journal.jsonl"))


@pytest.fixture
def whole(outside: Path, tmp_path: Path) -> Path:
    out = tmp_path / "whole"
    assert main(arguments(outside, out, *REPEATED)) == 0
    return out


def test_every_query_is_asked_k_times_under_k_names(whole: Path) -> None:
    rows: list[dict[str, Any]] = list(read_rows(whole / "responses.jsonl"))
    assert len({row["request"] for row in rows}) == len(rows) == 12 * N_REPEATS
    assert all(row.get("repeat") != 0 for row in rows)
    record, first = read_record(whole)
    repeats = read_repeats(whole)
    assert record.config.repeats == N_REPEATS
    assert {key: requests[0] for key, requests in repeats.items()} == first
    assert {len(requests) for requests in repeats.values()} == {N_REPEATS}
    asked = {(row["query_id"], row.get("repeat", 0)): row["request"] for row in rows}
    for (_, query_id), requests in repeats.items():
        assert requests == tuple(asked[query_id, n] for n in range(N_REPEATS))
    assert len(set(texts(whole).values())) > 12


def test_the_same_seed_gives_the_same_replies_in_any_batch_and_after_one_repeat(
    outside: Path, tmp_path: Path, whole: Path
) -> None:
    out = tmp_path / "grown"
    assert main(arguments(outside, out, *SAMPLED, "--batch_size", "5")) == 0
    single = texts(out)
    assert n_sent(out) == 12
    assert main(arguments(outside, out, *REPEATED, "--batch_size", "5")) == 0
    assert n_sent(out) == 12 * N_REPEATS
    assert texts(out) == texts(whole)
    assert single.items() <= texts(whole).items()
    assert main(arguments(outside, tmp_path / "reseeded", *REPEATED, "--seed", "1")) == 0
    assert texts(tmp_path / "reseeded") != texts(whole)


def test_a_killed_run_goes_on_to_the_same_replies(
    outside: Path, tmp_path: Path, whole: Path
) -> None:
    out = tmp_path / "killed"
    again = arguments(outside, out, *REPEATED, "--batch_size", "2")
    process = subprocess.Popen(
        [sys.executable, "-m", "rarft.harness.cli", *again],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    responses = out / "responses.jsonl"
    while process.poll() is None and not (responses.exists() and responses.stat().st_size):
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < len(list(read_rows(responses))) < 12 * N_REPEATS
    assert main(again) == 0
    assert texts(out) == texts(whole)
    assert n_sent(out) <= 12 * N_REPEATS + 2


def test_repeats_replay(outside: Path, tmp_path: Path, whole: Path) -> None:
    out = tmp_path / "replayed"
    flags = ("--model_args", f"path={whole / 'responses.jsonl'},form=answer_correction")
    assert main(arguments(outside, out, *flags, "--repeats", "3", model="replay")) == 0
    assert texts(out) == texts(whole)
    assert main(arguments(outside, tmp_path / "one", *flags, model="replay")) == 0
    replayed = texts(tmp_path / "one")
    assert replayed == {key: text for key, text in texts(whole).items() if key[1] == 0}


def test_a_dry_run_counts_the_repeats(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments(outside, tmp_path / "run", *REPEATED), "--dry_run"]) == 0
    shown = capsys.readouterr().out
    assert "12 queries, each asked 3 times, are 36 distinct requests" in shown
    assert "36 would be sent" in shown


@pytest.mark.parametrize(
    ("flags", "model"),
    [
        (("--repeats", "3"), "outside_model"),
        (("--repeats", "3", "--gen_kwargs", "temperature=0"), "outside_model"),
        (("--repeats", "3"), "always_refuse"),
        (("--repeats", "0"), "outside_model"),
    ],
)
def test_repeats_that_would_all_be_the_same_are_one_line(
    outside: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: tuple[str, ...],
    model: str,
) -> None:
    assert main(arguments(outside, tmp_path / "run", *flags, model=model)) == 2
    shown = capsys.readouterr().err
    assert "--repeats" in shown
    assert shown.count("\n") == 1
