import pytest

from rarft.harness.audit.artefacts import span_artefacts
from rarft.harness.audit.spans import constant_span, span_checks
from rarft.harness.types import Span


def test_a_span_past_the_end_is_kept_and_named(asked):
    found = span_checks(
        [
            asked("1", spans=(Span(0.0, 10.0),), duration_s=10.0),
            asked("2", spans=(Span(5.0, 10.5),), duration_s=10.0),
            asked("3", spans=(Span(5.0, 11.5),), duration_s=10.0),
            asked("4", spans=(Span(5.0, 99.0),)),
        ]
    )
    assert found.past_end == ("2", "3")
    assert found.far_past_end == ("3",)
    assert (found.n_with_span, found.n_with_duration) == (4, 3)


def test_zero_length_whole_and_absent_spans_are_named(asked):
    found = span_checks(
        [
            asked("1", spans=(Span(1.5, 1.5),), duration_s=10.0),
            asked("2", spans=(Span(0.0, 9.6),), duration_s=10.0),
            asked("3"),
            asked("4", relevant=False),
        ]
    )
    assert found.zero_length == ("1",)
    assert found.whole_video == ("2",)
    assert found.without_span == ("3",)


def test_a_timestamp_is_shared_within_a_record_and_doubled_across(asked):
    span = (Span(1.0, 2.0),)
    found = span_checks(
        [
            asked("1-0", "one", spans=span, record="1"),
            asked("1-1", "two", spans=span, record="1"),
            asked("2-0", "three", spans=span, record="2", video="b.mp4"),
            asked("3-0", "four", spans=span, record="3", video="b.mp4"),
            asked("4-0", "five", spans=(Span(1.0, 3.0),), record="4", video="b.mp4"),
        ]
    )
    assert found.shared_timestamp == ("1-0", "1-1")
    assert found.duplicate == ("2-0", "3-0")


def test_a_finding_counts_the_spans_that_could_show_it(asked):
    # A span can only be past the end of a video whose duration is known.
    queries = [
        asked("1", spans=(Span(0.0, 9.0),), duration_s=8.0),
        asked("2", spans=(Span(0.0, 9.0),), duration_s=20.0, video="b.mp4"),
        asked("3", spans=(Span(1.0, 1.0),), video="c.mp4"),
    ]
    found = {one.code: one for one in span_artefacts(span_checks(queries))}
    assert found["span_past_end"].counts == {"found": 1, "spans": 2}
    assert "1 of 2 reference spans with a duration" in found["span_past_end"].sentence
    assert found["zero_length_span"].counts == {"found": 1, "spans": 3}


def test_the_best_constant_span_beats_the_whole_video(asked):
    # Shares 0 to 0.5 and 0.5 to 1: one of them gives 1 and 0, the whole video 0.5 twice.
    queries = [
        asked("1", spans=(Span(0.0, 5.0),), duration_s=10.0),
        asked("2", spans=(Span(0.0, 10.0),), duration_s=20.0),
        asked("3", spans=(Span(4.0, 8.0),), duration_s=8.0),
    ]
    best = constant_span(queries)
    assert (best.start_share, best.end_share) == (0.0, 0.5)
    assert best.miou == pytest.approx(2 / 3)
    assert best.whole_video_miou == pytest.approx(0.5)


def test_a_span_of_no_length_has_iou_zero(asked):
    best = constant_span([asked("1", spans=(Span(5.0, 5.0),), duration_s=10.0)])
    assert best.miou == 0.0


def test_without_durations_there_is_no_constant_span(asked):
    assert constant_span([asked("1", spans=(Span(0.0, 5.0),)), asked("2")]) is None
