"""`rarft-eval` and `rarft-train` take what was built, on HI-Synth and on hand-written rows."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rarft.dataset_builder.output import write_output
from rarft.dataset_builder.row_files import write_rows
from rarft.dataset_builder.types import Origin, Row
from rarft.harness.cli import main
from rarft.harness.errors import AnnotationError
from rarft.harness.models import find_card
from rarft.harness.types import Span, query_from_doc
from rarft.tasks.synth_hi.dataset import docs_of, make_records
from rarft.trainer.config import DataArguments
from rarft.trainer.data import training_rows

SYNTH = Origin(
    source="synth_hi", split="train", licence="Apache-2.0", citation="", redistributable=True
)


def synth_rows(n_queries: int) -> list[Row]:
    examples = make_records(n_queries=n_queries, seed=2, split="train")
    return [Row(query=query_from_doc(doc, task=""), origin=SYNTH) for doc in docs_of(examples)]


def results_of(folder: Path, task: str) -> dict:
    return json.loads((folder / "results.json").read_text())["results"][task]


def evaluate(folder: Path, task: str, out: Path, *, model: str) -> int:
    return main(
        [
            *("--model", model, "--tasks", task, "--include_path", str(folder)),
            *("--output_path", str(out), "--n_resamples", "20"),
        ]
    )


def rows_for_training(name: Path, videos: Path, **asked):
    given = DataArguments(dataset_name=str(name), video_folder=str(videos), **asked)
    return training_rows(given, card=find_card("tiny")[0], prompt="{query}", seed=0)


@pytest.fixture
def videos(tmp_path):
    """A folder with a file for each of four videos; nothing here looks inside."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for number in range(4):
        (folder / f"v{number}.mp4").write_bytes(b"x")
    return folder


def test_rarft_eval_scores_the_oracle_of_a_built_set_perfect(tmp_path):
    rows = tmp_path / "synth.jsonl"
    write_rows(rows, synth_rows(8))
    output = write_output(rows, tmp_path / "out", name="built_synth")
    assert evaluate(output.folder, "built_synth", tmp_path / "run", model="oracle") == 0
    results = results_of(tmp_path / "run", "built_synth")
    assert (results["n_scored,none"], results["f1_avg,none"]) == (8, 1.0)
    assert results["ra_iou@0.7,none"] == results["pair_accuracy,none"] == 1.0
    report = json.loads((tmp_path / "run" / "results.json").read_text())["load_reports"]
    assert report["built_synth"]["n_irrelevant"] == 4


def test_the_task_of_the_test_split_has_the_name_of_the_set(kitchen, tmp_path, capsys):
    output = write_output(kitchen)
    assert output.tasks == {"train": "kitchen_train", "test": "kitchen"}
    assert main(["tasks", "kitchen", "--include_path", str(output.folder)]) == 0
    assert "CC-BY-4.0" in capsys.readouterr().out
    assert evaluate(output.folder, "kitchen", tmp_path / "run", model="always_refuse") == 0
    results = results_of(tmp_path / "run", "kitchen")
    # One relevant and three irrelevant queries, all refused: the three are right.
    assert results["ra_iou@0.5,none"] == 0.75


def test_a_moved_set_is_still_evaluated(kitchen, tmp_path):
    write_output(kitchen).folder.rename(tmp_path / "elsewhere")
    assert evaluate(tmp_path / "elsewhere", "kitchen", tmp_path / "run", model="oracle") == 0


def test_the_task_scores_any_of_several_spans(make_rows, make_build, tmp_path):
    from rarft.dataset_builder.output.built_rows import load

    rows = make_rows("v0")
    spans = (Span(1.0, 2.0), Span(5.0, 7.0))
    rows[0] = replace(rows[0], query=replace(rows[0].query, spans=spans))
    folder = write_output(make_build(tmp_path / "spans", rows)).folder
    docs = load(annotation=str(folder / "rows" / "spans_test.jsonl"))["test"]
    assert docs[0]["spans"] == [[1.0, 2.0], [5.0, 7.0]]
    assert [doc["level"] for doc in docs] == ["original", "strong", "moderate", "weak"]


def test_a_damaged_line_of_a_task_is_named(kitchen):
    from rarft.dataset_builder.output.built_rows import load

    path = write_output(kitchen).folder / "rows" / "kitchen_test.jsonl"
    path.write_text("{}\n")
    with pytest.raises(AnnotationError, match=r"kitchen_test\.jsonl:1: got a line that is no row"):
        load(annotation=str(path))


@pytest.mark.parametrize("form", ["", "rows/kitchen_train.jsonl", "official/kitchen_train.json"])
def test_rarft_train_takes_every_form_of_a_built_set(kitchen, videos, form):
    folder = write_output(kitchen).folder
    rows, report = rows_for_training(folder / form, videos)
    assert (report.n_videos, report.n_relevant, report.n_irrelevant) == (3, 3, 9)
    assert report.left_out == {}
    assert rows[0]["spans"] == [[1.0, 3.5]]
    assert rows[1]["relevant_query"] == "a person opens the red door"


@pytest.mark.parametrize("split", ["train", "test"])
def test_levels_and_splits_are_those_that_the_trainer_asks_for(kitchen, videos, split):
    folder = write_output(kitchen).folder
    _, report = rows_for_training(folder, videos, levels=["strong"], dataset_train_split=split)
    n_videos = {"train": 3, "test": 1}[split]
    assert (report.n_relevant, report.n_irrelevant) == (n_videos, n_videos)


@pytest.mark.slow
def test_rarft_train_steps_on_a_built_set(tmp_path, monkeypatch, capsys):
    from rarft.tasks.synth_hi.files import make_dataset
    from rarft.trainer.cli import main as train

    monkeypatch.setenv("RARFT_CACHE", str(tmp_path / "cache"))
    made = make_dataset(tmp_path / "synth", n_queries=8, seed=2, split="train", workers=1)
    write_rows(tmp_path / "synth.jsonl", synth_rows(8))
    folder = write_output(tmp_path / "synth.jsonl", tmp_path / "out").folder
    given = {
        "config": "tiny_grpo",
        "dataset_name": folder,
        "video_folder": made / "videos",
        "output_dir": tmp_path / "run",
        "max_steps": 1,
        "num_generations": 2,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 1,
        "max_completion_length": 4,
        "disable_tqdm": "true",
    }
    tokens = [token for key, value in given.items() for token in (f"--{key}", str(value))]
    assert train([*tokens, "--dry_run"]) == 0
    assert "4 videos, 4 relevant and 4 irrelevant queries" in capsys.readouterr().out
    assert train(tokens) == 0
    assert (tmp_path / "run" / "checkpoint-1").is_dir()
