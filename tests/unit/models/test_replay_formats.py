"""Predictions as NA-VMR and RaTSG have them, read into the replies that are written beside them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.errors import UserError
from rarft.harness.models import find_card, load_model
from rarft.harness.models.base import Model, Request
from rarft.harness.models.replay_formats import READERS, detect_format
from rarft.harness.types import Query, Reply, spans_from_pairs

FILES = Path(__file__).parent / "replay_files"
NA_VMR = {
    "vid": "AB",
    "query": "x",
    "pred_relevant_windows": [[1.0, 4.0, 0.9]],
    "pred_class": 0.6,
}
RATSG = {"vid": "AB", "sentence": "x", "span": [1.0, 4.0], "irrelevance_score": 0.4}


def replay(path: Path, **model_args: object) -> Model:
    card, _ = find_card("replay")
    return load_model(
        card,
        model_args={"path": str(path), **model_args},
        generation={},
        batch_size=1,
        seed=0,
        cache=path.parent,
    )


def request(video: str, text: str) -> Request:
    query = Query(id="0", task="t", video=video, text=text, relevant=True, record="0")
    return Request(key="k", query=query, prompt=text)


def one_reply(tmp_path: Path, content: object, **model_args: object) -> Reply:
    path = tmp_path / "preds.json"
    path.write_text(json.dumps(content))
    (reply,) = replay(path, **model_args).generate([request("AB.mp4", "x")])
    return reply


@pytest.mark.parametrize(
    ("file", "golden"),
    [
        ("na_vmr_preds.json", "na_vmr_replies.json"),
        ("ratsg_records.jsonl", "ratsg_replies.json"),
    ],
)
def test_a_file_is_read_into_the_golden_replies(file: str, golden: str) -> None:
    rows = json.loads((FILES / golden).read_text())
    replies = replay(FILES / file, missing="error").generate(
        [request(row["video"], row["query"]) for row in rows]
    )
    for row, reply in zip(rows, replies, strict=True):
        assert reply == Reply(
            relevant=row["relevant"],
            relevance_score=pytest.approx(row["relevance_score"], abs=1e-12),
            spans=spans_from_pairs(row["spans"]),
        )


def test_a_given_threshold_comes_before_the_files_own(tmp_path: Path) -> None:
    assert one_reply(tmp_path, {"preds": [NA_VMR]}, threshold=0.7).relevant is False
    assert one_reply(tmp_path, [{**RATSG, "threshold": 0.3}]).relevant is False
    assert one_reply(tmp_path, [{**RATSG, "threshold": 0.3}], threshold=0.5).relevant is True
    assert one_reply(tmp_path, {"records": [RATSG], "threshold": 0.4}).relevant is False


def test_a_score_at_the_threshold_refuses_for_ratsg_and_grounds_for_na_vmr(tmp_path: Path) -> None:
    assert one_reply(tmp_path, [{**RATSG, "irrelevance_score": 0.5}]).relevant is False
    assert one_reply(tmp_path, {"preds": [{**NA_VMR, "pred_class": 0.5}]}).relevant is True


def test_one_record_alone_and_records_on_lines_are_read(tmp_path: Path) -> None:
    assert one_reply(tmp_path, RATSG).relevant is True
    assert one_reply(tmp_path, NA_VMR).relevant is True
    path = tmp_path / "preds.jsonl"
    path.write_text(json.dumps(NA_VMR) + "\n" + json.dumps({**NA_VMR, "query": "y"}) + "\n")
    assert replay(path).generate([request("AB", "y")])[0].relevance_score == 0.6


def test_own_rows_with_a_score_are_not_taken_for_another_projects() -> None:
    row = {"task": "t", "query_id": "0", "video": "v", "query": "q", "relevance_score": 0.5}
    assert detect_format([row]) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"preds": [NA_VMR, {**NA_VMR, "pred_class": None}]}, "row 2: "),
        ({"preds": [NA_VMR, {"vid": "AB", "pred_class": 0.1}]}, "row 2 has no query"),
        ({"preds": [{**NA_VMR, "pred_class": "high"}]}, "row 1: could not convert"),
        ({"preds": [{**NA_VMR, "pred_class": [0.1, 0.9]}]}, "row 1: "),
        ({"preds": [{**NA_VMR, "pred_relevant_windows": [[1.0]]}]}, "row 1: "),
        ({"preds": [{**NA_VMR, "pred_relevant_windows": [1, 2]}]}, "row 1: "),
        ({"preds": [NA_VMR, 5]}, "row 2: "),
        ([RATSG, {"vid": "AB", "sentence": "x"}], "row 2 has no irrelevance_score"),
        ([{**RATSG, "irrelevance_score": float("nan")}], "expected a finite number"),
        ([{**RATSG, "irrelevance_score": True}], "expected a finite number"),
        ([{**RATSG, "span": [1.0, "late"]}], "row 1: could not convert"),
        ([{**RATSG, "threshold": "half"}], "row 1: could not convert"),
        ([{"sentence": "x", "irrelevance_score": 0.1}], "row 1 has no vid or video"),
    ],
)
def test_a_wrong_row_is_one_line_that_names_it(
    tmp_path: Path, content: object, reason: str
) -> None:
    path = tmp_path / "preds.json"
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="cannot be replayed") as caught:
        replay(path)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("model_args", "reason"),
    [
        ({"format": "csv"}, r"format=csv .* expected one of auto, own, official, na_vmr, ratsg"),
        ({"threshold": "half"}, "threshold=half .* expected a number"),
        ({"threshold": 0.5, "format": "official"}, "replies without a score"),
    ],
)
def test_wrong_arguments_for_a_format_are_one_line(
    tmp_path: Path, model_args: dict[str, object], reason: str
) -> None:
    path = tmp_path / "replies.json"
    path.write_text("[]")
    with pytest.raises(UserError, match=reason):
        replay(path, **model_args)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
rows = st.dictionaries(
    st.sampled_from(
        ("vid", "query", "pred_class", "pred_relevant_windows", "span", "irrelevance_score")
    ),
    json_values,
)


@given(st.sampled_from(tuple(READERS)), st.lists(rows, max_size=3))
def test_any_rows_are_read_or_refused_with_a_value_error(name: str, content: list[object]) -> None:
    detect_format(content)
    try:
        answered = READERS[name](content)
    except (ValueError, OverflowError):
        return
    assert len(answered) == len(content)
