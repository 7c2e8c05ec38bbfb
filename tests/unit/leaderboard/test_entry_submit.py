"""`submit`: what of a run goes into an entry, what stays out, and when a run is not taken."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rarft.harness.errors import UserError
from rarft.harness.report.schema import Results
from rarft.harness.run import run
from rarft.harness.run_config import RunConfig
from rarft.leaderboard.commands.submit import submit_command
from rarft.leaderboard.entries import EntryRefused, read_entry, submit
from rarft.leaderboard.entries.about_run import filled_about, size_in
from rarft.leaderboard.entries.results_file import entry_results, is_public, without_paths
from rarft.leaderboard.types import AboutEntry

N_QUERIES = 24


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "blind"
    config = RunConfig(
        model="always_refuse",
        tasks=("synth_hi",),
        metadata={"n_queries": N_QUERIES, "render": False},
        n_resamples=20,
    )
    run(config, folder)
    return folder


@pytest.fixture
def own_run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def rewrite(path, change):
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def rewrite_rows(path, change):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        change(row)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_an_entry_of_a_finished_run_is_read_back(finished, tmp_path):
    entry = read_entry(submit(finished, tmp_path / "my_entry"))
    assert entry.slug == "my_entry"
    assert entry.about.name == "always_refuse"
    assert entry.results.tasks == ("synth_hi",)
    assert len(entry.samples["synth_hi"]) == N_QUERIES


def test_samples_hold_the_reply_and_nothing_of_the_annotation(finished, tmp_path):
    entry = read_entry(submit(finished, tmp_path / "e"))
    rows = [
        json.loads(line) for line in (finished / "samples_synth_hi.jsonl").read_text().splitlines()
    ]
    for row, sample in zip(rows, entry.samples["synth_hi"], strict=True):
        assert (sample.query_id, sample.status) == (row["query_id"], row["status"])
        assert sample.prediction == row["prediction"]
        assert sample.judgements == (row.get("judgements") or {})
    everything = b"".join(p.read_bytes() for p in (tmp_path / "e").rglob("*") if p.is_file())
    for row in rows:
        assert row["text"].encode() not in everything
        assert not row["refusal"] or row["refusal"].encode() not in everything
    names = {path.name for path in (tmp_path / "e").rglob("*") if path.is_file()}
    assert names == {"manifest.json", "entry.json", "results.json", "synth_hi.parquet"}


def test_results_are_those_of_the_run_without_task_configs(finished, tmp_path):
    made = json.loads((submit(finished, tmp_path / "e") / "results.json").read_text())
    stored = json.loads((finished / "results.json").read_text())
    assert "configs" not in made
    for section in ("results", "floors", "versions", "provenance", "model"):
        assert made[section] == stored[section]


def test_equal_runs_give_equal_entries(finished, tmp_path):
    one = submit(finished, tmp_path / "a" / "e")
    other = submit(finished, tmp_path / "b" / "e")
    for path in one.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (other / path.relative_to(one)).read_bytes()


def test_tokens_frames_and_seconds_are_those_of_the_first_reply(own_run, tmp_path):
    def measure(row):
        row.update(n_prompt_tokens=7, n_new_tokens=3, n_frames=8, effective_fps=2.0, seconds=0.5)

    rewrite_rows(own_run / "responses.jsonl", measure)
    samples = read_entry(submit(own_run, tmp_path / "e")).samples["synth_hi"]
    assert {(s.n_prompt_tokens, s.n_new_tokens, s.seconds) for s in samples} == {(7, 3, 0.5)}
    assert {(s.n_frames, s.effective_fps) for s in samples} == {(8, 2.0)}


def test_a_run_copied_without_its_replies_has_no_tokens(own_run, tmp_path):
    for name in ("responses.jsonl", "requests.jsonl", "run.json"):
        (own_run / name).unlink()
    samples = read_entry(submit(own_run, tmp_path / "e")).samples["synth_hi"]
    assert {s.n_prompt_tokens for s in samples} == {None}


def test_the_words_of_the_submitter_win_over_those_of_the_card(finished, tmp_path):
    about = AboutEntry(name="mine", hardware="1 x H100", notes="line one\nline two")
    found = read_entry(submit(finished, tmp_path / "e", about=about)).about
    assert (found.name, found.hardware, found.family) == ("mine", "1 x H100", "baseline")
    assert found.notes == "line one\nline two"


def test_the_card_gives_the_page_of_the_model(finished):
    record = json.loads((finished / "results.json").read_text())
    record["model"].update(name="time_r1", family="rft", title="Time-R1-7B")
    found = filled_about(AboutEntry(name=""), Results.model_validate(record))
    assert found.url == "https://github.com/xiaomi-research/time-r1"
    assert (found.size, found.title) == ("7B", "Time-R1-7B")


@pytest.mark.parametrize(
    ("text", "size"),
    [("Qwen2.5-VL-7B-Instruct", "7B"), ("internvl3_5_8b", "8B"), ("tiny", ""), ("x-0.5b", "0.5B")],
)
def test_a_size_is_read_from_a_name(text, size):
    assert size_in(text) == size


def test_a_script_in_a_name_stays_text(finished, tmp_path):
    name = "<script>alert(1)</script> =cmd|' /C calc'!A0"
    assert read_entry(submit(finished, tmp_path / "e", about=AboutEntry(name=name))).about.name == (
        name
    )


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"name": "a\u202eb"}, "bad_text"),
        ({"name": "a\nb"}, "bad_text"),
        ({"name": "a" * 101}, "too_large"),
        ({"notes": "a" * 2001}, "too_large"),
        ({"notes": "a\x00"}, "bad_text"),
        ({"url": "javascript:alert(1)"}, "bad_text"),
        ({"url": "http://example.org"}, "bad_text"),
        ({"paper_url": 'https://example.org/"onclick="x'}, "bad_text"),
        ({"url": "https://user:word@example.org/"}, "bad_text"),
        ({"name": "a" + "\u0301" * 9}, "bad_text"),
    ],
)
def test_words_that_cannot_be_shown_are_refused(finished, tmp_path, about, reason):
    with pytest.raises(EntryRefused) as caught:
        submit(finished, tmp_path / "e", about=AboutEntry(**{"name": "n", **about}))
    assert caught.value.reason == reason
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def unasked(folder):
    rewrite(
        folder / "results.json",
        lambda r: r["provenance"]["tasks"]["synth_hi"].update(n_rows=2000),
    )
    (folder / "run.json").unlink()


def missing_reply(folder):
    change = {"status": "missing", "prediction": None, "reply": "", "judgements": {}}
    rewrite_rows(folder / "samples_synth_hi.jsonl", lambda row: row.update(change))


def unjudged_reply(folder):
    change = {"status": "unjudged", "prediction": None, "judgements": {}, "failure": "no budget"}
    rewrite_rows(folder / "samples_synth_hi.jsonl", lambda row: row.update(change))


@pytest.mark.parametrize("damage", [unasked, missing_reply, unjudged_reply])
def test_an_unfinished_run_is_refused_unless_partial(own_run, tmp_path, damage):
    damage(own_run)
    with pytest.raises(EntryRefused, match="--partial") as caught:
        submit(own_run, tmp_path / "e")
    assert caught.value.reason == "unfinished_run"
    lines = []
    submit(own_run, tmp_path / "e", partial=True, say=lines.append)
    assert any(line.startswith("partial: synth_hi: ") for line in lines)


def no_results(folder):
    (folder / "results.json").unlink()


def later_run(folder):
    rewrite(folder / "run.json", lambda r: r["tasks"]["synth_hi"].update(rows_sha256="0" * 64))


@pytest.mark.parametrize("damage", [no_results, later_run])
def test_a_run_that_is_still_going_on_is_refused_even_as_partial(own_run, tmp_path, damage):
    damage(own_run)
    with pytest.raises(EntryRefused) as caught:
        submit(own_run, tmp_path / "e", partial=True)
    assert caught.value.reason == "unfinished_run"


def no_samples(folder):
    (folder / "samples_synth_hi.jsonl").unlink()


def fewer_samples(folder):
    path = folder / "samples_synth_hi.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def no_run(folder):
    shutil.rmtree(folder)


@pytest.mark.parametrize("damage", [no_samples, fewer_samples, no_run])
def test_a_directory_that_lacks_what_a_run_has_is_refused(own_run, tmp_path, damage):
    damage(own_run)
    with pytest.raises(EntryRefused) as caught:
        submit(own_run, tmp_path / "e", partial=True)
    assert caught.value.reason == "run_files"


def test_nothing_is_overwritten_unless_asked(finished, tmp_path):
    made = submit(finished, tmp_path / "e")
    with pytest.raises(UserError, match="--overwrite"):
        submit(finished, made)
    assert submit(finished, made, overwrite=True) == made
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    (other / "manifest.json").write_text("{}")
    with pytest.raises(UserError, match="other files"):
        submit(finished, other, overwrite=True)
    assert (other / "thesis.txt").read_text() == "mine"
    (tmp_path / "link").symlink_to(made)
    for unnamed in (tmp_path / "link", tmp_path / "e" / "entry.json", Path(), Path("..")):
        with pytest.raises(UserError, match="no directory"):
            submit(finished, unnamed, overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {"e", "link", "other"}


def test_train_json_goes_along_without_the_folders_of_the_machine(own_run, tmp_path):
    record = {"schema_version": 1, "name": "t", "recipe": {"data": "/home/you/sets/hi_vtg"}}
    (own_run / "train.json").write_text(json.dumps(record))
    assert read_entry(submit(own_run, tmp_path / "e")).train["recipe"] == {"data": "hi_vtg"}


def test_no_folder_and_no_secret_of_the_machine_is_in_an_entry(own_run, tmp_path):
    def change(record):
        record["config"]["include_path"] = ["/home/you/tasks"]
        record["config"]["model_args"] = {"pretrained": "/home/you/ck-50", "api_key": "k-123"}
        record["config"]["judging"]["judge_base_url"] = "http://10.0.0.3:8000/v1"
        record["model"]["checkpoint"] = "~/ck/step-50"

    rewrite(own_run / "results.json", change)
    lines = []
    made = submit(own_run, tmp_path / "e", say=lines.append)
    text = (made / "results.json").read_text()
    assert not any(word in text for word in ("/home", "k-123", "10.0.0.3", "~/", "/tasks"))
    config = read_entry(made).results.config
    assert config["model_args"] == {"pretrained": "ck-50"}
    assert any("folders" in line for line in lines)


def test_the_words_of_prompts_stay_as_their_digest_has_them():
    prompts = {"refusal": {"text": "Look at /data/a/b.mp4", "origin": "user"}}
    kept = entry_results({"provenance": {"prompts": prompts, "engine": {"lib": "/opt/x/lib"}}})
    assert kept["provenance"] == {"prompts": prompts, "engine": {"lib": "lib"}}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("/home/you/x.mp4", "x.mp4"),
        ("file:///a/b.mp4", "b.mp4"),
        (r"C:\Users\me\ck", "ck"),
        (r"\\server\share\ck", "ck"),
        ("cannot open '/a/b/c.mp4'", "cannot open 'c.mp4'"),
        ("path=/a/b/c,dtype=x", "path=c,dtype=x"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("<think>a</think><answer>1/2</answer>", "<think>a</think><answer>1/2</answer>"),
        ("Qwen/Qwen2.5-VL-7B", "Qwen/Qwen2.5-VL-7B"),
        ("either and/or both", "either and/or both"),
    ],
)
def test_folders_are_taken_out_of_a_text(text, kept):
    assert without_paths(text) == kept
    assert without_paths(kept) == kept


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("https://api.openai.com/v1", True),
        ("http://api.openai.com/v1", False),
        ("https://localhost/v1", False),
        ("https://192.168.1.4/v1", False),
        ("https://gpu.cluster.internal/v1", False),
        (None, False),
    ],
)
def test_only_servers_of_the_web_are_named(address, public):
    assert is_public(address) is public


def test_the_command_says_where_the_entry_is_and_what_is_next(finished, tmp_path):
    app = typer.Typer()
    app.command()(submit_command)
    target = str(tmp_path / "entry")
    found = CliRunner().invoke(app, [str(finished), "--output", target, "--name", "mine"])
    assert found.exit_code == 0, found.output
    assert f"{target}: 4 files" in found.stdout
    assert "family: baseline" in found.stderr
    assert f"next: rarft-leaderboard verify {target}" in found.stderr
