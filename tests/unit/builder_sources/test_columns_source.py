from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rarft.dataset_builder.column_mapping import ColumnMapping
from rarft.dataset_builder.sources import SOURCES
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.types import Query, Span

Read = Callable[..., tuple[list, list]]


def test_columns_are_found_under_dots_and_in_lists(read: Read) -> None:
    queries, rejected = read(
        "columns",
        [
            {"clip": {"file": "/v/a.webm"}, "caption": "a dog", "when": [1, "2.5"], "n": 7},
            {"clip": {"file": "b"}, "caption": "a cat", "when": [1]},
            {"clip": {}, "caption": "a cat", "when": [1, 2]},
            {"clip": {"file": "b"}, "when": [1, 2]},
            "row",
        ],
        video="clip.file",
        query="caption",
        start="when.0",
        end="when.1",
        id="n",
    )
    assert [(q.id, q.video, q.text, q.spans) for q in queries] == [
        ("7", "a.webm", "a dog", (Span(1.0, 2.5),))
    ]
    assert [one.reason for one in rejected] == [
        "when.0, when.1: got nothing, expected a number",
        "clip.file: got nothing, expected a text that is not empty",
        "caption: got nothing, expected a text that is not empty",
        "record: got 'row', expected a JSON object",
    ]


@pytest.mark.parametrize(
    ("unit", "more", "expected"),
    [
        ("seconds", {}, Span(1.0, 3.0)),
        ("milliseconds", {}, Span(0.001, 0.003)),
        ("frames", {"fps": 2.0}, Span(0.5, 1.5)),
        ("frames", {"fps": "rate"}, Span(0.25, 0.75)),
        ("share", {"duration": "length"}, Span(10.0, 30.0)),
    ],
)
def test_spans_count_what_the_user_says(
    read: Read, unit: str, more: dict[str, Any], expected: Span
) -> None:
    row = {"video": "a", "q": "x", "spans": [1, 3], "rate": 4, "length": 10}
    queries, _ = read("columns", [row], query="q", spans="spans", unit=unit, **more)
    assert queries[0].spans == (expected,)


def test_a_row_that_lacks_what_its_unit_needs_is_named(read: Read) -> None:
    row = {"video": "a", "q": "x", "s": [[1, 3], [4, 5]], "empty": [], "odd": ["1-3"]}
    assert read("columns", [row], query="q", spans="s")[0][0].spans == (Span(1, 3), Span(4, 5))
    for options in (
        {"spans": "s", "unit": "frames"},
        {"spans": "s", "unit": "share"},
        {"spans": "empty"},
        {"spans": "odd"},
    ):
        queries, rejected = read("columns", [row], query="q", **options)
        assert (len(queries), len(rejected)) == (0, 1)


def test_members_of_an_object_are_rows_with_their_key(read: Read) -> None:
    content = {"v1": {"text": "a dog", "span": [1, 2], "from": 0.5, "to": 9}}
    queries, _ = read(
        "columns",
        content,
        video="$key",
        query="text",
        spans="span",
        clip_start="from",
        clip_end="to",
    )
    assert (queries[0].video, queries[0].clip) == ("v1.mp4", Span(0.5, 9.0))


def test_rows_inside_a_member_are_found(read: Read) -> None:
    row = {"image_id": "3MSZA.mp4", "caption": "a dog", "timestamp": [1, 2]}
    queries, _ = read(
        "columns",
        {"annotations": [row]},
        inside="annotations",
        video="image_id",
        query="caption",
        spans="timestamp",
    )
    assert queries[0].video == "3MSZA.mp4"


@pytest.mark.parametrize(
    "columns",
    [{}, {"start": "a"}, {"start": "a", "end": "b", "spans": "c"}, {"spans": "c", "unit": "days"}],
)
def test_columns_that_name_no_span_are_one_line(columns: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="expected"):
        ColumnMapping(query="q", **columns)


def test_rows_come_from_parquet_and_from_a_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import Dataset

    rows = Dataset.from_list(
        [{"video": "a.mp4", "q": "a dog", "s": 1.0, "e": 2.0, "unused": "x" * 100}]
    )
    (tmp_path / "owner" / "name").mkdir(parents=True)
    path = tmp_path / "owner" / "name" / "train.parquet"
    rows.to_parquet(path)
    read = SOURCES["columns"].read
    columns = {"query": "q", "start": "s", "end": "e"}
    found = list(read(path, split="train", **columns))
    assert isinstance(found[0], Query)
    assert found[0].provenance == "train.parquet#0"
    with pytest.raises(UserError, match="got the column t, expected one of video, q"):
        list(read(path, split="train", **{**columns, "query": "t"}))
    # `datasets` takes a folder for a data set of that name.
    monkeypatch.chdir(tmp_path)
    found = list(read("hub:owner/name", split="train", **columns))
    assert isinstance(found[0], Query)
    assert found[0].provenance == "owner/name#0"
    with pytest.raises(NotFoundError, match="check the name, the split"):
        list(read("hub:owner/name", split="dev", **columns))
