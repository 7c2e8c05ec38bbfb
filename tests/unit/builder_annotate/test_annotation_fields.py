"""What an annotation may hold, and what row it becomes."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.dataset_builder.annotate import (
    Annotation,
    annotation_from_json,
    annotation_of_row,
    is_edited,
    row_of_annotation,
)
from rarft.dataset_builder.annotate.annotation import DECISIONS, IRRELEVANT_LEVELS, missing_from
from rarft.dataset_builder.types import TASK, Origin, Row
from rarft.harness.errors import UserError
from rarft.harness.taxonomy import CATEGORIES
from rarft.harness.types import Query, Span

ORIGIN = Origin(source="mine", split="test", licence="MIT", citation="", redistributable=True)


def irrelevant_row(**fields: Any) -> Row:
    query = Query(
        id="a-1",
        task=TASK,
        video="a.mp4",
        text="two dogs bark",
        relevant=False,
        record="a",
        level="strong",
        categories=("Attribute/Counting",),
        refusal="One dog barks.",
        relevant_query="a dog barks",
    )
    return Row(query=replace(query, **fields), origin=ORIGIN)


def relevant_row(**fields: Any) -> Row:
    query = Query(
        id="a-0",
        task=TASK,
        video="a.mp4",
        text="a dog barks",
        relevant=True,
        record="a",
        spans=(Span(1.0, 3.0),),
    )
    return Row(query=replace(query, **fields), origin=ORIGIN)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(
    lambda text: " ".join(text.split())
)
seconds = st.floats(0, 1e5)
spans = st.tuples(seconds, seconds).map(lambda pair: Span(min(pair), max(pair)))
annotations = st.builds(
    Annotation,
    decision=st.sampled_from(DECISIONS),
    text=texts,
    relevant=st.sampled_from([True, False, None]),
    spans=st.lists(spans, max_size=4).map(lambda some: tuple(sorted(some))),
    categories=st.sets(st.sampled_from(CATEGORIES)).map(
        lambda some: tuple(one for one in CATEGORIES if one in some)
    ),
    level=st.sampled_from([None, *IRRELEVANT_LEVELS]),
    refusal=texts,
    correction=texts,
    note=texts,
)


@given(annotations)
def test_what_is_written_is_read_back_unless_it_is_accepted_too_early(written: Annotation) -> None:
    if written.decision == "accepted" and missing_from(written):
        with pytest.raises(UserError, match="accepted row without"):
            annotation_from_json(written.to_json())
    else:
        assert annotation_from_json(written.to_json()) == written


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("decision", "maybe"),
        ("text", 7),
        ("text", "x" * 20_001),
        ("text", "half \ud83d"),
        ("relevant", 1),
        ("spans", [[2, 1]]),
        ("spans", [[-1, 1]]),
        ("spans", [[0, float("nan")]]),
        ("spans", [[0, True]]),
        ("spans", [[0, 1, 2]]),
        ("spans", "0 to 1"),
        ("spans", [[0, 1]] * 101),
        ("categories", ["Attribute/Size"]),
        ("categories", [["Attribute/Counting"]]),
        ("level", "original"),
        ("level", ["strong"]),
    ],
)
def test_a_field_of_the_wrong_kind_is_named_in_one_line(field: str, value: object) -> None:
    body = {**Annotation(text="a").to_json(), field: value}
    with pytest.raises(UserError, match=f"got {field}=") as told:
        annotation_from_json(body)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("body", [None, [], {}, {**Annotation().to_json(), "extra": 1}])
def test_absent_and_unknown_fields_are_refused(body: object) -> None:
    with pytest.raises(UserError, match="reload the page"):
        annotation_from_json(body)


@pytest.mark.parametrize(
    "row",
    [
        relevant_row(),
        relevant_row(spans=(Span(5.0, 6.0), Span(1.5, 1.5)), text="  a  dog\nbarks "),
        relevant_row(level=None),
        irrelevant_row(),
        irrelevant_row(relevant_query=None, level=None, categories=("Action/Unknown",)),
    ],
)
def test_a_row_that_is_accepted_as_it_was_goes_out_as_it_was(row: Row) -> None:
    stored = annotation_from_json(annotation_of_row(row).to_json())
    accepted = replace(stored, decision="accepted", note="fine")
    assert not is_edited(accepted, row)
    assert row_of_annotation(accepted, row) is row


def test_an_irrelevant_row_that_turns_out_true_loses_what_applies_to_irrelevant_ones() -> None:
    row = irrelevant_row()
    mended = replace(annotation_of_row(row), relevant=True, spans=(Span(2.0, 4.0),))
    query = row_of_annotation(mended, row).query
    assert (query.relevant, query.spans, query.level) == (True, (Span(2.0, 4.0),), "original")
    assert (query.categories, query.refusal, query.relevant_query) == ((), "", None)


def test_a_relevant_row_that_is_nowhere_true_loses_its_span() -> None:
    row = relevant_row(level="original")
    mended = replace(
        annotation_of_row(row), relevant=False, level="weak", refusal="No dog.", correction="a cat"
    )
    query = row_of_annotation(mended, row).query
    assert (query.relevant, query.spans, query.level) == (False, (), "weak")
    assert (query.refusal, query.relevant_query) == ("No dog.", "a cat")


def test_a_blank_start_holds_the_text_alone() -> None:
    assert annotation_of_row(irrelevant_row(), blank=True) == Annotation(text="two dogs bark")


@pytest.mark.parametrize(
    ("annotation", "lacking"),
    [
        (Annotation(relevant=True), "a query"),
        (Annotation(text="a"), "whether the query is in the video"),
        (Annotation(text="a", relevant=True), "a span"),
        (Annotation(text="a", relevant=True, spans=(Span(0.0, 1.0),)), None),
        (Annotation(text="a", relevant=False), None),
    ],
)
def test_an_accepted_row_needs_a_query_a_relevance_and_a_span_if_relevant(
    annotation: Annotation, lacking: str | None
) -> None:
    assert missing_from(annotation) == lacking
