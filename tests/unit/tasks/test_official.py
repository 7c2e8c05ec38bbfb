import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.docs import Docs
from rarft.harness.errors import AnnotationError, NotFoundError
from rarft.harness.types import Span, query_from_doc
from rarft.tasks.official import load, read_queries

Make = Callable[..., dict[str, Any]]
Write = Callable[..., Path]


def test_a_record_becomes_one_query_for_each_entry(write: Write, make_record: Make) -> None:
    path = write(make_record(video="/data/someone/kitchen.mp4", video_start=1, video_end=19))
    queries, _ = read_queries(path, task="my_task", commit="8843cbb259cd")
    relevant, irrelevant = queries
    assert relevant.to_doc() == {
        "id": "00000-0",
        "video": "kitchen.mp4",
        "text": "a woman opens the oven",
        "relevant": True,
        "record": "00000",
        "spans": [[3.0, 8.5]],
        "clip": [1.0, 19.0],
        "duration_s": 20.0,
        "level": "original",
        "categories": [],
        "refusal": "",
        "relevant_query": None,
        "provenance": "anno.json@8843cbb#0",
    }
    assert irrelevant.to_doc() == {
        "id": "00000-1",
        "video": "kitchen.mp4",
        "text": "a woman opens the fridge",
        "relevant": False,
        "record": "00000",
        "spans": [],
        "clip": [1.0, 19.0],
        "duration_s": 20.0,
        "level": "strong",
        "categories": ["Object/ObjectExistence"],
        "refusal": "There is no fridge.",
        "relevant_query": "a woman opens the oven",
        "provenance": "anno.json@8843cbb#0",
    }
    assert relevant.task == irrelevant.task == "my_task"


@pytest.mark.parametrize(
    ("difficulty", "level"),
    [
        ("hard", "strong"),
        ("medium", "moderate"),
        ("easy", "weak"),
        ("original", None),
        ("extreme", None),
        (3, None),
        (None, None),
    ],
)
def test_difficulty_names_the_level_of_an_irrelevant_query(
    write: Write, make_record: Make, make_query: Make, difficulty: object, level: str | None
) -> None:
    path = write(make_record(GRPO=[make_query(r=False, difficulty=difficulty)]))
    queries, _ = read_queries(path)
    assert queries[0].level == level


def test_a_level_stated_by_the_task_holds_for_irrelevant_queries_only(
    write: Write, make_record: Make, make_query: Make
) -> None:
    path = write(make_record(GRPO=[make_query(), make_query(r=False, difficulty="easy")]))
    queries, _ = read_queries(path, negatives="shuffled")
    assert [query.level for query in queries] == ["original", "shuffled"]


def test_several_relevant_queries_share_the_timestamp_and_the_first_is_the_negatives(
    write: Write, make_record: Make, make_query: Make
) -> None:
    path = write(
        make_record(
            GRPO=[make_query(q=q, r=r) for q, r in (("a", False), ("b", True), ("c", True))]
        )
    )
    queries, _ = read_queries(path)
    assert [query.spans for query in queries] == [(), (Span(3.0, 8.5),), (Span(3.0, 8.5),)]
    assert [query.relevant_query for query in queries] == ["b", None, None]


def test_the_relevant_query_is_never_q_origin(
    write: Write, make_record: Make, make_query: Make
) -> None:
    negative = make_query(q="a man runs", r=False, q_origin="a man runs")
    with_relevant = make_record(GRPO=[make_query(q="a man walks"), negative])
    alone = make_record(GRPO=[negative], timestamp=[])
    queries, _ = read_queries(write(with_relevant, alone))
    assert [query.relevant_query for query in queries] == [None, "a man walks", None]


def test_a_span_past_the_end_is_kept_and_counted(write: Write, make_record: Make) -> None:
    queries, report = read_queries(write(make_record(timestamp=[3.0, 25.0])))
    assert queries[0].spans == (Span(3.0, 25.0),)
    assert report.counts == {"span_past_end": 1}


