"""What is read as an answer, what is mended, and what never is."""

import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from rarft.harness.errors import ReplyError
from rarft.harness.llm.answer_schema import response_format_for
from rarft.harness.llm.structured import read_value

Category = Literal["Object/ObjectExistence", "Attribute/Counting"]


class Score(BaseModel):
    score: float = Field(ge=0, le=5)


class Categories(BaseModel):
    categories: list[Category]


class Verdict(BaseModel):
    relevant: bool
    span: tuple[float, float] | None
    categories: list[Category]
    score: float = Field(ge=0, le=5)
    why: str


verdicts = st.builds(
    Verdict,
    relevant=st.booleans(),
    span=st.none() | st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)),
    categories=st.lists(st.sampled_from(["Object/ObjectExistence", "Attribute/Counting"])),
    score=st.floats(0, 5),
    why=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)
prose = st.text(st.characters(exclude_characters="{}[]`<>", exclude_categories=["Cs"]), max_size=40)


@given(verdicts)
def test_json_is_read(verdict: Verdict) -> None:
    assert read_value(verdict.model_dump_json(), Verdict) == verdict


@given(verdicts)
def test_a_python_literal_is_read(verdict: Verdict) -> None:
    assert read_value(repr(verdict.model_dump()), Verdict) == verdict


@given(verdicts.filter(lambda verdict: "```" not in verdict.why), prose, prose)
def test_a_code_fence_is_read(verdict: Verdict, before: str, after: str) -> None:
    text = f"{before}\n```json\n{verdict.model_dump_json(indent=2)}\n```\n{after}"
    assert read_value(text, Verdict) == verdict


@given(verdicts.filter(lambda v: "```" not in v.why and "</think>" not in v.why), prose, prose)
def test_json_in_prose_is_read(verdict: Verdict, before: str, after: str) -> None:
    text = f"{before} {verdict.model_dump_json()} {after}"
    assert read_value(text, Verdict) == verdict


@given(st.text(max_size=200))
def test_any_text_is_an_answer_or_a_short_reason(text: str) -> None:
    try:
        value = read_value(text, Score)
    except ReplyError as error:
        reason = str(error)
    else:
        reason = f"a score of {value.score}"
        assert 0 <= value.score <= 5
    assert 0 < len(reason) < 300


@pytest.mark.parametrize(
    "text",
    [
        '{"score": 4.5,}',
        "{'score': 4.5}",
        "{“score”: 4.5}",
        "{‘score’: 4.5,}",
        "‘score’: 4.5",
        "'score': 4.5",
        "4.5",
        "```\n4.5\n```",
        "[4.5]"[1:-1],
        "<think>maybe {'score': 1}</think>{'score': 4.5}",
        'I first thought [sic] of less, but {"score": 4.5} it is.',
        '{"score": 4.5} and once more {"score": 4.5}',
    ],
)
def test_a_score_is_read_from(text: str) -> None:
    assert read_value(text, Score) == Score(score=4.5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"score": 7}', "got 7 for score: input should be less than or equal to 5"),
        ('{"score": -1}', "got -1 for score"),
        ("7", "got 7 for score"),
        ('{"score": "4"}', 'got "4" for score'),
        ('{"score": true}', "got true for score"),
        ('{"score": null}', "got null for score"),
        ('{"score": NaN}', "got no JSON"),
        ('{"score": 1e999}', "got no JSON"),
        ('{"points": 4}', "got no field score"),
        ("I would say four out of five.", "got no JSON"),
        ("The score is 4.", "got no JSON"),
        ('{"score": 4', "got no JSON"),
        ("", "got an empty reply"),
        (" \n", "got an empty reply"),
        ('{"score": 4} or {"score": 5}', "got 2 different answers"),
        ("__import__('os')", "got no JSON"),
        ("[" * 5000, "got no JSON"),
        ("{'a':" * 3000, "got no JSON"),
    ],
)
def test_no_score_is_read_from(text: str, reason: str) -> None:
    with pytest.raises(ReplyError) as caught:
        read_value(text, Score)
    assert str(caught.value).startswith(reason)


def test_a_bare_list_is_the_one_field_of_a_schema() -> None:
    text = 'Categories: ["Attribute/Counting"]'
    assert read_value(text, Categories).categories == ["Attribute/Counting"]
    assert read_value("[]", Categories).categories == []


def test_a_category_that_does_not_exist_is_named() -> None:
    with pytest.raises(ReplyError, match=r'got "Object/Colour" for categories\.0'):
        read_value('["Object/Colour"]', Categories)


def test_a_json_schema_is_closed_and_strict() -> None:
    wanted = response_format_for(Categories, "json_schema")
    assert wanted is not None
    assert wanted["json_schema"]["strict"] is True
    assert wanted["json_schema"]["name"] == "Categories"
    assert wanted["json_schema"]["schema"] == {
        "type": "object",
        "properties": {
            "categories": {
                "type": "array",
                "items": {
                    "type": "string",
                    "enum": ["Object/ObjectExistence", "Attribute/Counting"],
                },
            }
        },
        "required": ["categories"],
        "additionalProperties": False,
    }


def test_a_schema_beyond_strict_mode_is_not_called_strict() -> None:
    wanted = response_format_for(Verdict, "json_schema")
    assert wanted is not None
    assert wanted["json_schema"]["strict"] is False


def test_text_has_no_response_format() -> None:
    assert response_format_for(Score, "text") is None
    assert json.dumps(response_format_for(Score, "json_object")) == '{"type": "json_object"}'
