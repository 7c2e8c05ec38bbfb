"""Where rows to annotate come from."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from rarft.dataset_builder.annotate.rows import (
    database_of,
    rows_file,
    rows_of_videos,
    rows_to_annotate,
)
from rarft.dataset_builder.row_files import write_rows
from rarft.dataset_builder.types import TASK, Candidate, Origin, Row
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.types import Query, Span

ORIGIN = Origin(source="mine", split="test", licence="MIT", citation="", redistributable=True)
ROW = Row(
    query=Query(
        id="a", task=TASK, video="a.mp4", text="a dog", relevant=True, record="a",
        spans=(Span(0.0, 1.0),), duration_s=9.0,
    ),
    origin=ORIGIN,
)  # fmt: skip
CANDIDATE = Candidate(
    id="a-strong-0", query_id="a", level="strong", categories=("Attribute/Counting",), attempt=0,
    text="two dogs", refusal="One dog.", reasons=("count",),
)  # fmt: skip


def test_of_a_build_the_accepted_rows_are_annotated_before_all_rows(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [ROW])
    assert rows_file(tmp_path).name == "rows.jsonl"
    write_rows(tmp_path / "accepted.jsonl", [ROW])
    assert rows_file(tmp_path).name == "accepted.jsonl"
    assert list(rows_to_annotate(rows_file(tmp_path))) == [ROW]


@pytest.mark.parametrize("name", ["", "nowhere.jsonl"])
def test_a_folder_or_file_without_rows_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError, match=r"accepted.jsonl or rows.jsonl"):
        rows_file(tmp_path / name)


def test_candidates_are_annotated_with_the_row_they_were_made_from(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [ROW])
    file = tmp_path / "candidates.jsonl"
    file.write_text(json.dumps(asdict(CANDIDATE)) + "\n", encoding="utf-8")
    (row,) = rows_to_annotate(file)
    query = row.query
    assert (query.id, query.text, query.relevant) == ("a-strong-0", "two dogs", False)
    assert (query.video, query.relevant_query, query.refusal) == ("a.mp4", "a dog", "One dog.")
    assert (query.categories, query.record, row.origin) == (("Attribute/Counting",), "a", ORIGIN)


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "a"}', '{"query_id": "z"}'])
def test_a_line_that_is_no_candidate_is_named(tmp_path: Path, line: str) -> None:
    write_rows(tmp_path / "rows.jsonl", [ROW])
    file = tmp_path / "candidates.jsonl"
    file.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"candidates.jsonl:1"):
        list(rows_to_annotate(file))


def test_official_files_are_annotated_as_they_are(synth_set: Path) -> None:
    rows = list(rows_to_annotate(synth_set / "annotations.json"))
    assert len(rows) == 16
    assert {row.query.relevant for row in rows} == {True, False}
    assert rows[2].origin.row == 1
    assert not rows[0].origin.redistributable


def test_videos_without_a_row_get_an_empty_one(synth_set: Path) -> None:
    known = ["synth-test-0-000000.mkv", "elsewhere/synth-test-0-000001.mp4"]
    rows = list(rows_of_videos([synth_set], known=known))
    assert len(rows) == 6
    assert rows[0].query.video == "synth-test-0-000002.mp4"
    assert (rows[0].query.text, rows[0].query.spans) == ("", ())


def test_annotations_are_kept_beside_the_rows(tmp_path: Path) -> None:
    assert database_of(tmp_path) == tmp_path / "annotations.sqlite"
    assert database_of(tmp_path / "rows.jsonl") == tmp_path / "rows.annotations.sqlite"
    assert database_of(tmp_path / "mine.sqlite") == tmp_path / "mine.sqlite"
