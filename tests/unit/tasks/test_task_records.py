import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.errors import AnnotationError
from rarft.harness.types import Span
from rarft.tasks.records import base_name, read_records

Make = Callable[..., dict[str, Any]]
WHERE = Path("anno.json")


def problem_of(source: bytes) -> str:
    with pytest.raises(AnnotationError) as caught:
        read_records(source, path=WHERE)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "not JSON"),
        (b"not json", "not JSON"),
        (b'[{"video": "a.mp4"', "not JSON"),
        (b"\xff\xfe\x00binary\x00", "not JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b"[" + b"1" * 5000 + b"]", "not JSON"),
        (b"{}", "got dict, expected a JSON list"),
        (b"null", "got NoneType, expected a JSON list"),
        (b"[]", "got an empty list"),
        (b"[3]", "record 0 (from 0), field (whole record): got 3, expected a JSON object"),
        (b"[[]]", "record 0 (from 0), field (whole record): got []"),
    ],
)
def test_a_file_that_is_no_list_of_records_is_one_line(source: bytes, said: str) -> None:
    message = problem_of(source)
    assert message.startswith("anno.json: ")
    assert said in message
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"video": None}, "field video: got nothing, expected a text"),
        ({"video": 7}, "field video: got 7, expected a text"),
        ({"video": ""}, "field video: got '', expected a text that is not empty"),
        ({"video": "/data/"}, "field video: got '/data/', expected a path that ends in a file"),
        ({"GRPO": None}, "field GRPO: got nothing"),
        ({"GRPO": {"q": "a"}}, "field GRPO: got {'q': 'a'}"),
        ({"GRPO": ["a"]}, "field GRPO[0]: got 'a', expected a JSON object"),
        ({"timestamp": None}, "field timestamp: got nothing, expected [start, end] in seconds"),
        ({"timestamp": []}, "field timestamp: got []"),
        ({"timestamp": [1.0]}, "field timestamp: got [1.0]"),
        ({"timestamp": [1, 2, 3]}, "field timestamp: got [1, 2, 3]"),
        ({"timestamp": "1 to 2"}, "field timestamp: got '1 to 2'"),
        ({"timestamp": [1, "2"]}, "field timestamp: got [1, '2']"),
        ({"timestamp": [False, True]}, "field timestamp: got [False, True]"),
        ({"timestamp": [8.5, 3.0]}, "field timestamp: got [8.5, 3.0]"),
        ({"timestamp": [-1.0, 3.0]}, "field timestamp: got [-1.0, 3.0]"),
        ({"timestamp": [0, 10**400]}, "field timestamp: got [0, 1000000"),
        ({"timestamp": [0, float("nan")]}, "field timestamp: got [0, nan]"),
        ({"timestamp": [0, float("inf")]}, "field timestamp: got [0, inf]"),
        ({"duration": "20"}, "field duration: got '20', expected a positive number"),
        ({"duration": 0}, "field duration: got 0"),
        ({"duration": float("nan")}, "field duration: got nan"),
        ({"video_start": 5, "video_end": 5}, "field video_start, video_end: got [5, 5]"),
        ({"video_start": "a", "video_end": 5}, "field video_start, video_end: got ['a', 5]"),
    ],
)
def test_a_malformed_field_names_file_record_field_and_value(
    make_record: Make, changes: dict[str, Any], said: str
) -> None:
    message = problem_of(json.dumps([make_record(), make_record(**changes)]).encode())
    assert message.startswith("anno.json: record 1 (from 0), ")
    assert said in message
    assert message.endswith("mend the record or leave it out")
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"q": None}, "field GRPO[0].q: got nothing, expected a text"),
        ({"q": ""}, "field GRPO[0].q: got '', expected a text that is not empty"),
        ({"q": " \n\t"}, "field GRPO[0].q: got ' \\n\\t', expected a text that is not empty"),
        ({"q": ["a"]}, "field GRPO[0].q: got ['a'], expected a text"),
        ({"q": "half \ud800"}, "field GRPO[0].q: got 'half \\ud800'"),
        ({"r": "true"}, "field GRPO[0].r: got 'true', expected true or false"),
        ({"r": 1}, "field GRPO[0].r: got 1, expected true or false"),
        ({"a": 5}, "field GRPO[0].a: got 5, expected a text"),
        ({"c": "Action/ActionSequence"}, "field GRPO[0].c: got 'Action/ActionSequence'"),
        ({"c": [1]}, "field GRPO[0].c: got [1], expected a list of category names"),
    ],
)
def test_a_malformed_query_names_its_place_in_the_record(
    make_record: Make, make_query: Make, changes: dict[str, Any], said: str
) -> None:
    row = make_record(GRPO=[make_query(**changes)])
    assert said in problem_of(json.dumps([row]).encode())


