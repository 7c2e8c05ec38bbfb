"""`read_entry` before hostile directories: links, devices, foreign files, JSON and digests."""

import json
import os
import socket

import pytest

from rarft.leaderboard.entries import (
    EntryRefused,
    limits,
    read_entry,
    write_manifest,
)
from rarft.leaderboard.entries.sample_table import samples_bytes

PREDICTION = {
    "kind": "grounded",
    "spans": [[1.0, 2.5]],
    "explanation": "",
    "correction": None,
    "format_ok": True,
    "flags": [],
    "reason": "",
}
ROW = {
    "query_id": "1",
    "status": "scored",
    "failure": None,
    "reply": "1.0 to 2.5",
    "relevance_score": None,
    "prediction": json.dumps(PREDICTION),
    "judgements": "{}",
    "n_prompt_tokens": None,
    "n_new_tokens": None,
    "n_frames": None,
    "effective_fps": None,
    "seconds": None,
}
RESULTS = {
    "schema_version": 1,
    "results": {"t": {"ra_miou,none": 0.5}},
    "model": {"name": "m"},
    "config": {"tasks": ["t"], "n_resamples": 100},
    "provenance": {"rarft_version": "0.1.0"},
}
ABOUT = {"schema_version": 1, "name": "m"}


@pytest.fixture
def entry(tmp_path):
    folder = tmp_path / "entry"
    (folder / "samples").mkdir(parents=True)
    (folder / "entry.json").write_text(json.dumps(ABOUT))
    (folder / "results.json").write_text(json.dumps(RESULTS))
    (folder / "samples" / "t.parquet").write_bytes(samples_bytes([ROW]))
    write_manifest(folder, slug="entry")
    return folder


def refused(folder):
    with pytest.raises(EntryRefused) as caught:
        read_entry(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert message.isprintable()
    assert len(message) < 1_000
    return caught.value.reason


def with_results(folder, **sections):
    (folder / "results.json").write_text(json.dumps({**RESULTS, **sections}))
    write_manifest(folder, slug="entry")
    return folder


def with_manifest(folder, **keys):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))
    return folder


def test_an_entry_is_read_whole(entry):
    found = read_entry(entry)
    assert (found.slug, found.about.name, found.results.tasks) == ("entry", "m", ("t",))
    assert found.samples["t"][0].prediction == PREDICTION
    assert len(found.manifest_sha256) == 64
    assert found.train is None


def test_an_entry_may_be_reached_through_a_link(entry, tmp_path):
    (tmp_path / "link").symlink_to(entry)
    assert read_entry(tmp_path / "link").slug == "entry"


def test_what_is_no_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file") == "not_an_entry"
    assert refused(tmp_path / "absent") == "not_an_entry"
    assert refused(tmp_path) == "not_an_entry"


@pytest.mark.parametrize("name", ["entry.json", "results.json", "samples/t.parquet"])
def test_a_file_that_is_gone_is_missed(entry, name):
    (entry / name).unlink()
    assert refused(entry) == "missing_file"


@pytest.mark.parametrize("name", ["entry.json", "results.json", "samples/t.parquet"])
def test_a_changed_file_is_refused(entry, name):
    (entry / name).write_bytes((entry / name).read_bytes() + b" ")
    assert refused(entry) == "hash_mismatch"


@pytest.mark.parametrize(
    "name", ["model.pkl", ".hidden", "samples/t.pkl", "samples/u.parquet", "README.md"]
)
def test_a_file_that_no_entry_has_is_refused_even_where_it_is_listed(entry, name):
    (entry / name).write_bytes(b"\x80\x04.")
    assert refused(entry) == "unlisted_file"
    files = json.loads((entry / "manifest.json").read_text())["files"]
    with_manifest(entry, files={**files, name: "0" * 64})
    assert refused(entry) in ("unlisted_file", "hash_mismatch")


def test_samples_of_a_task_without_results_are_refused(entry):
    (entry / "samples" / "u.parquet").write_bytes(samples_bytes([ROW]))
    write_manifest(entry, slug="entry")
    assert refused(entry) == "unlisted_file"


def test_results_without_samples_are_refused(entry):
    with_results(entry, results={"t": {}, "u": {}})
    assert refused(entry) == "missing_file"


def test_a_folder_of_another_name_is_refused(entry):
    (entry / "more").mkdir()
    assert refused(entry) == "unlisted_file"


@pytest.mark.parametrize("name", ["entry.json", "results.json", "samples/t.parquet"])
def test_a_link_is_not_followed_even_where_its_target_has_the_digest(entry, tmp_path, name):
    target = tmp_path / "target"
    (entry / name).rename(target)
    (entry / name).symlink_to(target)
    assert refused(entry) == "not_a_plain_file"