def test_a_category_outside_the_taxonomy_is_left_out(
    write: Write, make_record: Make, make_query: Make
) -> None:
    odd = make_query(r=False, c=["Action/SceneTransition", "Scene/SceneTransition"])
    queries, report = read_queries(write(make_record(GRPO=[odd])))
    assert queries[0].categories == ("Scene/SceneTransition",)
    assert report.names == {"category_outside_taxonomy": {"Action/SceneTransition": 1}}


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (None, ""),
        ("", ""),
        ("This query is unrelated to the video.", "This query is unrelated to the video."),
        ("<answer>No fridge.</answer><correct>an oven</correct>", "No fridge."),
    ],
)
def test_the_reference_refusal_has_no_tags(
    write: Write, make_record: Make, make_query: Make, answer: str | None, refusal: str
) -> None:
    queries, _ = read_queries(write(make_record(GRPO=[make_query(r=False, a=answer)])))
    assert queries[0].refusal == refusal


def test_selecting_relevant_queries_keeps_their_ids(
    write: Write, make_record: Make, make_query: Make
) -> None:
    path = write(
        make_record(GRPO=[make_query(q="a", r=False), make_query(q="b")]),
        make_record(video="b.mp4", GRPO=[make_query(q="c", r=False)], timestamp=[]),
    )
    queries, report = read_queries(path, select="relevant")
    assert [query.id for query in queries] == ["00000-1"]
    counts = (report.n_records, report.n_videos, report.n_relevant, report.n_irrelevant)
    assert counts == (2, 1, 1, 0)


def test_a_selection_that_leaves_nothing_is_an_error(
    write: Write, make_record: Make, make_query: Make
) -> None:
    path = write(make_record(GRPO=[make_query(r=False)]))
    with pytest.raises(
        AnnotationError, match="got no query of select=relevant, expected at least one"
    ):
        read_queries(path, select="relevant")


def test_load_returns_rows_with_their_report_and_digest(write: Write, make_record: Make) -> None:
    path = write(make_record(), make_record(video="b.mp4"))
    docs = load(annotation=str(path), version=1.0, anything="else")["test"]
    assert isinstance(docs, Docs)
    assert [doc["id"] for doc in docs] == ["00000-0", "00000-1", "00001-0", "00001-1"]
    assert query_from_doc(docs[0], task="t").provenance == "anno.json#0"
    assert docs.annotation_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert docs.load_report is not None
    assert docs.load_report["n_videos"] == 2
    json.dumps([*docs, docs.load_report])


@pytest.mark.parametrize("place", ["variable", "root", "beside the YAML", "current directory"])
def test_a_relative_annotation_is_found_in_each_place(
    write: Write, make_record: Make, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    folder = write(make_record()).parent
    metadata: dict[str, Any] = {}
    if place == "variable":
        monkeypatch.setenv("RARFT_ANNOTATIONS", str(folder))
    elif place == "root":
        metadata["root"] = str(folder)
    elif place == "beside the YAML":
        metadata["config_source"] = str(folder / "task.yaml")
    else:
        monkeypatch.chdir(folder)
    assert len(load(annotation="anno.json", **metadata)["test"]) == 2


def test_an_annotation_that_is_nowhere_is_one_line_with_the_places(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        load(annotation="anno.json", root=str(tmp_path))
    message = str(caught.value)
    assert f"{tmp_path}/anno.json, anno.json" in message
    assert "RARFT_ANNOTATIONS" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({}, "got None as `annotation`"),
        ({"annotation": ""}, "got '' as `annotation`"),
        ({"annotation": ["a.json"]}, "got ['a.json'] as `annotation`"),
        ({"annotation": "a.json", "select": "irrelevant"}, "got 'irrelevant' as `select`"),
        ({"annotation": "a.json", "negatives": "easy"}, "got 'easy' as `negatives`"),
        ({"annotation": "a.json", "blob": 12}, "got 12 as `blob`"),
        ({"annotation": "a.json", "blob": "8843cbb"}, "got '8843cbb' as `blob`"),
        ({"annotation": "a.json", "commit": 1.5}, "got 1.5 as `commit`"),
    ],
)
def test_metadata_that_cannot_be_used_is_one_line(metadata: dict[str, Any], said: str) -> None:
    with pytest.raises(AnnotationError) as caught:
        load(**metadata)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_directory_is_no_annotation(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="expected a readable annotation file"):
        read_queries(tmp_path)


def test_thirty_five_thousand_queries_load_in_seconds(write: Write, make_record: Make) -> None:
    path = write(*(make_record(video=f"/data/{index}.mp4") for index in range(17_500)))
    start = time.process_time()
    docs = load(annotation=str(path))["test"]
    assert len(docs) == 35_000
    assert time.process_time() - start < 5
