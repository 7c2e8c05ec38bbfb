import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.stages.append_log import read_rows


def rarft_eval(outside: Path, out: Path, *flags: str, model: str = "outside_model") -> int:
    return main(
        [
            *("--model", model, "--tasks", "outside", "--output_path", str(out)),
            *("--include_path", str(outside), "--n_resamples", "200", *flags),
        ]
    )


def results_of(out: Path, task: str = "outside") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "results.json").read_text())
    return dict(content["results"][task])


def test_a_model_that_reads_no_video_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RARFT_CACHE", str(tmp_path / "cache"))
    flags = ("--limit", "40", "--n_resamples", "20", "--metadata", '{"render": false}')
    out = ("--output_path", str(tmp_path / "run"))
    assert main(["--model", "blind", "--tasks", "synth_hi", *flags, *out]) == 0
    assert results_of(tmp_path / "run", "synth_hi")["n_scored,none"] == 40
    assert not list((tmp_path / "cache").rglob("*.mp4"))


def test_a_task_in_one_yaml_and_a_model_in_one_card(outside: Path, tmp_path: Path) -> None:
    assert rarft_eval(outside, tmp_path / "run") == 0
    results = results_of(tmp_path / "run")
    assert results["n_queries,none"] == 12
    assert results["n_scored,none"] == 12
    rows = list(read_rows(tmp_path / "run" / "responses.jsonl"))
    assert len(rows) == 12
    assert all(row["n_frames"] == 8 and row["effective_fps"] == 2.0 for row in rows)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"results.json", "samples_outside.jsonl", "judgements.jsonl", "report.html"} <= names
    assert "untrained" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("always_ground", {"f1_relevant": 2 / 3, "f1_irrelevant": 0.0, "ra_miou": 0.25}),
        ("always_refuse", {"f1_relevant": 0.0, "f1_irrelevant": 2 / 3, "ra_miou": 0.5}),
        ("oracle", {"f1_avg": 1.0, "ra_iou@0.7": 1.0, "pair_accuracy": 1.0, "miou_grounded": 1.0}),
    ],
)
def test_the_floors_score_what_is_known_before_any_run(
    outside: Path, tmp_path: Path, model: str, expected: dict[str, float]
) -> None:
    assert rarft_eval(outside, tmp_path / "run", model=model) == 0
    results = results_of(tmp_path / "run")
    assert {key: results[f"{key},none"] for key in expected} == pytest.approx(expected)


def test_a_second_run_sends_nothing_and_gives_the_same_bytes(outside: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert rarft_eval(outside, out) == 0
    first = (out / "results.json").read_bytes()
    n_sent = sum(row.get("n_requests", 0) for row in read_rows(out / "journal.jsonl"))
    assert rarft_eval(outside, out) == 0
    assert (out / "results.json").read_bytes() == first
    assert sum(row.get("n_requests", 0) for row in read_rows(out / "journal.jsonl")) == n_sent


def test_fresh_forgets_what_the_directory_holds(outside: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert rarft_eval(outside, out, "--limit", "2") == 0
    assert rarft_eval(outside, out, "--limit", "2", "--fresh") == 0
    assert len(list(read_rows(out / "journal.jsonl"))) == 2


def test_a_run_repeats_from_its_results(outside: Path, tmp_path: Path) -> None:
    assert rarft_eval(outside, tmp_path / "one", "--limit", "4") == 0
    config = str(tmp_path / "one" / "results.json")
    assert main(["run", "--config", config, "--output_path", str(tmp_path / "two")]) == 0
    assert (tmp_path / "one" / "results.json").read_bytes() == (
        tmp_path / "two" / "results.json"
    ).read_bytes()


def test_flags_go_on_top_of_a_repeated_run(outside: Path, tmp_path: Path) -> None:
    assert rarft_eval(outside, tmp_path / "one", "--limit", "4") == 0
    config = ("--config", str(tmp_path / "one" / "results.json"))
    flags = ("--output_path", str(tmp_path / "two"), "--policy", "strict", "--limit", "2")
    assert main(["run", *config, *flags]) == 0
    content = json.loads((tmp_path / "two" / "results.json").read_text())
    assert content["config"]["policy"] == "strict"
    assert content["config"]["model"] == "outside_model"
    assert content["results"]["outside"]["n_queries,none"] == 2


def test_a_wrong_flag_with_fresh_costs_no_stored_reply(outside: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert rarft_eval(outside, out) == 0
    stored = (out / "responses.jsonl").read_bytes()
    assert rarft_eval(outside, out, "--fresh", model="outside_modle") == 2
    assert rarft_eval(outside, out, "--fresh", "--gen_kwargs", "no_such_setting=1") == 2
    assert (out / "responses.jsonl").read_bytes() == stored


def test_a_duration_that_changes_is_judged_again(outside: Path, tmp_path: Path) -> None:
    replies = tmp_path / "replies.json"
    row = {"video": "v0.mp4", "query": "a red ball rolls 0", "model_output": "From 25 to 75"}
    replies.write_text(json.dumps([row]))
    flags = ("--model_args", f"path={replies},form=percent")
    spans = []
    for duration_s in (4.0, 8.0):
        records = json.loads((outside / "outside.json").read_text())
        records[0]["duration"] = duration_s
        (outside / "outside.json").write_text(json.dumps(records))
        assert rarft_eval(outside, tmp_path / "run", *flags, model="replay") == 0
        sample = next(read_rows(tmp_path / "run" / "samples_outside.jsonl"))
        spans.append(sample["prediction"]["spans"])
    assert spans == [[[1.0, 3.0]], [[2.0, 6.0]]]


def test_a_dry_run_says_what_it_would_send_and_writes_nothing(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rarft_eval(outside, tmp_path / "run", "--dry_run") == 0
    assert "12 would be sent" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()


def test_score_again_with_another_policy_needs_no_model(outside: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert rarft_eval(outside, out) == 0
    paper = results_of(out)
    shutil.rmtree(tmp_path / "videos")
    assert main(["score", str(out), "--policy", "strict"]) == 0
    strict = results_of(out)
    assert strict["n_unparsed,none"] == paper["n_unparsed,none"] > 0
    assert strict["f1_irrelevant,none"] < paper["f1_irrelevant,none"]


def test_our_responses_replay_to_the_same_figures(outside: Path, tmp_path: Path) -> None:
    assert rarft_eval(outside, tmp_path / "run") == 0
    path = tmp_path / "run" / "responses.jsonl"
    flags = ("--model_args", f"path={path},form=answer_correction")
    assert rarft_eval(outside, tmp_path / "again", *flags, model="replay") == 0
    assert results_of(tmp_path / "again") == results_of(tmp_path / "run")


def test_a_replayed_file_is_scored_on_what_it_holds(outside: Path, tmp_path: Path) -> None:
    rows = [
        {"video": "x/v0.mp4", "query": "a red ball rolls 0", "model_output": "1.0 to 3.0"},
        {"video": "x/v0.mp4", "query": "a blue ball rolls 0", "model_output": "No such event."},
    ]
    path = tmp_path / "inference_results_merged.json"
    path.write_text(json.dumps(rows))
    out = tmp_path / "run"
    assert rarft_eval(outside, out, "--model_args", f"path={path}", model="replay") == 0
    results = results_of(out)
    assert results["n_missing,none"] == 10
    assert results["ra_miou,none"] == 1.0
    flags = ("--model_args", f"path={path},missing=error")
    assert rarft_eval(outside, out, *flags, model="replay") == 2
