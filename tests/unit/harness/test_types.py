import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.types import Query, Span, query_from_doc

seconds = st.floats(min_value=0, max_value=1e5, allow_nan=False)


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(2.0, 1.0), (float("nan"), 1.0), (0.0, float("inf"))]
)
def test_a_span_without_order_or_bounds_is_refused(start_s: float, end_s: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        Span(start_s, end_s)


@given(a=seconds, b=seconds, text=st.text(), relevant=st.booleans(), is_known=st.booleans())
def test_a_query_survives_being_a_row(
    a: float, b: float, text: str, relevant: bool, is_known: bool
) -> None:
    query = Query(
        id="7-0",
        task="t",
        video="v.mp4",
        text=text,
        relevant=relevant,
        record="7",
        spans=(Span(min(a, b), max(a, b)),) if relevant else (),
        clip=Span(0.0, max(a, b)) if is_known else None,
        duration_s=max(a, b) if is_known else None,
        level="strong",
        categories=("Action/ActionSequence",),
        refusal="no",
        relevant_query=None if relevant else text,
        provenance="p",
    )
    assert query_from_doc(query.to_doc(), task="t") == query


def test_a_row_needs_only_four_columns() -> None:
    row = {"id": 3, "video": "v.mp4", "text": "a", "relevant": True}
    query = query_from_doc(row, task="t")
    assert (query.id, query.record, query.spans, query.level) == ("3", "3", (), None)
