import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rarft.tasks.load_report import QUIRKS, LoadReport
from rarft.tasks.quirks import count_quirks
from rarft.tasks.records import OfficialRecord, read_records

Make = Callable[..., dict[str, Any]]


def records_of(rows: Sequence[dict[str, Any]]) -> list[OfficialRecord]:
    return read_records(json.dumps(rows).encode(), path=Path("anno.json"))


def test_a_tidy_record_has_no_quirk(make_record: Make) -> None:
    assert count_quirks(records_of([make_record()])) == ({}, {})


@pytest.mark.parametrize(
    ("changes", "quirk"),
    [
        ({"duration": None}, "absent_duration"),
        ({"video": "/data/someone/kitchen.mp4"}, "path_with_folders"),
        ({"query_text": "another text"}, "query_text_differs"),
        ({"video_end": 9.0}, "half_clip"),
        ({"timestamp": [3.0, 20.5]}, "span_past_end"),
        ({"timestamp": [3.0, 3.0]}, "zero_length_span"),
        ({"GRPO": [], "timestamp": []}, "without_query"),
    ],
)
def test_an_odd_record_is_counted_once(
    make_record: Make, changes: dict[str, Any], quirk: str
) -> None:
    assert count_quirks(records_of([make_record(**changes)])) == ({quirk: 1}, {})


@pytest.mark.parametrize(
    ("changes", "quirk"),
    [
        ({"difficulty": None}, "absent_difficulty"),
        ({"a": None}, "empty_answer"),
        ({"a": ""}, "empty_answer"),
        ({"a": "There is no fridge."}, "refusal_without_tag"),
        ({"c": None}, "absent_categories"),
        ({"c": []}, "absent_categories"),
        ({"q": " a woman opens the fridge"}, "outer_space"),
    ],
)
def test_an_odd_irrelevant_query_is_counted_once(
    make_record: Make, make_query: Make, changes: dict[str, Any], quirk: str
) -> None:
    odd = make_query(**({"q": "a woman opens the fridge", "r": False} | changes))
    row = make_record(GRPO=[make_query(), odd])
    assert count_quirks(records_of([row])) == ({quirk: 1}, {})


def test_a_category_outside_the_taxonomy_is_counted_by_name(
    make_record: Make, make_query: Make
) -> None:
    odd = make_query(q="b", r=False, c=["Action/SceneTransition", "Scene/SceneTransition"])
    counts, names = count_quirks(records_of([make_record(GRPO=[make_query(), odd])]))
    assert counts == {"category_outside_taxonomy": 1}
    assert names == {"category_outside_taxonomy": {"Action/SceneTransition": 1}}


@pytest.mark.parametrize(
    ("relevant", "difficulty", "name"),
    [
        (False, "extreme", "extreme"),
        (False, 50.0, "50.0"),
        (False, "original", "original"),
        (True, "hard", "hard"),
    ],
)
def test_a_difficulty_that_gives_no_level_is_counted_by_name(
    make_record: Make, make_query: Make, relevant: bool, difficulty: object, name: str
) -> None:
    odd = make_query(q="b", r=relevant, difficulty=difficulty)
    row = make_record(query_text="b", GRPO=[odd], duration=20.0)
    counts, names = count_quirks(records_of([row]))
    assert counts["unexpected_difficulty"] == 1
    assert names == {"unexpected_difficulty": {name: 1}}


def test_a_level_stated_by_the_task_replaces_the_difficulty_of_irrelevant_queries(
    make_record: Make, make_query: Make
) -> None:
    negatives = [make_query(q=q, r=False, difficulty=d) for q, d in (("b", "easy"), ("c", None))]
    rows = [make_record(GRPO=[make_query(difficulty="easy"), *negatives])]
    counts, names = count_quirks(records_of(rows), overridden=True)
    assert counts == {"overridden_difficulty": 1, "unexpected_difficulty": 1}
    assert names == {"unexpected_difficulty": {"easy": 1}}


def test_records_with_one_timestamp_for_several_queries_and_with_none_are_counted(
    make_record: Make, make_query: Make
) -> None:
    two = make_record(GRPO=[make_query(), make_query(q="b"), make_query(q="c", r=False)])
    none = make_record(GRPO=[make_query(q="d", r=False)], timestamp=[], query_text="d")
    counts, _ = count_quirks(records_of([two, none]))
    assert counts == {
        "shared_timestamp": 1,
        "several_relevant": 1,
        "only_irrelevant": 1,
        "without_relevant": 1,
    }


def test_a_query_repeated_over_one_video_is_counted_for_each_repetition(make_record: Make) -> None:
    counts, _ = count_quirks(records_of([make_record()] * 3))
    assert counts == {"duplicate_query": 4}


def test_the_same_text_with_the_other_relevance_is_no_duplicate(
    make_record: Make, make_query: Make
) -> None:
    row = make_record(GRPO=[make_query(), make_query(r=False)])
    assert count_quirks(records_of([row])) == ({}, {})


def test_two_paths_with_one_base_name_are_counted(make_record: Make, make_query: Make) -> None:
    rows = [
        make_record(video="a/kitchen.mp4"),
        make_record(video="b/kitchen.mp4", query_text="b", GRPO=[make_query(q="b")]),
    ]
    counts, _ = count_quirks(records_of(rows))
    assert counts == {"path_with_folders": 2, "shared_base_name": 1}


def test_queries_that_are_not_read_are_not_counted(make_record: Make, make_query: Make) -> None:
    row = make_record(GRPO=[make_query(), make_query(q="b", r=False, a="", c=["x"])])
    assert count_quirks(records_of([row]), keep_irrelevant=False) == ({}, {})


def test_a_report_is_json_and_explains_each_count() -> None:
    report = LoadReport(
        annotation="anno.json",
        sha256="00",
        n_records=2,
        n_videos=1,
        n_relevant=2,
        n_irrelevant=1,
        counts={"category_outside_taxonomy": 1},
        names={"category_outside_taxonomy": {"Action/SceneTransition": 1}},
    )
    read_back = json.loads(json.dumps(report.to_json()))
    assert read_back == report.to_json()
    assert read_back["schema_version"] == 1
    assert read_back["quirks"] == {"category_outside_taxonomy": 1}
    assert read_back["meanings"] == {
        "category_outside_taxonomy": QUIRKS["category_outside_taxonomy"]
    }
