import json
from pathlib import Path
from typing import Any

import pytest

from rarft.dataset_builder.commands.corrections import corrections_command
from rarft.harness.cli import main
from rarft.harness.errors import AnnotationError, NotFoundError, UserError
from rarft.harness.metrics.overlap import tiou
from rarft.harness.types import Span
from rarft.tasks.corrections import default_folder
from rarft.tasks.overlays import read_overlay

QUICK = ["--n_resamples", "20", "--judges", "categories=none,similarity=none,correction=none"]
ORIGINALS = {
    "fixed_hi_tvgbench": ("hi_vtg_tvgbench.json", "tvgbench.json"),
    "fixed_ss_charades": ("ss_vtg_charades.json", "charades_sta_test.txt"),
    "multi_ss_qvhighlights": ("ss_vtg_qvhighlight.json", "highlight_val.jsonl"),
}


def make(stand_ins: Any, variant: str, output_path: Path | None = None) -> Path:
    official, original = ORIGINALS[variant]
    corrections_command(
        "make",
        variant,
        original=[stand_ins.original(original)],
        annotation=stand_ins.folder / official,
        output_path=output_path,
    )
    return output_path or default_folder() / f"{variant}.jsonl"


@pytest.mark.parametrize("variant", sorted(ORIGINALS))
def test_exactly_the_planted_rows_are_found(
    stand_ins: Any, variant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    overlay = read_overlay(make(stand_ins, variant))
    assert {one.id for one in overlay} == stand_ins.planted[variant]
    assert len({one.reason for one in overlay}) == 1
    assert "not in the original files" not in (shown := capsys.readouterr().out)
    assert f"{len(overlay):,} corrections" in shown
    assert shown.splitlines()[-1] == str(default_folder() / f"{variant}.jsonl")


def replies(stand_ins: Any) -> list[dict[str, Any]]:
    """Return the reply of a model that finds the last right window and refuses the rest."""
    rows = []
    for right in stand_ins.right.values():
        for (video, text), spans in right.items():
            start, end = spans[-1]
            answered = f"<answer>{start:.2f} to {end:.2f}</answer>"
            rows.append({"video": f"{video}.mp4", "query": text, "model_output": answered})
    for official, _ in ORIGINALS.values():
        for record in json.loads((stand_ins.folder / official).read_text()):
            asked = [query["q"] for query in record["GRPO"] if not query["r"]]
            refused = "<answer>The video does not show that.</answer>"
            rows += [
                {"video": record["video"], "query": text, "model_output": refused} for text in asked
            ]
    return rows


def official_iou(stand_ins: Any, variant: str) -> float:
    """Return the mean IoU that the stored spans give the right ones, by hand."""
    ious = []
    for record in json.loads((stand_ins.folder / ORIGINALS[variant][0]).read_text()):
        video = record["video"].rpartition("/")[2].removesuffix(".mp4")
        for query in record["GRPO"]:
            if query["r"] and (spans := stand_ins.right[variant].get((video, query["q"]))):
                ious.append(tiou(Span(*record["timestamp"]), Span(*spans[-1])))
    return sum(ious) / len(ious)


def test_stored_replies_score_official_and_corrected_in_one_table(
    stand_ins: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for variant in ORIGINALS:
        make(stand_ins, variant)
    stored = tmp_path / "inference_results_merged.json"
    stored.write_text(json.dumps(replies(stand_ins)))
    tasks = [name for variant in ORIGINALS for name in (variant.partition("_")[2], variant)]
    capsys.readouterr()
    arguments = ["run", "--model", "replay", "--model_args", f"path={stored}"]
    arguments += ["--tasks", ",".join(tasks), "--metadata", '{"blob": null}']
    directory = tmp_path / "run"
    arguments += ["--output_path", str(directory), *QUICK]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert all(task in shown for task in tasks)
    results = json.loads((directory / "results.json").read_text())
    for variant in ORIGINALS:
        official, corrected = (
            results["results"][name]["miou_relevant,none"]
            for name in (variant.partition("_")[2], variant)
        )
        assert corrected == pytest.approx(1.0)
        assert official == pytest.approx(official_iou(stand_ins, variant))
        assert official < 0.99


def test_a_stored_run_of_the_official_task_is_replayed_on_its_variant(
    stand_ins: Any, tmp_path: Path
) -> None:
    make(stand_ins, "fixed_ss_charades")
    metadata = ["--metadata", '{"blob": null}', *QUICK]
    first, second = tmp_path / "first", tmp_path / "second"
    run = ["run", "--model", "random", "--tasks", "ss_charades", *metadata]
    assert main([*run, "--output_path", str(first)]) == 0
    run = ["run", "--model", "replay", "--model_args", f"path={first / 'responses.jsonl'}"]
    run += ["--tasks", "ss_charades,fixed_ss_charades", *metadata]
    assert main([*run, "--output_path", str(second)]) == 0
    results = json.loads((second / "results.json").read_text())["results"]
    before = json.loads((first / "results.json").read_text())["results"]
    assert results["ss_charades"] == before["ss_charades"]
    changed = {
        query["query_id"]
        for query, other in zip(
            *(samples(second, task) for task in ("ss_charades", "fixed_ss_charades")), strict=True
        )
        if query["spans"] != other["spans"]
    }
    assert changed == stand_ins.planted["fixed_ss_charades"]
    replied = [[one["reply"] for one in samples(second, task)] for task in results]
    assert replied[0] == replied[1]


def samples(directory: Path, task: str) -> list[dict[str, Any]]:
    lines = (directory / f"samples_{task}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_an_overlay_of_another_annotation_stops_a_run_with_one_line(
    stand_ins: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["run", "--model", "random", "--tasks", "fixed_ss_charades"]
    run += ["--metadata", '{"blob": null}', "--output_path", str(tmp_path / "run")]
    assert main(run) == 2
    assert "rarft-data corrections make fixed_ss_charades" in capsys.readouterr().err
    overlay = make(stand_ins, "fixed_ss_charades")
    annotation = stand_ins.folder / "ss_vtg_charades.json"
    annotation.write_text(annotation.read_text() + "\n")
    capsys.readouterr()
    assert main(run) == 2
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1
    assert str(overlay) in shown.err


def test_check_writes_nothing_and_names_the_signs(
    stand_ins: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    annotation = stand_ins.folder / "ss_vtg_charades.json"
    corrections_command("check", "ss_activitynet", annotation=annotation)
    shown = capsys.readouterr().out
    assert "60 relevant queries" in shown
    assert "15  further relevant queries of a record" in shown
    assert "against the original files" not in shown
    original = [stand_ins.original("charades_sta_test.txt")]
    corrections_command("check", "hi_vtg_train", original=original, annotation=annotation)
    n_planted = len(stand_ins.planted["fixed_ss_charades"])
    assert f"{n_planted} corrections" in capsys.readouterr().out
    assert not default_folder().exists()


def test_a_broken_row_of_an_original_is_named_and_its_query_counted(
    stand_ins: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stand_ins.original("charades_sta_test.txt")
    first, *lines = path.read_text().splitlines()
    path.write_text("\n".join([first.replace("##", "#"), *lines]))
    make(stand_ins, "fixed_ss_charades", tmp_path / "a.jsonl")
    shown = capsys.readouterr().out
    assert "charades_sta_test.txt: row 0 (from 0) left out" in shown
    assert "1  not in the original files (00000-0)" in shown


def test_what_cannot_be_corrected_is_one_line(stand_ins: Any, tmp_path: Path) -> None:
    charades = stand_ins.folder / "ss_vtg_charades.json"
    original = [stand_ins.original("charades_sta_test.txt")]
    with pytest.raises(UserError, match="got no --original"):
        corrections_command("make", "fixed_ss_charades", annotation=charades)
    with pytest.raises(NotFoundError, match="did you mean 'fixed_ss_charades'"):
        corrections_command("make", "fixed_ss_charade", original=original, annotation=charades)
    with pytest.raises(NotFoundError, match="--annotation"):
        corrections_command("check", "hi_charades", annotation=tmp_path / "none.json")
    with pytest.raises(AnnotationError, match="none of its 40 relevant queries"):
        corrections_command(
            "make",
            "fixed_hi_tvgbench",
            original=original,
            annotation=stand_ins.folder / "hi_vtg_tvgbench.json",
        )
    overlay = read_overlay(make(stand_ins, "fixed_ss_charades", tmp_path / "a.jsonl"))
    records = json.loads(charades.read_text())
    for one in overlay:
        record = int(one.id.split("-")[0])
        records[record]["GRPO"].pop(1)
    charades.write_text(json.dumps(records))
    with pytest.raises(UserError, match="got nothing to correct in fixed_ss_charades"):
        make(stand_ins, "fixed_ss_charades", tmp_path / "a.jsonl")
