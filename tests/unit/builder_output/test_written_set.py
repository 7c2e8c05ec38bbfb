"""A written set: what stock readers find in it, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rarft.dataset_builder.output import write_output
from rarft.dataset_builder.row_files import read_rows
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.taxonomy import CATEGORIES, LEVELS
from rarft.harness.types import Span
from rarft.tasks.official import read_queries


def load_dataset(folder: Path, **options):
    from datasets import load_dataset as stock

    return stock(str(folder), **options)


def test_stock_datasets_loads_every_split_with_typed_columns(kitchen, tmp_path):
    folder = write_output(kitchen).folder
    assert folder == kitchen / "out"
    loaded = load_dataset(folder, cache_dir=tmp_path / "cache")
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 12, "test": 4}
    features = loaded["test"].features
    assert features["level_label"].names == list(LEVELS)
    assert features["category_labels"].feature.names == list(CATEGORIES)
    assert features["spans"].feature.length == 2
    relevant, strong = loaded["test"][0], loaded["test"][1]
    assert (relevant["spans"], strong["spans"]) == ([[1.0, 3.5]], [])
    assert features["level_label"].int2str(strong["level_label"]) == strong["level"] == "strong"
    assert strong["categories"] == ["Object/ObjectExistence"]
    assert strong["category_labels"] == [CATEGORIES.index("Object/ObjectExistence")]
    assert (strong["source"], strong["licence"]) == ("kitchen", "CC-BY-4.0")


def test_no_file_of_a_set_names_a_folder_of_this_machine(kitchen):
    folder = write_output(kitchen).folder
    for path in folder.rglob("*"):
        assert not path.is_file() or b"/home/you" not in path.read_bytes(), path


def test_rows_are_spread_over_shards_in_their_order(kitchen, tmp_path):
    folder = write_output(kitchen, tmp_path / "set", max_rows_a_shard=5).folder
    names = sorted(path.name for path in (folder / "data").iterdir())
    assert names == [
        "test-00000-of-00001.parquet",
        *(f"train-{number:05d}-of-00003.parquet" for number in range(3)),
    ]
    ids = load_dataset(folder, split="train", cache_dir=tmp_path / "cache")["id"]
    rows = read_rows(kitchen / "accepted.jsonl")
    assert list(ids) == [row.query.id for row in rows if row.origin.split == "train"]


@pytest.mark.slow
def test_processes_change_no_row(kitchen, tmp_path):
    one = write_output(kitchen, tmp_path / "one")
    two = write_output(kitchen, tmp_path / "two", n_processes=2)
    for name in ("train-00000-of-00001.parquet", "test-00000-of-00001.parquet"):
        first, second = (made.folder / "data" / name for made in (one, two))
        assert first.read_bytes() == second.read_bytes()


def test_the_same_rows_give_the_same_bytes(kitchen, tmp_path):
    one, two = (write_output(kitchen, tmp_path / name, name="mine").folder for name in "ab")
    files = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    assert {path.relative_to(two) for path in two.rglob("*") if path.is_file()} == files
    assert all((one / file).read_bytes() == (two / file).read_bytes() for file in files)


def test_jsonl_holds_the_rows_as_they_were(kitchen):
    folder = write_output(kitchen).folder
    written = [*read_rows(folder / "rows" / "kitchen_train.jsonl")]
    rows = [row for row in read_rows(kitchen / "accepted.jsonl") if row.origin.split == "train"]
    assert [row.query for row in written] == [row.query for row in rows]
    assert {row.origin.file for row in written} == {"kitchen.json"}


def test_the_official_json_is_read_back(kitchen):
    folder = write_output(kitchen).folder
    path = folder / "official" / "kitchen_train.json"
    queries, report = read_queries(path)
    rows = [row for row in read_rows(kitchen / "accepted.jsonl") if row.origin.split == "train"]
    compared = ("video", "text", "relevant", "spans", "duration_s", "level", "categories")
    compared += ("refusal", "relevant_query")
    for query, row in zip(queries, rows, strict=True):
        assert {key: getattr(query, key) for key in compared} == {
            key: getattr(row.query, key) for key in compared
        }
    assert (report.n_records, report.counts) == (3, {})


def test_scattered_rows_of_a_record_are_one_official_record(make_rows, make_build, tmp_path):
    first, second = make_rows("v0"), make_rows("v1")
    rows = [first[2], second[0], first[0], second[1], first[1], second[3], second[2], first[3]]
    folder = write_output(make_build(tmp_path / "mixed", rows)).folder
    records = json.loads((folder / "official" / "mixed_test.json").read_text())
    assert [record["video"] for record in records] == ["v0.mp4", "v1.mp4"]
    assert [[entry["difficulty"] for entry in record["GRPO"]] for record in records] == [
        ["original", "medium", "hard", "easy"],
        ["original", "hard", "easy", "medium"],
    ]


def test_several_relevant_queries_of_a_record_keep_their_own_spans(make_rows, make_build, tmp_path):
    first, strong = make_rows("v0")[:2]
    second = replace(first.query, id="v0-1", text="a person sits", spans=(Span(4.0, 6.0),))
    made = replace(
        strong.query, id="v0-1/strong", relevant_query="a person sits", text="a dog sits"
    )
    rows = [first, replace(first, query=second), strong, replace(strong, query=made)]
    folder = write_output(make_build(tmp_path / "two", rows)).folder
    queries, _ = read_queries(folder / "official" / "two_test.json")
    told = [(query.text, query.relevant_query, [*query.spans]) for query in queries]
    assert told == [
        ("a person opens the red door", None, [Span(1.0, 3.5)]),
        ("a person opens the red box", "a person opens the red door", []),
        ("a person sits", None, [Span(4.0, 6.0)]),
        ("a dog sits", "a person sits", []),
    ]


def test_further_spans_are_in_the_rows_and_counted_for_the_official_json(
    make_rows, make_build, tmp_path
):
    rows = make_rows("v0")
    spans = (Span(1.0, 2.0), Span(5.0, 12.0))
    rows[0] = replace(rows[0], query=replace(rows[0].query, spans=spans))
    output = write_output(make_build(tmp_path / "spans", rows))
    assert output.tally.limits == {"several_spans": 1, "span_past_end": 1}
    card = (output.folder / "README.md").read_text()
    assert "- 1 relevant queries with several spans; the official JSON keeps the first." in card
    loaded = load_dataset(output.folder, split="test", cache_dir=tmp_path / "cache")
    assert loaded[0]["spans"] == [[1.0, 2.0], [5.0, 12.0]]


def test_a_query_without_its_relevant_one_is_kept_and_counted(make_rows, make_build, tmp_path):
    rows = make_rows("v0")[1:2]
    output = write_output(make_build(tmp_path / "alone", rows))
    assert output.tally.limits == {"without_relevant": 1}
    queries, _ = read_queries(output.folder / "official" / "alone_test.json")
    assert [query.relevant for query in queries] == [False]


def test_a_file_of_rows_needs_no_build(kitchen, tmp_path):
    output = write_output(kitchen / "accepted.jsonl", tmp_path / "set")
    assert output.name == "accepted"
    assert "Not measured." in (output.folder / "README.md").read_text()


def test_a_set_is_written_over_its_older_self_alone(kitchen, tmp_path):
    target = tmp_path / "set"
    write_output(kitchen, target, max_rows_a_shard=2)
    # What a process that was killed has left.
    (tmp_path / ".set.draft" / "data").mkdir(parents=True)
    write_output(kitchen, target)
    assert len([*(target / "data").iterdir()]) == 2
    assert not [*tmp_path.glob(".*")]
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.png").write_bytes(b"cat")
    with pytest.raises(UserError, match="holds something else than a set"):
        write_output(kitchen, other)
    assert [path.name for path in other.iterdir()] == ["cat.png"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: [*lines, lines[2]], "with the id v0-0/moderate more than once"),
        (lambda lines: [lines[0], "{"], r"accepted\.jsonl:2 that is no row"),
        (lambda lines: [lines[0], '{"id": "x"}'], r"accepted\.jsonl:2 that is no row"),
        (lambda lines: [], "without a row"),
        (lambda lines: [lines[0].replace("a person", "\\ud800")], "surrogates not allowed"),
        (lambda lines: [lines[0].replace('"train"', '"my train"')], "with the split 'my train'"),
    ],
)
def test_damaged_rows_are_one_line_and_leave_no_folder(kitchen, change, expected):
    path = kitchen / "accepted.jsonl"
    lines = change(path.read_text().splitlines())
    path.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(UserError, match=expected) as caught:
        write_output(kitchen)
    assert "\n" not in str(caught.value)
    assert {path.name for path in kitchen.iterdir()} == {"accepted.jsonl", "build.json"}


def test_a_folder_without_rows_is_named(tmp_path):
    with pytest.raises(NotFoundError, match=r"without accepted\.jsonl"):
        write_output(tmp_path)


@pytest.mark.parametrize("name", ["Kitchen", "a-b", "1a", "a/b", ""])
def test_a_name_that_no_task_can_have_is_refused(kitchen, name):
    with pytest.raises(UserError, match="expected small letters"):
        write_output(kitchen, name=name)
