"""What a model answers when the video is hidden from it: black frames, or another video."""

import json
from pathlib import Path
from typing import Any

import pytest

from rarft.harness import evaluate
from rarft.harness.cli import main
from rarft.harness.errors import UserError
from rarft.harness.stages.append_log import read_rows


def rarft_eval(outside: Path, out: Path, *flags: str, model: str = "outside_model") -> int:
    return main(
        [
            *("run", "--model", model, "--tasks", "outside", "--output_path", str(out)),
            *("--include_path", str(outside), "--n_resamples", "100", *flags),
        ]
    )


def rows_of(out: Path) -> list[dict[str, Any]]:
    return list(read_rows(out / "responses.jsonl"))


def test_black_frames_are_asked_about_anew_and_recorded(outside: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert rarft_eval(outside, out) == 0
    shown = rows_of(out)
    assert rarft_eval(outside, out, "--video_input", "black") == 0
    black = rows_of(out)[len(shown) :]
    assert len(black) == len(shown) == 12
    assert not {row["request"] for row in black} & {row["request"] for row in shown}
    assert [row["n_frames"] for row in black] == [row["n_frames"] for row in shown]
    assert [row["text"] for row in black] != [row["text"] for row in shown]
    content = json.loads((out / "results.json").read_text())
    assert content["config"]["video_input"] == "black"
    assert content["results"]["outside"]["n_scored,none"] == 12
    assert rarft_eval(outside, out) == 0
    assert len(rows_of(out)) == 24


def test_another_video_of_the_task_is_shown_by_the_seed(outside: Path, tmp_path: Path) -> None:
    shown = {}
    for name, flags in {
        "whole": ("--seed", "3"),
        "again": ("--seed", "3", "--limit", "6"),
        "reseeded": ("--seed", "4"),
    }.items():
        assert rarft_eval(outside, tmp_path / name, "--video_input", "other", *flags) == 0
        rows = rows_of(tmp_path / name)
        assert all(row["status"] == "ok" and row["shown_video"] != row["video"] for row in rows)
        shown[name] = {row["video"]: row["shown_video"] for row in rows}
    assert sorted(shown["whole"].values()) == sorted(shown["whole"])
    assert shown["again"].items() <= shown["whole"].items()
    assert shown["reseeded"] != shown["whole"]


@pytest.mark.parametrize("video_input", ["black", "other"])
def test_a_dry_run_says_what_is_hidden(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], video_input: str
) -> None:
    flags = ("--video_input", video_input, "--dry_run")
    assert rarft_eval(outside, tmp_path / "run", *flags) == 0
    assert f"video_input {video_input}: every" in capsys.readouterr().out


def test_what_cannot_be_hidden_is_one_line(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--video_input", "black")
    assert rarft_eval(outside, tmp_path / "run", *flags, model="always_refuse") == 2
    assert "'always_refuse', which reads no video" in capsys.readouterr().err
    records = json.loads((outside / "outside.json").read_text())
    (outside / "outside.json").write_text(json.dumps(records[:1]))
    assert rarft_eval(outside, tmp_path / "run", "--video_input", "other") == 2
    shown = capsys.readouterr().err
    assert "all about one video" in shown
    assert shown.count("\n") == 1
    with pytest.raises(UserError, match="all about one video"):
        evaluate("outside_model", "outside", include_path=[outside], video_input="other")
