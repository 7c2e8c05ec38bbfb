import json

import pytest

from rarft.harness.errors import UserError
from rarft.harness.report.runs import read_run
from rarft.harness.report.schema import ModelEntry, Sample, parse_results


def test_a_written_run_is_read_back(build, write_run):
    record, samples = build(n=6)
    run = read_run(write_run(record, samples, name="first"))
    assert run.name == "first"
    assert run.results.tasks == ("synth_hi",)
    assert run.results.n_samples["synth_hi"]["effective"] == 6
    assert [one.query_id for one in run.samples["synth_hi"]][:2] == ["00000-0", "00000-1"]


def test_missing_results_name_the_directory_and_the_command(tmp_path):
    with pytest.raises(UserError, match=r"rarft-eval --model MODEL --tasks TASKS") as caught:
        read_run(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_samples_are_optional(build, write_run):
    record, _ = build(n=4)
    assert read_run(write_run(record, {})).samples == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "schema_version None"),
        ('{"schema_version": 2}', "schema_version 2, expected 1"),
        ('{"schema_version": 1, "results": {}}', "field model"),
        ('{"schema_version": 1, "model": {"name": "a"}, "results": 3}', "field results"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_invalid_results_are_told_in_one_line(tmp_path, content, said):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(UserError, match=said) as caught:
        read_run(tmp_path)
    assert "\n" not in str(caught.value)
    assert "rarft-eval score" in str(caught.value)


@pytest.mark.parametrize("line", ["{not json", '{"query_id": "1"}', "[]", '{"iou": NaN}'])
def test_a_malformed_sample_names_its_file_and_line(build, write_run, line):
    record, samples = build(n=2)
    directory = write_run(record, samples)
    path = directory / "samples_synth_hi.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(UserError, match=r"samples_synth_hi\.jsonl, line 3") as caught:
        read_run(directory)
    assert "\n" not in str(caught.value)


def test_line_separators_inside_a_reply_do_not_end_its_row(build, write_run):
    record, samples = build(n=2)
    samples["synth_hi"][0]["reply"] = "a\u2028b\x0bc\x85d"
    directory = write_run(record, samples)
    rows = [json.dumps(row, ensure_ascii=False) for row in samples["synth_hi"]]
    (directory / "samples_synth_hi.jsonl").write_bytes("\n".join(rows).encode())
    read = read_run(directory).samples["synth_hi"]
    assert len(read) == 2
    assert read[0].reply == "a\u2028b\x0bc\x85d"


def test_status_is_part_of_the_label():
    assert ModelEntry(name="tiny", status="untrained").label == "tiny (untrained)"
    assert ModelEntry(name="time_r1", status=None).label == "time_r1"


def test_keys_of_lm_eval_that_are_not_ours_are_ignored(build):
    record, _ = build(n=2)
    content = json.dumps(record | {"git_hash": "abc", "pretty_env_info": "x"})
    assert parse_results(content, source="here").model.name == "tiny"


def test_a_failed_sample_needs_no_prediction_and_no_reply():
    row = {"query_id": "1", "video": "v", "text": "q", "relevant": True, "status": "failed"}
    sample = Sample.model_validate(
        row | {"prediction": None, "reply": None, "failure": "no frames"}
    )
    assert sample.failure == "no frames"
