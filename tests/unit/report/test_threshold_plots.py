import re

import pytest

from rarft.harness.metrics import QueryOutcome
from rarft.harness.report import RunView, write_page
from rarft.harness.report.rows import Row
from rarft.harness.report.schema import Results, Sample
from rarft.harness.report.threshold_plots import reliability_plot, risk_coverage_plot

SCORES = {"auroc,none": 0.75, "aurc,none": 0.5, "aurc_excess,none": None}


def scored(number, *, relevant, score, iou=None):
    return QueryOutcome(
        query_id=str(number),
        video="a.mp4",
        record=str(number),
        relevant=relevant,
        counts_as="refused",
        relevance_score=score,
        candidate_iou=iou,
    )


PAIR = (scored(1, relevant=True, score=0.9, iou=0.5), scored(2, relevant=False, score=0.3))
ROWS = [Row("m", "model", SCORES, 0), Row("other", "model", {}, 1), Row("blind", "floor", {}, 0)]


def test_risk_is_drawn_at_every_coverage_with_its_figures():
    plot = risk_coverage_plot({0: PAIR}, ROWS, task="t")
    (points,) = re.findall(r'<polyline points="([^"]*)"', plot.image)
    # Coverage 0.5 has risk 0.5, full coverage risk 0.75. The square is 300 wide, from 44 and 24 on.
    assert points.split()[:2] == ["194.0,174.0", "344.0,99.0"]
    assert plot.legend == {0: "m, AUROC 0.750, AURC 0.500"}
    assert 'aria-label="Risk against coverage on t"' in plot.image


def test_the_legend_names_only_runs_that_are_drawn():
    unranked = [scored(3, relevant=True, score=None)]
    plot = risk_coverage_plot({0: unranked, 1: PAIR}, ROWS, task="t")
    assert plot.legend == {1: "other"}
    assert plot.image.count("<polyline") == 1


def test_a_long_curve_is_thinned_and_keeps_its_end():
    many = [
        scored(i, relevant=i % 2 == 0, score=i / 5000, iou=0.5 if i % 2 == 0 else None)
        for i in range(5000)
    ]
    (points,) = re.findall(
        r'points="([^"]*)" class="run0 curve"', risk_coverage_plot({0: many}, ROWS, task="t").image
    )
    corners = points.split()
    assert 300 < len(corners) < 500
    assert corners[-1].startswith("344.0,")


@pytest.mark.parametrize(
    "outcomes",
    [
        [],
        [scored(1, relevant=True, score=None)],
        [scored(1, relevant=True, score=0.5, iou=0.5)],
        [scored(1, relevant=False, score=0.5)],
        [scored(1, relevant=True, score=0.5, iou=None), scored(2, relevant=False, score=0.1)],
    ],
)
def test_there_is_no_curve_without_scores_of_both_classes(outcomes):
    assert risk_coverage_plot({0: outcomes}, ROWS, task="t") is None


def test_reliability_has_a_mark_a_bin_and_its_error():
    plot = reliability_plot({0: PAIR}, ROWS, task="t")
    # Both bins are off by 0.1 and 0.3: their mean is 0.2.
    assert plot.legend == {0: "m, ECE 0.200"}
    assert plot.image.count("<circle") == 2
    assert "scores 0.9 to 1.0: 1 queries, mean score 0.90, 1.00 relevant" in plot.image


@pytest.mark.parametrize("score", [None, 1.5, -3.0])
def test_there_is_no_reliability_of_what_is_no_probability(score):
    outcomes = [scored(1, relevant=True, score=score, iou=0.5)]
    assert reliability_plot({0: outcomes}, ROWS, task="t") is None
    assert reliability_plot({}, ROWS, task="t") is None


def page_of(record, samples, tmp_path):
    rows = {task: tuple(map(Sample.model_validate, own)) for task, own in samples.items()}
    path = tmp_path / "report.html"
    write_page([RunView("run", Results.model_validate(record), rows)], path)
    return path.read_text(encoding="utf-8")


def test_page_draws_both_plots_with_their_figures(ranked, tmp_path):
    html = page_of(*ranked(n=20), tmp_path)
    assert "<h3>Risk and coverage</h3>" in html
    assert "tiny (untrained), AUROC 0.812, AURC 0.610, E-AURC 0.050" in html
    assert "<h3>Reliability</h3>" in html
    assert "score 0.850" in html


def test_page_without_relevance_scores_draws_neither(build, tmp_path):
    html = page_of(*build(n=6), tmp_path)
    assert "Risk and coverage" not in html
    assert "Reliability" not in html
