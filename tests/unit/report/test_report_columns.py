import math

import pytest

from rarft.harness.report.columns import (
    COLUMNS,
    PAPER_COLUMNS,
    Column,
    Figure,
    cell,
    figure_of,
    interval,
    percent,
    unparsed_share,
)

MIOU = next(column for column in COLUMNS if column.key == "ra_miou")
UNPARSED = next(column for column in COLUMNS if column.kind == "share")
MISSING = next(column for column in COLUMNS if column.key == "n_missing")


def test_first_seven_columns_are_those_of_the_papers_table_1():
    assert [column.label for column in PAPER_COLUMNS] == [
        "R@0.3",
        "R@0.5",
        "R@0.7",
        "mIoU",
        "re.",
        "irre.",
        "avg.",
    ]
    assert COLUMNS[:7] == PAPER_COLUMNS


@pytest.mark.parametrize(
    ("fraction", "written"),
    [(0.5, "50.0"), (1.0, "100.0"), (0.0, "0.0"), (-0.0, "0.0"), (0.6667, "66.7"), (None, "–")],
)
def test_fractions_are_written_as_percentages_with_one_decimal(fraction, written):
    assert percent(fraction) == written


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "N/A", True])
def test_what_is_not_a_finite_number_is_not_applicable(value):
    assert figure_of({"ra_miou,none": value}, "ra_miou") is None
    assert cell({"ra_miou,none": value, "n_failed,none": 1}, MIOU) == "–"


def test_an_absent_key_is_not_applicable_and_a_zero_is_zero():
    assert cell({}, MIOU) == "–"
    assert cell({"ra_miou,none": 0}, MIOU) == "0.0"


@pytest.mark.parametrize("key", ["n_missing", "n_failed"])
def test_a_figure_that_leaves_queries_out_carries_the_mark(key):
    assert cell({"ra_miou,none": 0.25, f"{key},none": 1}, MIOU) == "25.0†"
    assert cell({"ra_miou,none": 0.25, f"{key},none": 0}, MIOU) == "25.0"


def test_counts_are_written_as_integers_without_the_mark():
    assert cell({"n_missing,none": 3.0}, MISSING) == "3"


def test_unparsed_rate_divides_by_the_scored_replies():
    scores = {"n_unparsed,none": 3, "n_scored,none": 12, "n_queries,none": 20}
    assert unparsed_share(scores) == 0.25
    assert cell(scores, UNPARSED) == "25.0"


def test_unparsed_rate_of_no_reply_is_not_applicable():
    assert unparsed_share({"n_unparsed,none": 0, "n_scored,none": 0, "n_queries,none": 5}) is None
    assert unparsed_share({"n_unparsed,none": 0}) is None


def test_interval_needs_both_bounds():
    assert interval(Figure(0.5, 0.4, 0.6)) == "40.0–60.0"
    assert interval(Figure(0.5, 0.4)) == ""
    assert interval(None) == ""


def test_every_column_has_a_title_for_the_glossary():
    assert all(isinstance(column, Column) and column.title for column in COLUMNS)
