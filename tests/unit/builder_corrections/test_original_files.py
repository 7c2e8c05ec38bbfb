import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.dataset_builder.corrections.layouts import of_line, of_record, of_video
from rarft.dataset_builder.corrections.originals import (
    Original,
    Rejected,
    index_originals,
    key_of,
    read_originals,
)
from rarft.harness.errors import AnnotationError, NotFoundError
from rarft.harness.types import Span

TVGBENCH = {"path": "./a/v1.mp4", "question": "a dog", "answer": "94.87-109.87"}


def written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_an_answer_in_a_clip_is_counted_from_its_start() -> None:
    [(video, text, spans, clip)] = of_record(TVGBENCH | {"start": 81.13, "end": 221.12})
    assert (video, text, spans) == ("./a/v1.mp4", "a dog", (Span(176.0, 191.0),))
    assert clip == Span(81.13, 221.12)
    [(_, _, spans, clip)] = of_record(TVGBENCH | {"start": None, "end": None})
    assert (spans, clip) == ((Span(94.87, 109.87),), None)


def test_every_window_of_qvhighlights_is_kept() -> None:
    row = {"vid": "a_60.0_210.0", "query": "a dog", "relevant_windows": [[20, 30], [2, 10]]}
    [(video, _, spans, _)] = of_record(row)
    assert (video, spans) == ("a_60.0_210.0", (Span(20.0, 30.0), Span(2.0, 10.0)))


def test_a_training_row_keeps_its_times_and_states_its_clip() -> None:
    row = {"video": "a.mp4", "sentence": "a dog", "timestamp": [3, 4.5]}
    assert next(of_record(row))[2:] == ((Span(3.0, 4.5),), None)
    in_clip = row | {"video_start": 10.0, "video_end": 50.0}
    assert next(of_record(in_clip))[2:] == ((Span(3.0, 4.5),), Span(10.0, 50.0))


def test_only_queries_with_an_answer_are_read_from_a_relevance_feedback_set() -> None:
    sts = [
        {"sentence": "a dog", "timestamp": [1.0, 2.0], "no_answer": False},
        {"sentence": "a cat", "timestamp": [], "no_answer": True},
    ]
    assert [entry[1] for entry in of_video("v", {"duration": 9.0, "sts": sts})] == ["a dog"]


@pytest.mark.parametrize(
    "row",
    [
        5,
        {},
        {"question": "a", "path": "b.mp4", "answer": "3 to 4"},
        {"question": "a", "path": "", "answer": "3-4"},
        {"question": "a", "path": "b.mp4", "answer": "4-3"},
        {"vid": "a", "query": "b", "relevant_windows": []},
        {"vid": "a", "query": "b", "relevant_windows": [[3, 1]]},
        {"vid": "a", "query": "b", "relevant_windows": [[True, 1]]},
        {"video": "a", "sentence": "b", "timestamp": [1, float("nan")]},
    ],
)
def test_a_record_that_says_no_times_is_an_error(row: Any) -> None:
    with pytest.raises(ValueError, match="got"):
        list(of_record(row))


@pytest.mark.parametrize(
    "line", ["", "a 1 2#b", "a 1##b", "a 3 2##b", "a one two##b", "a 1 nan##b", "a 1 2##  "]
)
def test_a_line_that_is_none_of_charades_sta_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"got|could not convert"):
        list(of_line(line))


@given(st.text())
def test_a_line_is_read_or_refused_and_nothing_else(line: str) -> None:
    try:
        [(video, text, [span], _)] = of_line(line)
    except ValueError:
        return
    assert video.strip()
    assert text.strip()
    assert span.start_s <= span.end_s


def test_a_row_that_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "A1 1 2##a dog\nA1 5 2##a cat\nA1 1 9##a fish\n")
    first, second, third = read_originals(path)
    assert isinstance(first, Original)
    assert isinstance(second, Rejected)
    assert isinstance(third, Original)
    assert (second.row, second.file) == (1, "a.txt")
    assert (third.source.row, third.source.file) == (2, "a.txt")
    assert index_originals([path]).rejected == (second,)


def test_the_three_kinds_of_files_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    tvgbench = written(tmp_path / "a", [TVGBENCH])
    one_record = written(tmp_path / "b", TVGBENCH)
    videos = {"v1": {"duration": 9, "timestamps": [[1, 2]], "sentences": [" a dog. "]}}
    captions = written(tmp_path / "c", json.dumps(videos, indent=1))
    lines = written(tmp_path / "d", "\ufeffv1.mp4 1 2##A dog.\r\n")
    for path in (tvgbench, one_record, captions, lines):
        [found] = index_originals([path]).of("v1.mp4", "a  dog")
        assert found.source.file == path.name


def test_letter_case_spaces_extension_and_full_stop_do_not_count() -> None:
    assert key_of("C:\\x\\v_1.AVI", " A Dog  barks .") == key_of("v_1", "a dog barks")
    assert key_of("q_60.0_210.0.mp4", "a") == key_of("q_60.0_210.0", "a")


def test_a_file_that_is_no_original_is_one_line(tmp_path: Path) -> None:
    for content in ("", "{}", "[]", "[1, 2]", "hello", '{"a": 1}', "null"):
        path = written(tmp_path / "a.json", content)
        with pytest.raises(AnnotationError, match="TVGBench") as error:
            index_originals([path])
        assert "\n" not in str(error.value)
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnnotationError, match="cannot be read"):
        index_originals([tmp_path / "b.json"])
    with pytest.raises(NotFoundError, match="--original"):
        index_originals([tmp_path / "none.json"])