def test_a_query_without_relevance_is_malformed(make_record: Make) -> None:
    row = make_record(GRPO=[{"q": "a man runs"}])
    assert "field GRPO[0].r: got nothing" in problem_of(json.dumps([row]).encode())


def test_the_shown_value_of_a_long_field_is_cut(make_record: Make) -> None:
    message = problem_of(json.dumps([make_record(duration="x" * 10_000)]).encode())
    assert "xxx..." in message
    assert len(message) < 300


def test_a_query_of_ten_thousand_characters_is_kept_whole(
    make_record: Make, make_query: Make
) -> None:
    text = "a man runs " * 909 + "x"
    assert len(text) == 10_000
    [row] = read_records(json.dumps([make_record(GRPO=[make_query(q=text)])]).encode(), path=WHERE)
    assert row.queries[0].text == text


def test_a_record_of_irrelevant_queries_needs_no_timestamp(
    make_record: Make, make_query: Make
) -> None:
    without = make_record(GRPO=[make_query(r=False)], timestamp=None)
    rows = [without, without | {"timestamp": []}, without | {"timestamp": None}]
    assert [read.span for read in read_records(json.dumps(rows).encode(), path=WHERE)] == [None] * 3


def test_a_clip_needs_both_ends(make_record: Make) -> None:
    rows = [make_record(video_start=2, video_end=9.5), make_record(video_start=2), make_record()]
    both, half, neither = read_records(json.dumps(rows).encode(), path=WHERE)
    assert (both.clip, both.half_clip) == (Span(2.0, 9.5), False)
    assert (half.clip, half.half_clip) == (None, True)
    assert (neither.clip, neither.half_clip) == (None, False)


def test_unknown_fields_are_ignored(make_record: Make, make_query: Make) -> None:
    row = make_record(PRO={"x": 1}, think="...", GRPO=[make_query(**{"class": "id"})])
    assert len(read_records(json.dumps([row]).encode(), path=WHERE)) == 1


def test_a_byte_order_mark_is_no_obstacle(make_record: Make) -> None:
    source = b"\xef\xbb\xbf" + json.dumps([make_record()]).encode()
    assert len(read_records(source, path=WHERE)) == 1


def test_repeated_categories_are_named_once(make_record: Make, make_query: Make) -> None:
    row = make_record(GRPO=[make_query(c=["Scene/SceneExistence"] * 2)])
    [read] = read_records(json.dumps([row]).encode(), path=WHERE)
    assert read.queries[0].categories == ("Scene/SceneExistence",)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("3MSZA.mp4", "3MSZA.mp4"),
        ("../dataset/selected_videos/72LJ3.mp4", "72LJ3.mp4"),
        ("C:\\videos\\a b.avi", "a b.avi"),
        ("v_x.y_210.0_360.0.mp4", "v_x.y_210.0_360.0.mp4"),
    ],
)
def test_base_name_drops_folders_of_any_system(path: str, name: str) -> None:
    assert base_name(path) == name


texts = st.text(alphabet="a/\\ \n\u00e9\ud800", max_size=4)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("video", "timestamp", "duration", "video_start", "video_end", "query_text", "GRPO")
QUERY_FIELDS = ("q", "r", "a", "c", "difficulty")


@given(
    changes=st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=3),
    query_changes=st.dictionaries(st.sampled_from(QUERY_FIELDS), json_values, max_size=3),
)
def test_any_value_of_any_field_is_read_or_is_one_line(
    changes: dict[str, Any], query_changes: dict[str, Any]
) -> None:
    row = {"video": "a.mp4", "timestamp": [1, 2], "GRPO": [{"q": "a", "r": True} | query_changes]}
    said = "anno.json: record 0 (from 0), field "
    try:
        assert len(read_records(json.dumps([row | changes]).encode(), path=WHERE)) == 1
    except AnnotationError as problem:
        said = str(problem)
    assert said.startswith("anno.json: record 0 (from 0), field ")
    assert len(said.splitlines()) == 1