def test_a_folder_that_is_a_link_is_not_followed(entry, tmp_path):
    (entry / "samples").rename(tmp_path / "elsewhere")
    (entry / "samples").symlink_to(tmp_path / "elsewhere")
    assert refused(entry) == "not_a_plain_file"


def test_a_link_to_a_device_is_not_opened(entry):
    (entry / "results.json").unlink()
    (entry / "results.json").symlink_to("/dev/zero")
    assert refused(entry) == "not_a_plain_file"


def test_a_pipe_keeps_nobody_waiting(entry):
    (entry / "results.json").unlink()
    os.mkfifo(entry / "results.json")
    assert refused(entry) == "not_a_plain_file"


def test_a_socket_is_refused(entry, monkeypatch):
    (entry / "results.json").unlink()
    # The name of a socket has little room.
    monkeypatch.chdir(entry)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("results.json")
        assert refused(entry) == "not_a_plain_file"


def test_a_directory_of_very_many_files_is_not_listed_to_its_end(entry):
    for number in range(limits.MAX_TASKS + 20):
        (entry / "samples" / f"t{number}.parquet").write_bytes(b"")
    assert refused(entry) == "too_large"


@pytest.mark.parametrize(
    "name",
    [
        "../results.json",
        "/etc/passwd",
        "samples/../../x.parquet",
        "samples//t.parquet",
        "./entry.json",
        "samples\\t.parquet",
        "C:/x.parquet",
        "~/x.parquet",
        "",
    ],
)
def test_a_listed_name_stays_within_the_entry(entry, name):
    files = json.loads((entry / "manifest.json").read_text())["files"]
    with_manifest(entry, files={**files, name: "0" * 64})
    assert refused(entry) == "unsafe_path"


@pytest.mark.parametrize("slug", ["../x", "A b", "a..b", "", "a/b", "x" * 65, 7, None, "a\n", "é"])
def test_the_name_of_an_entry_fits_an_address(entry, slug):
    with_manifest(entry, entry=slug)
    assert refused(entry) == "unsafe_path"


def test_names_that_differ_in_case_only_are_refused(entry):
    (entry / "samples" / "T.parquet").write_bytes(samples_bytes([ROW]))
    write_manifest(entry, slug="entry")
    assert refused(entry) == "unsafe_path"


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"schema_version": True}, "schema_version"),
        ({"schema_version": None}, "schema_version"),
        ({"extra": 1}, "schema"),
        ({"files": []}, "schema"),
        ({"files": {"entry.json": "0"}}, "schema"),
        ({"files": {"entry.json": 5}}, "schema"),
        ({"files": {}}, "unlisted_file"),
        ({"rarft_version": "1\u202e"}, "bad_text"),
        ({"rarft_version": []}, "schema"),
    ],
)
def test_a_manifest_of_another_form_is_refused(entry, keys, reason):
    assert refused(with_manifest(entry, **keys)) == reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b"[]", "schema"),
        (b"null", "schema"),
        (b'"' + b"a" * 100, "malformed_json"),
        (b"[" * 100_000, "too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b'{"a":' * 1000 + b"1" + b"}" * 1000, "too_deep"),
        (b'{"schema_version": 1, "schema_version": 1}', "duplicate_key"),
        (b'{"model": {"name": "a", "name": "b"}}', "duplicate_key"),
        (b'{"a": NaN}', "not_finite"),
        (b'{"a": -Infinity}', "not_finite"),
        (b'{"a": 1e999}', "not_finite"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_finite"),
        (b'{"a": "\xff"}', "bad_text"),
        (b'\xef\xbb\xbf{"a": 1}', "malformed_json"),
        ('{"a": 1}'.encode("utf-16"), "bad_text"),
        (b"[" + b"[]," * 399_999 + b"[]]", "too_large"),
        (b'{"schema_version": 1}', "schema"),
        (b'{"schema_version": 3}', "schema_version"),
    ],
)
def test_results_that_are_no_safe_json_are_refused(entry, content, reason):
    (entry / "results.json").write_bytes(content)
    write_manifest(entry, slug="entry")
    assert refused(entry) == reason


def test_a_file_larger_than_allowed_is_not_read(entry):
    with (entry / "results.json").open("r+b") as file:
        file.truncate(limits.MAX_RESULTS_BYTES + 1)
    assert refused(entry) == "too_large"


