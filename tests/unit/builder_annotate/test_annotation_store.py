"""What is acknowledged is on the disk, and no window overwrites another."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rarft.dataset_builder.annotate import Annotation, AnnotationStore, StaleError
from rarft.dataset_builder.annotate.queue import (
    PAGE_SIZE,
    annotators,
    counts,
    queue_page,
    resume_at,
)
from rarft.dataset_builder.annotate.rows import added_row
from rarft.dataset_builder.types import TASK, Origin, Row
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.types import Query, Span

ORIGIN = Origin(source="mine", split="test", licence="MIT", citation="", redistributable=True)
SPAN = (Span(1.0, 2.0),)
WRITER = """
import sys
from pathlib import Path
from rarft.dataset_builder.annotate import Annotation, AnnotationStore
store = AnnotationStore(Path(sys.argv[1]))
version = 0
while True:
    note = str(version + 1)
    version = store.save("0", "ada", Annotation(text="a", note=note), version=version).version
    print(note, flush=True)
"""


def row(number: int, *, text: str = "", video: str = "") -> Row:
    query = Query(
        id=str(number),
        task=TASK,
        video=video or f"{number}.mp4",
        text=text or f"query {number}",
        relevant=True,
        record=str(number),
        spans=SPAN,
    )
    return Row(query=query, origin=ORIGIN)


@pytest.fixture
def store(tmp_path: Path) -> AnnotationStore:
    opened = AnnotationStore(tmp_path / "a.sqlite")
    opened.add_rows(map(row, range(3)))
    return opened


def test_commits_are_synced_and_the_journal_is_a_write_ahead_log(store: AnnotationStore) -> None:
    assert store.connection.execute("pragma journal_mode").fetchone() == ("wal",)
    assert store.connection.execute("pragma synchronous").fetchone() == (2,)


def test_what_was_acknowledged_before_a_sigkill_is_there_afterwards(
    store: AnnotationStore, tmp_path: Path
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, store.path], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert writer.stdout is not None
    for _ in range(20):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    told = writer.stdout.read().split()
    writer.wait()
    writer.stdout.close()
    saved = AnnotationStore(store.path).annotation("0", "ada")
    assert saved is not None
    last = int(told[-1]) if told else 20
    assert last <= int(saved.annotation.note) <= last + 1


def test_an_older_version_does_not_overwrite_a_newer_one(store: AnnotationStore) -> None:
    here, there = store, AnnotationStore(store.path)
    assert here.save("0", "ada", Annotation(text="one"), version=0).version == 1
    with pytest.raises(StaleError):
        there.save("0", "ada", Annotation(text="other"), version=0)
    saved = there.annotation("0", "ada")
    assert saved is not None
    assert (saved.annotation.text, saved.version) == ("one", 1)
    assert there.save("0", "ada", Annotation(text="two"), version=1).version == 2


def test_annotators_do_not_meet(store: AnnotationStore) -> None:
    store.save("0", "ada", Annotation(text="hers"), version=0)
    store.save("0", "bo", Annotation(text="his"), version=0)
    assert annotators(store) == ["ada", "bo"]
    ((found, saved),) = store.annotations()
    assert found == row(0)
    assert [one.annotation.text for one in saved] == ["hers", "his"]


def test_an_unknown_row_cannot_be_annotated(store: AnnotationStore) -> None:
    with pytest.raises(NotFoundError):
        store.save("9", "ada", Annotation(text="a"), version=0)


def test_rows_are_stored_once_and_new_ones_are_added(store: AnnotationStore) -> None:
    assert store.add_rows(map(row, range(5))) == 2
    assert counts(store, "ada")["all"] == 5


def test_a_row_that_changed_is_taken_over_only_where_nobody_annotated_it(
    store: AnnotationStore,
) -> None:
    store.add_rows([row(0, text="better")])
    assert store.item("0").row.query.text == "better"
    store.save("0", "ada", Annotation(text="a"), version=0)
    with pytest.raises(UserError, match="row 0, which is not what was annotated"):
        store.add_rows([row(0, text="other")])
    assert store.item("0").row.query.text == "better"


def test_two_rows_of_one_id_are_refused_and_nothing_is_stored(tmp_path: Path) -> None:
    store = AnnotationStore(tmp_path / "b.sqlite")
    with pytest.raises(UserError, match="two rows with the id 1"):
        store.add_rows([row(1), row(1)])
    assert counts(store, "ada")["all"] == 0


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_text("rows\n" * 300)
    with pytest.raises(UserError, match="not a database") as told:
        AnnotationStore(path)
    assert "\n" not in str(told.value)


def test_a_database_of_another_schema_is_refused(store: AnnotationStore) -> None:
    store.connection.execute("update meta set value = '2'")
    store.close()
    with pytest.raises(UserError, match="schema_version 2, expected 1"):
        AnnotationStore(store.path)


def test_a_disk_that_is_full_is_told_and_leaves_what_was_saved(store: AnnotationStore) -> None:
    store.save("0", "ada", Annotation(text="kept"), version=0)
    (n_pages,) = store.connection.execute("pragma page_count").fetchone()
    store.connection.execute(f"pragma max_page_count = {n_pages}")
    with pytest.raises(UserError, match="full"):
        store.save("1", "ada", Annotation(text="a", note="x" * 20_000), version=0)
    assert store.annotation("1", "ada") is None
    store.connection.execute("pragma max_page_count = 1000000")
    store.save("1", "ada", Annotation(text="again"), version=0)
    assert AnnotationStore(store.path).annotation("0", "ada") is not None


def test_another_process_that_writes_is_waited_for(store: AnnotationStore) -> None:
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("begin immediate")
    store.connection.execute("pragma busy_timeout = 50")
    with pytest.raises(UserError, match="locked"):
        store.save("0", "ada", Annotation(text="a"), version=0)
    other.execute("commit")
    other.close()
    assert store.save("0", "ada", Annotation(text="a"), version=0).version == 1


def test_an_added_row_stands_behind_the_one_it_came_from(store: AnnotationStore) -> None:
    for number in (1, 2):
        new = added_row(row(1), item_id=f"1+{number}", relevant_query="query 1")
        store.add_item(new, after="1", added_by="ada")
    ids = [item["id"] for item in queue_page(store, "ada").items]
    assert ids == ["0", "1", "1+1", "1+2", "2"]
    assert store.item("1+1").added_by == "ada"
    assert [one.query.id for one in store.rows_of_video("1.mp4")] == ["1", "1+1", "1+2"]


def test_filters_show_the_annotators_own_decisions(store: AnnotationStore) -> None:
    accepted = Annotation(decision="accepted", text="query 0", relevant=True, spans=SPAN)
    store.save("0", "ada", accepted, version=0)
    store.save("1", "ada", replace(accepted, text="edited"), version=0)
    store.save("2", "ada", Annotation(decision="rejected", text="query 2"), version=0)
    store.save("2", "bo", replace(accepted, text="query 2"), version=0)

    def ids(annotator: str, which: str) -> list[str]:
        return [item["id"] for item in queue_page(store, annotator, which=which).items]  # type: ignore[arg-type]

    assert ids("ada", "accepted") == ["0", "1"]
    assert ids("ada", "edited") == ["1"]
    assert ids("ada", "rejected") == ["2"]
    assert ids("ada", "open") == []
    assert ids("bo", "open") == ["0", "1"]
    assert ids("bo", "disagreement") == ["2"]
    assert counts(store, "bo") == {"all": 3, "open": 2, "accepted": 1, "rejected": 0}


def test_search_takes_its_signs_literally(store: AnnotationStore) -> None:
    store.add_rows([row(3, text="100% of_it"), row(4, text="100 of it")], behind=True)
    found = [item["id"] for item in queue_page(store, "ada", search="100%").items]
    assert found == ["3"]
    assert [item["id"] for item in queue_page(store, "ada", search="of_it").items] == ["3"]
    assert [item["id"] for item in queue_page(store, "ada", search="2.mp4").items] == ["2"]


def test_a_page_can_be_asked_for_by_a_row_it_holds(tmp_path: Path) -> None:
    store = AnnotationStore(tmp_path / "many.sqlite")
    store.add_rows(map(row, range(2 * PAGE_SIZE + 3)))
    page = queue_page(store, "ada", containing=str(2 * PAGE_SIZE))
    assert (page.offset, page.total, len(page.items)) == (2 * PAGE_SIZE, 2 * PAGE_SIZE + 3, 3)


def test_the_row_left_open_last_is_gone_on_with(store: AnnotationStore) -> None:
    assert resume_at(store, "ada") == "0"
    store.save("2", "ada", Annotation(text="half done"), version=0)
    assert resume_at(store, "ada") == "2"
    store.save("2", "ada", Annotation(decision="rejected", text="a"), version=1)
    assert resume_at(store, "ada") == "0"


def test_a_stored_row_is_what_the_file_held(store: AnnotationStore) -> None:
    (content,) = store.connection.execute("select row from items where id = '0'").fetchone()
    assert json.loads(content) == row(0).to_json()
