import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rarft.harness.cli import main
from rarft.harness.stages.append_log import read_rows


def run(outside: Path, tmp_path: Path, *flags: str) -> int:
    given = {"--model": "always_refuse", "--tasks": "outside"}
    given |= {"--n_resamples": "100", "--output_path": str(tmp_path / "run")}
    given |= dict(zip(flags[::2], flags[1::2], strict=True))
    pairs = [part for pair in given.items() for part in pair]
    return main([*pairs, "--include_path", str(outside)])


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--model", "time_r"), "did you mean 'time_r1'"),
        (("--tasks", "hi_charade"), "did you mean 'hi_charades'"),
        (("--tasks", "zz_*"), "unknown task 'zz_*'"),
        (("--tasks", ","), "got no task"),
        (("--limit", "-3"), "--limit"),
        (("--batch_size", "none"), "--batch_size"),
        (("--model_args", "x"), "--model_args"),
        (("--metadata", "x"), "--metadata"),
        (
            ("--prompt_file", "/no/such/prompt.txt", "--model", "outside_model"),
            "/no/such/prompt.txt",
        ),
        (("--policy", "other"), "--policy"),
        (("--no_such_flag", "1"), "--no_such_flag"),
        (("--config", "/no/such/results.json"), "/no/such/results.json"),
        (("--seed", "-1"), "--seed"),
        (("--n_resamples", "0"), "--n_resamples"),
        (("--batch_size", "²"), "--batch_size"),
        (("--model", "replay"), "path="),
    ],
)
def test_a_wrong_flag_is_one_line_and_exit_code_2(
    outside: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: tuple[str, ...],
    named: str,
) -> None:
    assert run(outside, tmp_path, *flags) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert named in shown.err


def test_a_missing_include_path_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--model", "oracle", "--tasks", "x", "--include_path", str(tmp_path / "none")]
    assert main(flags) == 2
    assert "--include_path" in capsys.readouterr().err


def test_a_task_yaml_that_cannot_be_read_is_named(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (outside / "broken.yaml").write_text("task: [unclosed")
    assert run(outside, tmp_path) == 2
    assert "broken.yaml" in capsys.readouterr().err


def change_record(**fields: object) -> Callable[[Path], None]:
    def change(outside: Path) -> None:
        records = json.loads((outside / "outside.json").read_text())
        records[2] |= fields
        (outside / "outside.json").write_text(json.dumps(records))

    return change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (change_record(timestamp=[3.0, "x"]), "timestamp"),
        (change_record(GRPO=[{"q": "", "r": True, "a": ""}]), "q"),
        (change_record(video=None), "video"),
        (lambda folder: (folder / "outside.json").write_text("{"), "outside.json"),
        (lambda folder: (folder / "outside.json").unlink(), "outside.json"),
    ],
)
def test_a_malformed_annotation_names_file_record_and_field(
    outside: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], object],
    named: str,
) -> None:
    change(outside)
    assert run(outside, tmp_path) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "outside.json" in shown
    assert named in shown


def test_bad_videos_are_rows_with_their_reason_and_the_run_goes_on(
    outside: Path, tmp_path: Path
) -> None:
    videos = tmp_path / "videos"
    (videos / "v0.mp4").unlink()
    (videos / "v1.mp4").write_bytes(b"")
    (videos / "v2.mp4").write_bytes((videos / "v2.mp4").read_bytes()[:200])
    assert run(outside, tmp_path, "--model", "outside_model") == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())["results"]["outside"]
    assert results["n_failed,none"] == 6
    assert results["n_scored,none"] == 6
    failures = [
        row["failure"]
        for row in read_rows(tmp_path / "run" / "responses.jsonl")
        if row["status"] == "failed"
    ]
    assert [name for name in ("v0", "v1", "v2") if any(name in text for text in failures)] == [
        "v0",
        "v1",
        "v2",
    ]
    assert all("\n" not in text for text in failures)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [("", "unparsed"), ("x" * 1_000_000, "unparsed"), ("\x00\ud800\x7f\x1b[2J", "unparsed")],
    ids=["empty", "one megabyte", "binary"],
)
def test_a_reply_of_any_kind_is_a_row(outside: Path, tmp_path: Path, reply: str, kind: str) -> None:
    path = tmp_path / "replies.json"
    rows = [{"video": "v0.mp4", "query": "a red ball rolls 0", "model_output": reply}]
    path.write_text(json.dumps(rows))
    assert run(outside, tmp_path, "--model", "replay", "--model_args", f"path={path}") == 0
    samples = list(read_rows(tmp_path / "run" / "samples_outside.jsonl"))
    assert samples[0]["prediction"]["kind"] == kind
    assert samples[0]["reply"] == reply


def test_a_query_of_10_000_characters_is_asked(outside: Path, tmp_path: Path) -> None:
    records = json.loads((outside / "outside.json").read_text())
    records[0]["GRPO"][0]["q"] = "a red ball " * 910
    (outside / "outside.json").write_text(json.dumps(records[:1]))
    assert run(outside, tmp_path, "--model", "outside_model") == 0
    rows = list(read_rows(tmp_path / "run" / "responses.jsonl"))
    assert len(rows) == 2
    assert {row["status"] for row in rows} <= {"ok", "failed"}


def test_no_folder_of_videos_is_one_line_before_anything_is_sent(
    outside: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("RARFT_VIDEOS")
    assert run(outside, tmp_path, "--model", "outside_model") == 2
    assert "RARFT_VIDEOS" in capsys.readouterr().err
    assert run(outside, tmp_path, "--model", "always_ground") == 0
    monkeypatch.setenv("RARFT_VIDEOS", str(tmp_path / "mistyped"))
    assert run(outside, tmp_path, "--model", "outside_model") == 2
    assert "mistyped" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([], "at least one row"),
        ([{"id": "1", "video": "v.mp4", "text": "a"}], "relevant"),
        ([{"id": "1", "video": "v.mp4", "text": "a", "relevant": True}] * 2, "twice"),
    ],
)
def test_a_loader_of_ones_own_is_checked(
    outside: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rows: list[dict[str, object]],
    named: str,
) -> None:
    loader = "from rarft.harness.docs import Docs\ndef load(**_):\n    return {'test': Docs(%r)}\n"
    (outside / "own_rows.py").write_text(loader % rows)
    yaml = (outside / "outside.yaml").read_text()
    own = "custom_dataset: !function own_rows.load\n"
    (outside / "outside.yaml").write_text(yaml + own)
    assert run(outside, tmp_path) == 2
    shown = capsys.readouterr().err
    assert named in shown
    assert shown.count("\n") == 1
