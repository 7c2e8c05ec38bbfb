"""The difference between two builds: rows by id, fields, counts and facts."""

import json
from dataclasses import replace

import pytest

from rarft.dataset_builder.commands.diff import diff_command
from rarft.dataset_builder.diff import changed_facts, counts_of, diff_builds
from rarft.dataset_builder.output.found_build import BuildFacts


@pytest.fixture
def after(kitchen, make_rows, make_build, tmp_path):
    """The kitchen without v0, with v9, one text and one licence changed, rows in another order."""
    rows = [row for name in ("v1", "v2") for row in make_rows(name, split="train")]
    rows += make_rows("v3")
    rows[1] = replace(rows[1], query=replace(rows[1].query, text="a person opens the red gate"))
    rows[4] = replace(rows[4], origin=replace(rows[4].origin, licence="MIT"))
    record = json.loads((kitchen / "build.json").read_text())
    record["config"]["seed"] = 4
    record["guessability"]["after"]["auc"] = 0.55
    return make_build(tmp_path / "after", [*make_rows("v9"), *reversed(rows)], record=record)


def test_rows_are_compared_by_their_ids(kitchen, after):
    diff = diff_builds(kitchen, after)
    changes = [(change.kind, change.id, change.fields) for change in diff.changes()]
    levels = ("", "/strong", "/moderate", "/weak")
    assert changes == [
        *(("removed", f"v0-0{level}", ()) for level in levels),
        ("changed", "v1-0/strong", ("text",)),
        ("changed", "v2-0", ("origin.licence",)),
        *(("added", f"v9-0{level}", ()) for level in levels),
    ]
    found = counts_of(diff)
    assert (found.n_added, found.n_removed, found.n_changed, found.n_same) == (4, 4, 2, 10)
    assert found.fields == {"text": 1, "origin.licence": 1}
    assert diff.facts == {"config.seed": (3, 4), "guessability.after.auc": (0.57, 0.55)}


def test_a_build_is_no_different_from_itself(kitchen):
    diff = diff_builds(kitchen, kitchen)
    assert [*diff.changes()] == []
    assert (counts_of(diff).n_same, diff.facts) == (16, {})


def test_rows_that_are_written_otherwise_are_the_same(kitchen, tmp_path):
    other = tmp_path / "other.jsonl"
    lines = [
        json.dumps({"schema_version": 1, **json.loads(line)}, sort_keys=True)
        for line in (kitchen / "accepted.jsonl").read_text().splitlines()
    ]
    other.write_text("\n".join(lines) + "\n")
    found = counts_of(diff_builds(kitchen / "accepted.jsonl", other))
    assert (found.n_changed, found.n_same) == (0, 16)


def test_facts_that_only_one_build_has_are_told():
    before, after = BuildFacts(costs={"usd": 1.0}), BuildFacts(counts={"n": 2})
    assert changed_facts(before, after) == {"costs.usd": (1.0, None), "counts.n": (None, 2)}


def test_the_command_shows_the_first_and_writes_every_change(kitchen, after, tmp_path, capsys):
    diff_command(kitchen, after, output_path=tmp_path / "diff.jsonl", n_shown=5)
    said = capsys.readouterr().out
    assert said.startswith("4 rows added, 4 removed, 2 changed, 10 the same\n")
    assert "- v0-0: a person opens the red door\n" in said
    assert "    text: a person opens the red box -> a person opens the red gate\n" in said
    rows = [json.loads(line) for line in (tmp_path / "diff.jsonl").read_text().splitlines()]
    assert len(rows) == 10
    assert rows[4]["before"]["text"] == "a person opens the red box"
