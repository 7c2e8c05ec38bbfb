import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from rarft.dataset_builder.keyed_log import KeyedLog
from rarft.dataset_builder.on_demand import Lines, OnDemand, picked
from rarft.dataset_builder.places import Places
from rarft.dataset_builder.row_files import read_rows, stored_rows
from rarft.harness.errors import UserError
from rarft.harness.stages.append_log import AppendLog


def log_of(path: Path) -> KeyedLog[list[int]]:
    return KeyedLog(
        path,
        required=("name", "value"),
        key=lambda row: row["name"] or None,
        read=lambda rows: [row["value"] + 0 for row in rows],
    )


def row(name: str, value: Any) -> dict[str, Any]:
    return {"name": name, "value": value}


def test_places_come_in_the_order_in_which_they_were_put() -> None:
    places = Places()
    places.put([("b", 5), ("a", 1)])
    places.put([("b", 3), ("\udcff é", 9)])
    assert places.of("b") == [5, 3]
    assert (places.count("b"), places.count("c"), len(places)) == (2, 0, 3)
    assert list(places) == ["b", "a", "\udcff é"]
    assert "\udcff é" in places
    assert "\udcff" not in places


def test_keys_are_walked_over_while_others_are_put() -> None:
    places = Places()
    places.put((f"{number}", number) for number in range(10_000))
    walked = iter(places)
    first = next(walked)
    places.put([("later", 0)])
    assert [first, *walked] == [f"{number}" for number in range(10_000)]


def test_what_is_made_on_demand_equals_a_list_and_is_sliced() -> None:
    items = picked("abcdef", [4, 0, 2])
    assert items == ["e", "a", "c"]
    assert items != ["e", "a"]
    assert items[1:] == ["a", "c"]
    assert OnDemand([], str) == []
    assert items[-1] == "c"
    with pytest.raises(IndexError):
        items[3]


def test_a_line_longer_than_a_block_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"a\n" + b"b" * 50_000 + b"\nc")
    lines = Lines(path)
    assert [lines.line(0), lines.line(2), lines.line(50_003)] == [
        b"a\n",
        b"b" * 50_000 + b"\n",
        b"c",
    ]


def test_rows_of_a_log_are_found_by_key_and_further_ones_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    found = log_of(path)
    assert not found
    with AppendLog(path) as log:
        log.append([row("a", 1), row("b", 2), row("", 3), row("a", 4)])
        assert "a" not in found
        found.refresh()
        assert dict(found) == {"a": [1, 4], "b": [2]}
        log.append([row("b", 5)])
        found.refresh()
    assert (found["b"], found.n_rows("b"), len(found)) == ([2, 5], 2, 2)
    assert [values for _, values in found.placed("b")] == [[2], [5]]
    assert found.get("c") is None
    assert log_of(path) == found


def test_a_torn_last_line_is_not_taken_in_until_it_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with AppendLog(path) as log:
        log.append([row("a", 1), row("b", 2)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    found = log_of(path)
    assert list(found) == ["a"]
    path.write_bytes(whole)
    found.refresh()
    assert list(found) == ["a", "b"]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with AppendLog(path) as log:
        log.append([row("a", 1), {"name": "b"}])
    with pytest.raises(UserError, match="line 2: got a row without 'value'"):
        log_of(path)
    path.unlink()
    with AppendLog(path) as log:
        log.append([row("a", None)])
    with pytest.raises(UserError, match="cannot be read"):
        log_of(path)


def test_rows_stay_in_their_file(rows_file: Path) -> None:
    kept = stored_rows(rows_file, keep=lambda one: one.query.id != "q1")
    assert kept == [one for one in read_rows(rows_file) if one.query.id != "q1"]
    assert kept[0].query.id == "q0"


def test_an_index_of_many_rows_takes_no_memory_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with AppendLog(path) as log:
        log.append([row(f"{number:08d}", number) for number in range(20_000)])
    log_of(path)
    tracemalloc.start()
    try:
        found = log_of(path)
        n_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == 20_000
    assert n_bytes < 200_000
