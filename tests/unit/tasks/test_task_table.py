from pathlib import Path

import pytest
from pydantic import ValidationError

from rarft.tasks.metadata import (
    TaskMetadata,
    official_task_files,
    read_metadata,
    read_task_yaml,
)
from rarft.tasks.task_table import BEGIN, END, tasks_table, with_tasks

DOCS = Path(__file__).parents[3] / "docs" / "tasks.md"


def test_the_page_of_tasks_is_up_to_date() -> None:
    page = DOCS.read_text()
    assert with_tasks(page) == page, "run: python -m rarft.tasks.task_table docs/tasks.md"


def test_the_table_has_a_row_for_each_official_task_in_the_papers_order() -> None:
    rows = tasks_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [
        "hi_activitynet",
        "hi_charades",
        "hi_tvgbench",
        "ss_activitynet",
        "ss_charades",
        "ss_qvhighlights",
        "human_annotated",
        "vtg_activitynet",
    ]


def test_a_count_that_nobody_measured_is_said_to_be_so() -> None:
    [row] = [row for row in tasks_table().splitlines() if "`ss_activitynet`" in row]
    assert row.count("not measured") == 4


def test_a_page_without_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="add them"):
        with_tasks(f"{BEGIN} and nothing after it")
    assert with_tasks(f"a{BEGIN}old{END}b").endswith(f"{END}b")


def test_the_official_tasks_are_found_by_their_names() -> None:
    assert all(path.stem == name for name, path in official_task_files().items())


def test_a_function_is_read_as_its_name() -> None:
    task = read_task_yaml(official_task_files()["hi_charades"])
    assert task["custom_dataset"] == "rarft.tasks.official.load"


@pytest.mark.parametrize(
    "changes",
    [
        {"verison": 1.0},
        {"version": "1.0"},
        {"blob": "8843cbb"},
        {"prompt_mode": "blind"},
        {"negatives": "easy"},
        {"counts": {"records": 1}},
        {"licence": ""},
        {"known_issues": "one"},
    ],
)
def test_metadata_of_an_official_task_is_checked_strictly(changes: dict[str, object]) -> None:
    metadata = read_task_yaml(official_task_files()["hi_charades"])["metadata"]
    TaskMetadata.model_validate(metadata)
    with pytest.raises(ValidationError):
        TaskMetadata.model_validate(metadata | changes)


def test_the_two_tasks_of_one_file_pin_the_same_bytes() -> None:
    blobs: dict[str, set[tuple[str, str]]] = {}
    for path in official_task_files().values():
        task = read_metadata(path)
        blobs.setdefault(task.annotation, set()).add((task.blob, task.commit))
    assert all(len(pins) == 1 for pins in blobs.values())
