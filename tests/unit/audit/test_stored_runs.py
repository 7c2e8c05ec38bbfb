import json

import numpy as np
import pytest

from rarft.harness.audit.benchmark import AuditedTask, audit_benchmark
from rarft.harness.audit.stored_runs import read_stored_runs, replaced_video_rows, run_rows
from rarft.harness.errors import NotFoundError

TASK = "t"


@pytest.fixture
def write_run(tmp_path):
    """Write a run as the score stage does, with one reply kind a query."""

    def write(name, queries, kinds, *, f1_avg=0.5, model="m", **config):
        folder = tmp_path / name
        folder.mkdir()
        scores = {"f1_avg,none": f1_avg, "ra_miou,none": 0.4}
        results = {
            "schema_version": 1,
            "model": {"name": model, "checkpoint": "c"},
            "results": {TASK: scores},
            "config": config,
        }
        (folder / "results.json").write_text(json.dumps(results))
        rows = []
        for query, kind in zip(queries, kinds, strict=True):
            row = {"query_id": query.id, **query.to_doc(), "status": "scored"}
            if kind is None:
                row |= {"status": "missing", "prediction": None}
            else:
                spans = [[0.0, 1.0]] if kind == "grounded" else []
                row["prediction"] = {"kind": kind, "spans": spans}
            rows.append(json.dumps(row))
        (folder / f"samples_{TASK}.jsonl").write_text("\n".join(rows))
        return folder

    return write


@pytest.fixture
def queries(asked):
    """Six queries, the relevant ones first."""
    return [asked(f"{i}", f"text {i}", i < 3, video=f"{i}.mp4") for i in range(6)]


def row_of(folder, queries, guessed_right):
    return run_rows(read_stored_runs([folder]), TASK, queries, np.array(guessed_right))[0]


def test_f1_is_restricted_to_what_the_blind_model_gets_wrong(queries, write_run):
    # Wrong: queries 1, 2 (relevant: grounded, refused), 4, 5 (irrelevant: refused, grounded).
    kinds = ["grounded", "grounded", "refused", "grounded", "refused", "grounded"]
    folder = write_run("run", queries, kinds)
    row = row_of(folder, queries, [True, False, False, True, False, False])
    assert (row["n_relevant_blind_wrong"], row["n_irrelevant_blind_wrong"]) == (2, 2)
    assert row["f1_relevant_blind_wrong"] == row["f1_irrelevant_blind_wrong"] == 0.5
    assert row["f1_avg_blind_wrong"] == 0.5
    # Right: query 0 found, query 3 grounded: F1 of relevant is 2 / 3, of irrelevant 0.
    assert row["f1_avg_blind_right"] == pytest.approx(1 / 3)
    assert row["f1_avg"] == 0.5


def test_the_policy_of_the_run_decides_what_an_unparsed_reply_is(queries, write_run):
    kinds = ["grounded"] * 3 + ["unparsed"] * 3
    paper = row_of(write_run("paper", queries, kinds), queries, [False] * 6)
    strict = row_of(write_run("strict", queries, kinds, policy="strict"), queries, [False] * 6)
    assert paper["f1_irrelevant_blind_wrong"] == 1.0
    assert strict["f1_irrelevant_blind_wrong"] == 0.0


def test_missing_replies_and_other_versions_of_a_query_are_left_out(asked, queries, write_run):
    folder = write_run("run", queries, ["grounded", None, "grounded"] + ["refused"] * 3)
    audited = [*queries[:5], asked("5", "another text", False, video="5.mp4")]
    row = row_of(folder, audited, [False] * 6)
    assert (row["n_samples"], row["n_matched"]) == (6, 5)
    assert (row["n_relevant_blind_wrong"], row["n_irrelevant_blind_wrong"]) == (2, 2)


def test_one_class_of_wrong_guesses_has_no_average(queries, write_run):
    row = row_of(write_run("run", queries, ["grounded"] * 6), queries, [False] * 3 + [True] * 3)
    assert row["f1_relevant_blind_wrong"] == 1.0
    assert row["f1_irrelevant_blind_wrong"] is row["f1_avg_blind_wrong"] is None


def test_a_task_that_the_blind_model_does_not_apply_to_has_no_restricted_figures(
    queries, write_run
):
    folder = write_run("run", queries, ["grounded"] * 6)
    row = run_rows(read_stored_runs([folder]), TASK, queries, None)[0]
    assert row["f1_avg"] == 0.5
    assert "f1_avg_blind_wrong" not in row


def test_a_run_of_other_tasks_is_not_shown(queries, write_run):
    runs = read_stored_runs([write_run("run", queries, ["grounded"] * 6)])
    assert run_rows(runs, "other", queries, None) == []
    assert replaced_video_rows(runs, "other") == []


def test_black_frames_stand_beside_the_same_models_run_with_the_video(queries, write_run):
    folders = [
        write_run("seen", queries, ["grounded"] * 6, f1_avg=0.8),
        write_run("black", queries, ["grounded"] * 6, f1_avg=0.6, video_input="black"),
        write_run("stranger", queries, ["grounded"] * 6, f1_avg=0.9, model="n"),
    ]
    (row,) = replaced_video_rows(read_stored_runs(folders), TASK)
    assert (row["video_input"], row["shown_run"]) == ("black", str(folders[0]))
    figure = row["figures"]["f1_avg"]
    assert (figure["shown"], figure["replaced"]) == (0.8, 0.6)
    assert figure["kept"] == pytest.approx(0.75)
    assert row["figures"]["miou_relevant"] == {"shown": None, "replaced": None, "kept": None}


@pytest.mark.parametrize(
    "other", [{"limit": 5}, {"policy": "strict"}, {"model_args": {"num_frames": 8}}]
)
def test_a_run_asked_or_scored_otherwise_is_no_counterpart(queries, write_run, other):
    folders = [
        write_run("seen", queries, ["grounded"] * 6, **other),
        write_run("black", queries, ["grounded"] * 6, video_input="black"),
    ]
    (row,) = replaced_video_rows(read_stored_runs(folders), TASK)
    assert row["shown_run"] is None


def test_a_replaced_video_without_its_counterpart_stands_alone(queries, write_run):
    folder = write_run("other", queries, ["grounded"] * 6, video_input="other")
    (row,) = replaced_video_rows(read_stored_runs([folder]), TASK)
    assert row["shown_run"] is None
    assert row["figures"]["f1_avg"] == {"shown": None, "replaced": 0.5, "kept": None}


def test_the_audit_holds_the_runs(queries, write_run):
    runs = read_stored_runs([write_run("run", queries, ["grounded"] * 6, video_input="black")])
    task = AuditedTask(name=TASK, queries=tuple(queries))
    (audit,) = audit_benchmark([task], runs=runs, n_resamples=10)
    assert audit.record["runs"][0]["video_input"] == "black"
    assert len(audit.record["replaced_video"]) == 1


def test_a_folder_without_a_run_is_one_line(tmp_path):
    with pytest.raises(NotFoundError, match=r"no results\.json"):
        read_stored_runs([tmp_path])
