import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.metrics import tiou
from rarft.harness.types import Span

# Sharing less than a normal number of seconds underflows.
seconds = st.floats(min_value=-1e4, max_value=1e5, allow_subnormal=False)
spans = st.tuples(seconds, seconds).map(lambda pair: Span(min(pair), max(pair)))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (Span(0, 4), Span(2, 6), 2 / 6),
        (Span(2, 5), Span(2, 6), 0.75),
        (Span(0, 10), Span(4, 6), 0.2),
        (Span(0, 3), Span(0, 10), 0.3),
        (Span(0, 7), Span(0, 10), 0.7),
    ],
    ids=["overlap", "same_start", "inside", "exactly_0.3", "exactly_0.7"],
)
def test_tiou_is_intersection_over_union(a, b, expected):
    assert tiou(a, b) == expected


def test_spans_at_half_by_the_official_arithmetic_reach_0_5():
    # 1.5 s of 3.0 s; over the hull of the spans it would be 0.49999999999999994.
    assert tiou(Span(3.9, 5.9), Span(4.4, 6.9)) == 0.5


def test_touching_spans_have_zero_tiou():
    assert tiou(Span(0, 2), Span(2, 6)) == 0.0


def test_spans_apart_have_zero_tiou():
    assert tiou(Span(0, 2), Span(3, 6)) == 0.0


def test_zero_length_spans_have_zero_tiou_even_with_themselves():
    assert tiou(Span(3, 3), Span(3, 3)) == 0.0
    assert tiou(Span(3, 3), Span(2, 4)) == 0.0


@given(spans, spans)
def test_tiou_is_symmetric_and_between_0_and_1(a, b):
    assert tiou(a, b) == tiou(b, a)
    assert 0.0 <= tiou(a, b) <= 1.0


@given(spans)
def test_a_span_with_a_length_covers_itself(span):
    assert tiou(span, span) == (1.0 if span.duration_s > 0 else 0.0)


@given(spans, spans)
def test_tiou_is_positive_only_where_time_is_shared(a, b):
    shared_s = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    assert (tiou(a, b) > 0) == (shared_s > 0)
