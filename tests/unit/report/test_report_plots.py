import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from rarft.harness.report.excerpt import excerpt_of
from rarft.harness.report.outcomes import OUTCOMES, outcome_of
from rarft.harness.report.plots import category_plot, level_plot
from rarft.harness.report.rows import Row, task_rows
from rarft.harness.report.runs import RunView
from rarft.harness.report.schema import Results, Sample, SamplePrediction
from rarft.harness.report.selection import MOST_TELLING, entries_of, most_telling
from rarft.harness.report.span_plots import outcome_bar, outcome_shares, span_scatter, timeline
from rarft.harness.report.svg import drawing, element, mark, text


def sample(*, relevant=True, kind="grounded", spans=(), iou=None, id="1", **more):
    prediction = None if kind is None else SamplePrediction(kind=kind, spans=spans)
    true = ((10.0, 20.0),) if relevant else ()
    return Sample(
        query_id=id,
        video="v",
        text="q",
        relevant=relevant,
        prediction=prediction,
        iou=iou,
        **({"spans": true, "duration_s": 40.0} | more),
    )


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        (sample(iou=0.5), "right_span"),
        (sample(iou=0.49), "wrong_span"),
        (sample(iou=None), "unscored_span"),
        (sample(kind="refused"), "wrong_refusal"),
        (sample(kind="refused", relevant=False), "right_refusal"),
        (sample(relevant=False), "wrong_grounding"),
        (sample(kind="unparsed"), "unparsed"),
        (sample(kind="unparsed", relevant=False), "unparsed"),
        (sample(kind=None, status="failed"), "failed"),
        (sample(kind=None, status="missing"), "missing"),
    ],
)
def test_outcome_keeps_class_span_and_unparsed_apart(case, outcome):
    assert outcome_of(case) == outcome


def test_browser_takes_turns_among_all_outcomes():
    assert sorted(MOST_TELLING) == sorted(OUTCOMES)


def test_selection_keeps_rare_outcomes_in_sight():
    rows = [sample(id=str(i), iou=0.9) for i in range(20)]
    rows += [sample(id="u", kind="unparsed"), sample(id="g", relevant=False)]
    kept = most_telling(entries_of([view_of(rows)], "t"), limit=3)
    assert [one.query.query_id for one in kept] == ["g", "u", "0"]


def test_wrong_spans_come_lowest_iou_first():
    rows = [sample(id=str(iou), iou=iou) for iou in (0.4, 0.0, 0.2)]
    kept = most_telling(entries_of([view_of(rows)], "t"), limit=9)
    assert [one.query.query_id for one in kept] == ["0.0", "0.2", "0.4"]


def test_queries_on_which_runs_differ_come_first():
    first = [sample(id="a", iou=0.0), sample(id="b", iou=0.9)]
    second = [sample(id="a", iou=0.0), sample(id="b", kind="refused"), sample(id="c", iou=0.9)]
    kept = most_telling(entries_of([view_of(first), view_of(second)], "t"), limit=9)
    assert [one.query.query_id for one in kept] == ["b", "a", "c"]
    assert list(kept[2].by_run) == [1]


def view_of(rows):
    record = {"schema_version": 1, "model": {"name": "m"}, "results": {"t": {}}}
    return RunView("run", Results.model_validate(record), {"t": tuple(rows)})


def test_timeline_places_spans_in_percent_of_the_video():
    drawn = timeline(sample(spans=((20.0, 30.0),), iou=0.0), end_s=40.0)
    boxes = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', drawn)
    assert boxes == [("0", "0", "100"), ("25", "1", "25"), ("50", "5.5", "25")]


@pytest.mark.parametrize("span", [(1e9, 2e9), (39.99, 40.0), (-5.0, -1.0), (0.0, 1e300)])
def test_timeline_keeps_every_box_inside(span):
    drawn = timeline(sample(spans=(span,), iou=0.0), end_s=40.0)
    for x, _, width in re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', drawn):
        assert 0 <= float(x) <= 100
        assert 1 <= float(width) <= 100 - float(x) + 1e-9


def test_timeline_of_nothing_is_nothing():
    assert timeline(sample(relevant=False, kind="refused"), end_s=40.0) is None
    assert timeline(sample(spans=((0.0, 0.0),), relevant=False), end_s=None) is None


def test_scatter_draws_grounded_relevant_queries_only():
    rows = [
        sample(spans=((11.0, 19.0),), iou=0.8),
        sample(kind="refused"),
        sample(relevant=False, spans=((1.0, 2.0),)),
    ]
    drawn = span_scatter(rows, label="m")
    assert drawn.count("<circle") == 1
    assert span_scatter(rows[1:], label="m") is None


def test_scatter_keeps_far_predictions_at_the_edge():
    drawn = span_scatter([sample(spans=((5.0, 1e12),), iou=0.0)], label="m")
    x, y = re.search(r'<polygon points="([\d.]+),([\d.]+) ', drawn).groups()
    assert 0 <= float(x) <= 360
    assert 0 <= float(y) <= 360
    assert ">40</text>" in drawn


def test_outcome_shares_fill_the_bar():
    shares = outcome_shares([sample(iou=0.9), sample(iou=0.9), sample(kind="refused")])
    assert shares == {"right_span": 2, "wrong_refusal": 1}
    widths = re.findall(r'width="([\d.]+)"', outcome_bar(shares, label="m"))
    assert [float(one) for one in widths] == [66.67, 33.33]


def test_plots_show_models_with_intervals_and_floors_as_lines():
    scores = {
        "f1_irrelevant/weak,none": 0.5,
        "f1_irrelevant/weak_ci_low,none": 0.4,
        "f1_irrelevant/weak_ci_high,none": 0.6,
    }
    rows = [
        Row("m", "model", scores, 0),
        Row("always ground", "floor", {"f1_irrelevant/weak,none": 0.0}, 0, "always_ground"),
        Row("blind", "floor", {}, 0, "blind", "one class"),
    ]
    slices = {"f1_irrelevant/weak": "weak"}
    for drawn in (level_plot(rows, slices, task="t"), category_plot(rows, slices, task="t")):
        assert "m, weak: 50.0 %, 95% interval 40.0–60.0" in drawn
        assert drawn.count('class="floor always-ground"') == 1
        assert "blind" not in drawn


def test_floors_of_equal_runs_stand_once_and_others_bring_their_own(hand_made):
    assert [row.label for row in task_rows(hand_made, "synth_hi")] == [
        "tiny (untrained)",
        "time_r1",
        "always ground",
        "blind",
    ]


def test_svg_text_and_attributes_are_escaped():
    drawn = drawing([text("<b>", x=0, y=0)], width=1, height=1, label='"><script>')
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert isinstance(drawn, Markup)


def test_series_differ_by_shape():
    drawn = {re.match(r"<(\w+)", mark(shape, 0, 0)).group(1) for shape in range(3)}
    assert drawn == {"circle", "rect", "polygon"}
    assert mark(2, 0, 0) != mark(3, 0, 0)


def test_numbers_are_written_short():
    assert element("a", x=1.0, y=0.126, z=-0.001) == '<a x="1" y="0.13" z="0"/>'


@given(st.text(max_size=300), st.integers(1, 50))
def test_an_excerpt_is_short_printable_and_encodable(content, limit):
    shown = excerpt_of(content, max_characters=limit)
    assert len(shown.text) <= limit
    shown.text.encode("utf-8")
    assert not any(ord(one) < 32 and one not in "\n\t" for one in shown.text)


def test_an_empty_reply_is_said_to_be_empty():
    assert excerpt_of("").note == excerpt_of(None).note == "The text is empty."
