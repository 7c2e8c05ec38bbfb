"""Two replayed runs that differ in 40 known queries of 120, through the real command.

Run a is wrong on 10 irrelevant queries. Run b is wrong on 30 others: 18 relevant and 12 irrelevant.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.metrics import figures
from rarft.harness.report.sample_outcomes import read_outcomes

TASK = """
task: known
class: !function rarft.tasks.grounding_task.GroundingTask
metadata: {version: 1.0, annotation: known.json, licence: MIT, videos: none}
"""
N_RECORDS = 60
GROUNDED, REFUSED = "From 1.0 to 3.0 seconds.", "No such event can be found in the video."
NO_JUDGES = "categories=none,similarity=none,correction=none"


def record(index: int) -> dict[str, Any]:
    return {
        "video": f"v{index // 2}.mp4",
        "query_text": f"a red ball rolls {index}",
        "timestamp": [1.0, 3.0],
        "duration": 4.0,
        "GRPO": [
            {"q": f"a red ball rolls {index}", "a": "", "r": True, "difficulty": "original"},
            {
                "q": f"a blue ball rolls {index}",
                "a": "<answer>The ball is red, not blue.</answer>",
                "r": False,
                "c": ["Attribute/AttributeValue"],
                "difficulty": "hard",
            },
        ],
    }


def replies(*, refused_relevant: range, grounded_irrelevant: range) -> list[dict[str, str]]:
    rows = []
    for index in range(N_RECORDS):
        told = REFUSED if index in refused_relevant else GROUNDED
        rows.append({"query": f"a red ball rolls {index}", "model_output": told})
        told = GROUNDED if index in grounded_irrelevant else REFUSED
        rows.append({"query": f"a blue ball rolls {index}", "model_output": told})
    return [{"video": f"v{n // 4}.mp4", **row} for n, row in enumerate(rows)]


A_REPLIES = replies(refused_relevant=range(0), grounded_irrelevant=range(10))
B_REPLIES = replies(refused_relevant=range(18), grounded_irrelevant=range(30, 42))


def run(folder: Path, name: str, rows: list[dict[str, str]], *flags: str) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(rows))
    out = folder / "runs" / name
    arguments = [
        *("--model", "replay", "--model_args", f"path={path}", "--tasks", "known"),
        *("--include_path", str(folder / "task"), "--output_path", str(out)),
        *("--n_resamples", "50", "--judges", NO_JUDGES, *flags),
    ]
    assert main(arguments) == 0
    return out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "known.yaml").write_text(TASK)
    records = [record(index) for index in range(N_RECORDS)]
    (tmp_path / "task" / "known.json").write_text(json.dumps(records))
    return tmp_path


@pytest.fixture
def runs(folder: Path) -> tuple[Path, Path]:
    return run(folder, "a", A_REPLIES), run(folder, "b", B_REPLIES)


def compared(folder: Path, *arguments: str | Path) -> dict[str, Any]:
    out = folder / "compare.json"
    assert main(["compare", *map(str, arguments), "--output_path", str(out)]) == 0
    content: dict[str, Any] = json.loads(out.read_text())
    return content


def test_the_known_difference_and_its_mcnemar_p(
    folder: Path, runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    content = compared(folder, *runs)
    (pair,) = content["tasks"]["known"]["pairs"]
    assert (pair["a"], pair["b"], pair["n_paired"], pair["n_videos"]) == ("a", "b", 120, 30)
    told = pair["mcnemar"]
    assert (told["b"], told["c"], told["n"]) == (30, 10, 120)
    # 2 P(Binomial(40, 1/2) <= 10), and less P(Binomial(40, 1/2) = 10).
    assert told["p"] == pytest.approx(0.0022214, abs=5e-8)
    assert told["mid_p"] == pytest.approx(0.0014505, abs=5e-8)
    assert told["difference"] == pytest.approx(20 / 120)
    assert told["p_holm"] == told["p_clustered"]
    found = {key: pair["figures"][key] for key in ("ra_miou", "f1_relevant", "f1_irrelevant")}
    assert found["ra_miou"]["a"] == pytest.approx(110 / 120)
    assert found["ra_miou"]["b"] == pytest.approx(90 / 120)
    assert found["ra_miou"]["difference"] == pytest.approx(20 / 120)
    assert found["f1_relevant"]["difference"] == pytest.approx(120 / 130 - 84 / 114)
    assert found["f1_irrelevant"]["difference"] == pytest.approx(100 / 110 - 96 / 126)
    assert found["ra_miou"]["low"] < 20 / 120 < found["ra_miou"]["high"]
    shown = capsys.readouterr().out
    assert "A alone 30, B alone 10" in shown
    assert "+16.7" in shown


def test_swapping_the_runs_negates_every_difference(folder: Path, runs: tuple[Path, Path]) -> None:
    (one,) = compared(folder, *runs)["tasks"]["known"]["pairs"]
    (other,) = compared(folder, *reversed(runs))["tasks"]["known"]["pairs"]
    for key, found in one["figures"].items():
        turned = other["figures"][key]
        if found["difference"] is not None:
            assert turned["difference"] == -found["difference"]
            assert turned["low"] == pytest.approx(-found["high"], abs=1e-12)
            assert turned["p"] == found["p"]
    assert (other["mcnemar"]["b"], other["mcnemar"]["c"]) == (10, 30)


def test_the_figures_are_those_of_the_runs_themselves(runs: tuple[Path, Path]) -> None:
    for out in runs:
        results = json.loads((out / "results.json").read_text())["results"]["known"]
        for key, value in figures(read_outcomes(out, "known", "paper")).items():
            assert results.get(f"{key},none") == value, key


def test_queries_that_one_run_lacks_leave_both(folder: Path, runs: tuple[Path, Path]) -> None:
    partial = run(folder, "partial", A_REPLIES[:-4])
    (pair,) = compared(folder, partial, runs[1])["tasks"]["known"]["pairs"]
    assert pair["n_paired"] == 116
    assert pair["n_scored_by_b_alone"] == 4
    assert pair["figures"]["ra_miou"]["b"] == pytest.approx(86 / 116)


def test_three_runs_are_ranked_with_their_ties(
    folder: Path, runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = replies(refused_relevant=range(2), grounded_irrelevant=range(10))
    content = compared(folder, *runs, run(folder, "c", rows), "--markdown")
    ranked = content["tasks"]["known"]["ranks"]["ra_miou"]
    assert [(one["name"], one["rank"]) for one in ranked] == [("a", 1), ("c", 1), ("b", 3)]
    assert [one["groups"] for one in ranked] == [[1], [1], [2]]
    assert len(content["tasks"]["known"]["pairs"]) == 3
    assert "| mIoU | 1 a 91.7 | 3 b 75.0 | 1 a 90.0 |" in capsys.readouterr().out


def test_chosen_figures_are_the_family_of_tests(folder: Path, runs: tuple[Path, Path]) -> None:
    content = compared(folder, *runs, "--metrics", "f1_avg,f1_irrelevant/Att*")
    assert content["metrics"] == [
        "f1_avg",
        "f1_irrelevant/Attribute",
        "f1_irrelevant/Attribute/AttributeValue",
    ]
    assert content["holm"]["n_tests"] == 3


def failed(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    capsys.readouterr()
    assert main(["compare", *map(str, arguments)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    return shown.err


def test_runs_that_cannot_be_compared_are_one_line(
    folder: Path, runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = runs
    assert "expected two or more" in failed(capsys, one)
    assert "same run twice" in failed(capsys, one, one)
    assert "no results.json" in failed(capsys, one, folder / "none")
    assert "did you mean 'f1_avg'" in failed(capsys, *runs, "--metrics", "f1_avgg")
    assert "--n_resamples" in failed(capsys, *runs, "--n_resamples", "0")
    assert main(["score", str(other), "--policy", "strict"]) == 0
    assert "different policies" in failed(capsys, one, other)
    (other / "samples_known.jsonl").unlink()
    assert main(["score", str(one), "--policy", "strict"]) == 0
    assert "samples_known.jsonl" in failed(capsys, one, other)


def test_runs_of_other_rows_are_not_compared(
    folder: Path, runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    records = [record(index) for index in range(N_RECORDS)]
    records[0]["timestamp"] = [0.0, 3.0]
    (folder / "task" / "known.json").write_text(json.dumps(records))
    other = run(folder, "other", A_REPLIES)
    assert "other rows of task known" in failed(capsys, runs[0], other)


def test_runs_say_in_which_settings_they_differ(
    folder: Path, runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    first = run(folder, "first", A_REPLIES, "--limit", "100", "--seed", "3")
    content = json.loads((first / "results.json").read_text())
    content["provenance"]["tasks"]["known"]["version"] = 2.0
    (first / "results.json").write_text(json.dumps(content))
    capsys.readouterr()
    notes = compared(folder, runs[0], first)["notes"]
    assert notes[0] == "The runs differ in --limit: a all, first the first 100."
    assert notes[1].startswith("The runs differ in --model_args: a path=")
    assert "/a.json, first path=" in notes[1]
    assert notes[2:] == [
        "The runs differ in --seed: a 0, first 3.",
        "The runs differ in the version of known: a 1.0, first 2.0.",
    ]
    assert "a all, first the first 100" in " ".join(capsys.readouterr().out.split())
