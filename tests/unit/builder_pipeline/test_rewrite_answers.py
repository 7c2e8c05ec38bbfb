from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.rewrite import Draw, read_draw
from rarft.dataset_builder.rewrite_answer import Rewrites, blocks, tag_of
from rarft.dataset_builder.types import Planned, Row
from rarft.harness.errors import ReplyError
from rarft.harness.llm import LLMAnswer
from rarft.harness.llm.structured import read_value
from rarft.harness.taxonomy import CATEGORIES, Level

STRONG = ("Object/ObjectExistence",)
MODERATE = ("Object/ObjectExistence", "Attribute/Counting")


def reasoning(*categories: str) -> str:
    said = "".join(f"<{tag_of(one)}>No {one}.</{tag_of(one)}>" for one in categories)
    return f"<irrelevant_answer>It does not fit.</irrelevant_answer>{said}"


def negative(difficulty: str, *categories: str, text: str = "two  cats run") -> dict[str, Any]:
    return {
        "difficulty": difficulty,
        "irrel_query": text,
        "applied_categories": list(categories),
        "reasoning": reasoning(*categories),
    }


def answer(*negatives: dict[str, Any]) -> Rewrites:
    return Rewrites.model_validate({"negr": negatives})


def draw(row: Row) -> Draw:
    levels: tuple[tuple[Level, tuple[str, ...]], ...] = (("strong", STRONG), ("moderate", MODERATE))
    plans = (Planned(query_id="q0", level=level, categories=paths) for level, paths in levels)
    return Draw(row=row, plans=tuple(plans))


@pytest.fixture
def row(make_rows: Any) -> Row:
    first: Row = make_rows()[0]
    return first


def test_an_answer_gives_a_candidate_for_each_plan(tmp_path: Path, row: Row) -> None:
    value = answer(
        negative("moderated", *reversed(MODERATE)), negative("strong", *STRONG, text=" a cat ")
    )
    with DraftStore(tmp_path) as store:
        candidates, failures = read_draw(draw(row), LLMAnswer(value=value), store)
    assert failures == []
    assert [one.id for one in candidates] == ["q0/strong/0", "q0/moderate/0"]
    assert [one.text for one in candidates] == ["a cat", "two cats run"]
    assert candidates[1].categories == MODERATE
    assert candidates[1].reasons == ("No Object/ObjectExistence.", "No Attribute/Counting.")
    # The refusal keeps the order of the answer.
    expected = "It does not fit. No Attribute/Counting. No Object/ObjectExistence."
    assert candidates[1].refusal == expected


def test_what_an_answer_lacks_is_a_failed_attempt(tmp_path: Path, row: Row) -> None:
    value = answer(negative("strong", "Scene/SceneExistence"))
    with DraftStore(tmp_path) as store:
        candidates, failures = read_draw(draw(row), LLMAnswer(value=value), store)
    assert candidates == []
    assert [(one.level, one.attempt) for one in failures] == [("strong", 0), ("moderate", 0)]
    assert failures[0].reason == (
        "the answer applies Scene/SceneExistence, planned are Object/ObjectExistence"
    )
    assert failures[1].reason == "the answer has 0 queries of level moderate, one is needed"


def test_a_failed_answer_fails_every_plan_with_its_reason(tmp_path: Path, row: Row) -> None:
    with DraftStore(tmp_path) as store:
        _, failures = read_draw(draw(row), LLMAnswer(failure="the model refused"), store)
    assert [one.reason for one in failures] == ["the model refused"] * 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reasoning": "It does not fit."}, "lacks the block <irrelevant_answer>"),
        ({"reasoning": "<irrelevant_answer>No.</irrelevant_answer>"}, "<object_objectexistence>"),
        ({"applied_categories": ["Object/ObjectColour"]}, "expected one of"),
        ({"applied_categories": []}, "at least 1"),
        ({"difficulty": "hard"}, "strong"),
        ({"irrel_query": ""}, "at least 1"),
    ],
)
def test_a_malformed_answer_is_none(change: dict[str, Any], said: str) -> None:
    import json

    text = json.dumps({"negr": [negative("strong", *STRONG) | change]})
    with pytest.raises(ReplyError, match=said):
        read_value(text, Rewrites)


@given(st.lists(st.sampled_from(CATEGORIES), unique=True, min_size=1, max_size=3), st.text())
def test_blocks_are_found_whatever_stands_around_them(categories: list[str], noise: str) -> None:
    quiet = noise.replace("<", "").replace(">", "")
    found = blocks(quiet + reasoning(*categories) + quiet)
    assert set(found) == {"irrelevant_answer", *map(tag_of, categories)}
