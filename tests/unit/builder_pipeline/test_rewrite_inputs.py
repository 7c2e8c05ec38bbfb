import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.rewrite_input import (
    read_descriptions,
    rewrite_input,
    video_descriptions,
)
from rarft.dataset_builder.store import Failure
from rarft.dataset_builder.types import Candidate, Finding, Planned, Row, Verdict
from rarft.harness.errors import NotFoundError, UserError

PLAN = Planned(query_id="q0", level="moderate", categories=("Attribute/Counting", "x"))


def candidate(attempt: int, text: str) -> Candidate:
    return Candidate(
        id=f"q0/moderate/{attempt}",
        query_id="q0",
        level="moderate",
        categories=PLAN.categories,
        attempt=attempt,
        text=text,
        refusal="No.",
    )


def test_the_first_question_is_table_14s_input(
    tmp_path: Path, make_rows: Callable[..., list[Row]]
) -> None:
    rows = make_rows()
    with DraftStore(tmp_path) as store:
        content = rewrite_input(rows[0], [PLAN], store, video_descriptions(rows, {}))
    assert content == {
        "related_query": "a person opens the door of the kitchen.",
        "related_query_timestamp": "1-4.5second",
        "plans": [{"difficulty": "moderated", "applied_categories": ["Attribute/Counting", "x"]}],
        "video_context": [
            "1 to 4.5 seconds: a person opens the door of the kitchen.",
            "2 to 5.5 seconds: the person puts a cup on the table.",
        ],
    }


def test_a_redraw_tells_what_came_before_and_why(
    tmp_path: Path, make_rows: Callable[..., list[Row]]
) -> None:
    finding = Finding(reason="paraphrase", detail="it says the same", check="words")
    failure = Failure(step="rewrite", query_id="q0", level="moderate", attempt=1, reason="prose")
    with DraftStore(tmp_path) as store:
        store.put([(candidate(0, "two doors"), {})], [(failure, {})])
        store.judge([Verdict(candidate_id="q0/moderate/0", findings=(finding,))])
        content = rewrite_input(make_rows()[0], [PLAN], store, {})
    assert content["earlier"] == [
        {
            "difficulty": "moderated",
            "irrel_query": "two doors",
            "outcome": "paraphrase: it says the same",
        },
        {"difficulty": "moderated", "outcome": "attempt 2 could not be used: prose"},
    ]
    assert "video_context" not in content


def test_a_row_without_spans_has_no_timestamp(
    tmp_path: Path, make_rows: Callable[..., list[Row]]
) -> None:
    row = make_rows()[0]
    bare = replace(row, query=replace(row.query, spans=()))
    with DraftStore(tmp_path) as store:
        content = rewrite_input(bare, [PLAN], store, video_descriptions([bare], {}))
    assert "related_query_timestamp" not in content
    assert content["video_context"] == [bare.query.text]


def test_a_named_description_takes_the_place_of_the_queries(
    tmp_path: Path, make_rows: Callable[..., list[Row]]
) -> None:
    (tmp_path / "shown.jsonl").write_text(
        json.dumps({"video": "v0.mp4", "description": "a dark kitchen"}) + "\n"
    )
    (tmp_path / "shown.json").write_text(json.dumps({"v0.mp4": ["a", "b"]}))
    named = read_descriptions(tmp_path / "shown.jsonl")
    shown = video_descriptions(make_rows(), named)
    assert shown["v0.mp4"] == ["a dark kitchen"]
    assert len(shown["v1.mp4"]) == 2
    assert read_descriptions(tmp_path / "shown.json") == {"v0.mp4": ["a", "b"]}


@pytest.mark.parametrize("text", ["[1]", "{", '{"v": 3}', '{"v": [1]}'])
def test_descriptions_of_another_form_are_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "shown.json").write_text(text)
    with pytest.raises(UserError, match="cannot be read"):
        read_descriptions(tmp_path / "shown.json")
    with pytest.raises(NotFoundError):
        read_descriptions(tmp_path / "absent.json")
