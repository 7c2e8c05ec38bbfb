import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rarft.dataset_builder.sources.items import local_file, record_items
from rarft.harness.errors import AnnotationError, NotFoundError, UserError

ROWS = [{"a": 1}, {"a": 2}]


def values(path: Path) -> list[object]:
    return [item.value for item in record_items(path)]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_and_lines_are_told_apart(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(ROWS, indent=indent))
    assert values(path) == ROWS
    path.write_text("\n".join(map(json.dumps, ROWS)))
    assert values(path) == ROWS


def test_a_packed_file_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}'))
    assert values(path) == ROWS


def test_a_packed_file_that_is_cut_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(ROWS).encode() * 100)[:-20])
    with pytest.raises(AnnotationError, match="expected a readable annotation file"):
        values(path)


def test_a_first_line_that_is_broken_does_not_hide_the_others(
    tmp_path: Path, as_lines: Callable[..., str]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(as_lines('{"a": }', *ROWS))
    items = list(record_items(path))
    assert items[0].problem.startswith("is no JSON")
    assert [item.value for item in items[1:]] == ROWS


def test_parquet_rows_come_through_datasets(tmp_path: Path) -> None:
    from datasets import Dataset

    path = tmp_path / "rows.parquet"
    Dataset.from_list(ROWS).to_parquet(path)
    assert values(path) == ROWS


def test_a_file_that_is_no_parquet_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(UserError, match="expected a Parquet file"):
        values(path)


def test_a_missing_file_and_a_whole_data_set_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="which is no file"):
        values(tmp_path / "none.json")
    with pytest.raises(UserError, match="write hub:a/b/FILE"):
        local_file("hub:a/b")
    with pytest.raises(UserError, match="expected hub:OWNER/NAME"):
        local_file("hub:alone")