def test_a_sparse_samples_file_is_not_read(entry):
    with (entry / "samples" / "t.parquet").open("r+b") as file:
        file.truncate(limits.MAX_ENTRY_BYTES + 1)
    assert refused(entry) == "too_large"


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        ({"configs": {}}, "schema"),
        ({"samples": []}, "schema"),
        ({"results": {}}, "schema"),
        ({"results": {"../t": {}}}, "unsafe_path"),
        ({"results": {"t": 5}}, "schema"),
        ({"floors": {"u": {}}}, "schema"),
        ({"model": {"name": "a\u202eb"}}, "bad_text"),
        ({"model": {"name": "a\nb"}}, "bad_text"),
        ({"model": {"name": "a" * 400}}, "too_large"),
        ({"model": {"title": "no name"}}, "schema"),
        ({"load_reports": {"t": {"a\x00b": 1}}}, "bad_text"),
        ({"load_reports": {"t": {"a" * 301: 1}}}, "too_large"),
        ({"provenance": {"engine": "\ud800"}}, "bad_text"),
        ({"provenance": {"engine": "x" * 20_001}}, "too_large"),
        ({"config": {"n_resamples": 10**9}}, "too_large"),
        ({"config": {"n_resamples": "many"}}, "schema"),
        ({"config": {"n_resamples": True}}, "schema"),
        ({"config": {"include_path": ["evil"]}}, "unsafe_path"),
        ({"config": {"metadata": {"annotation": "/etc/passwd"}}}, "unsafe_path"),
        ({"config": {"metadata": {"annotation": "../../secret"}}}, "unsafe_path"),
        ({"config": {"judging": {"judge_base_url": "http://169.254.169.254/"}}}, "unsafe_path"),
        ({"config": {"model_args": {"api_key": "k"}}}, "unsafe_path"),
    ],
)
def test_results_that_no_run_of_ours_has_are_refused(entry, sections, reason):
    assert refused(with_results(entry, **sections)) == reason


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({}, "schema"),
        ({"name": ""}, "schema"),
        ({"name": "  "}, "schema"),
        ({"name": 5}, "schema"),
        ({"name": "m", "colour": "red"}, "schema"),
        ({"name": "m", "url": "javascript:alert(1)"}, "bad_text"),
        ({"name": "m", "url": "https://"}, "bad_text"),
        ({"name": "m", "url": "https://[::1"}, "bad_text"),
        ({"name": "m", "url": "https://еxample.org"}, "bad_text"),
        ({"name": "m", "notes": "x" * 2001}, "too_large"),
        ({"name": "m\u200b"}, "bad_text"),
        ({"name": "\U000e0041m"}, "bad_text"),
        ({"name": "m", "claimed_tier": "gold"}, "claimed_tier"),
        ({"name": "m", "claimed_tier": ["recomputed"]}, "claimed_tier"),
    ],
)
def test_words_about_an_entry_that_cannot_be_shown_are_refused(entry, about, reason):
    (entry / "entry.json").write_text(json.dumps({"schema_version": 1, **about}))
    write_manifest(entry, slug="entry")
    assert refused(entry) == reason


def test_a_claimed_tier_is_told_and_not_believed(entry):
    assert read_entry(entry).claimed_tier is None
    (entry / "entry.json").write_text(json.dumps({**ABOUT, "claimed_tier": "recomputed"}))
    write_manifest(entry, slug="entry")
    assert read_entry(entry).claimed_tier == "recomputed"
    assert not hasattr(read_entry(entry), "tier")


def test_train_json_is_read_with_the_same_care(entry):
    for content, reason in [
        (b"[]", "schema"),
        (b'{"a": NaN}', "not_finite"),
        (b"\x80\x04.", "bad_text"),
    ]:
        (entry / "train.json").write_bytes(content)
        write_manifest(entry, slug="entry")
        assert refused(entry) == reason
    (entry / "train.json").write_bytes(b'{"schema_version": 1}')
    write_manifest(entry, slug="entry")
    assert read_entry(entry).train == {"schema_version": 1}


def test_many_tasks_share_one_limit_of_rows(entry, monkeypatch):
    monkeypatch.setattr("rarft.leaderboard.entries.parquet_layout.MAX_QUERIES", 3)
    rows = [{**ROW, "query_id": name} for name in "ab"]
    for task in ("t", "u"):
        (entry / "samples" / f"{task}.parquet").write_bytes(samples_bytes(rows))
    assert refused(with_results(entry, results={"t": {}, "u": {}})) == "too_large"


def test_a_manifest_is_not_written_over_what_no_entry_holds(entry):
    (entry / "weights.bin").write_bytes(b"")
    with pytest.raises(EntryRefused, match=r"weights\.bin"):
        write_manifest(entry, slug="entry")
