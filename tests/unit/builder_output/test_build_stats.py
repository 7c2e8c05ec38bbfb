"""The statistics of a build: hand-counted figures, tables and plots."""

import re
from dataclasses import replace

import pytest

from rarft.dataset_builder.commands.stats import stats_command
from rarft.dataset_builder.output.tally import Counting, edited_words
from rarft.dataset_builder.stats import read_stats, stats_tables
from rarft.dataset_builder.stats_page import stats_plots, write_stats_page
from rarft.dataset_builder.stats_plots import MAX_SLOTS, series_histogram, share_histogram


def test_a_build_is_counted_by_hand(kitchen):
    tally = read_stats(kitchen).tally
    assert (tally.n_rows, tally.n_relevant, tally.n_irrelevant, tally.n_videos) == (16, 4, 12, 4)
    assert tally.splits == {"train": (3, 9, 3), "test": (1, 3, 1)}
    assert tally.levels == {"strong": 4, "moderate": 4, "weak": 4}
    assert tally.edited_words == {"strong": {1: 4}, "moderate": {2: 4}, "weak": {3: 4}}
    assert tally.words == {True: {6: 4}, False: {6: 12}}
    # 2.5 of 10 seconds is the beginning of the sixth of twenty bins.
    assert [place for place, count in enumerate(tally.span_shares) if count] == [5]
    assert tally.queries_a_video == {4: 4}
    assert tally.limits == {}


def test_a_video_in_two_splits_is_told(make_rows):
    counting = Counting()
    for row in (*make_rows("v0"), *make_rows("v0", split="train")):
        counting.add(row)
    assert counting.tally().limits == {"shared_videos": 1}


def test_what_is_absent_is_counted(make_rows):
    counting = Counting()
    relevant, strong = make_rows("v0")[:2]
    bare = {"duration_s": None, "spans": ()}
    counting.add(replace(relevant, query=replace(relevant.query, **bare)))
    empty = {"refusal": "", "categories": (), "level": None}
    counting.add(replace(strong, query=replace(strong.query, **empty)))
    tally = counting.tally()
    assert tally.levels == {"no level": 1}
    assert tally.limits == {
        "without_span": 1,
        "without_duration": 1,
        "without_refusal": 1,
        "without_categories": 1,
    }


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("a person opens the red door", 0),
        ("A person opens the RED door", 0),
        ("a person opens the door", 1),
        ("slowly a person opens the red door twice", 2),
        ("", 6),
    ],
)
def test_edited_words_are_those_put_in_taken_out_or_replaced(after, expected):
    assert edited_words("a person opens the red door", after) == expected


def test_tables_leave_out_what_there_is_nothing_to_say_of(kitchen):
    titles = [table.title for table in stats_tables(read_stats(kitchen))]
    assert titles == [
        *("splits", "levels", "categories", "words of a query", "sources", "costs"),
        "guessability",
    ]


def test_the_page_is_one_file_without_a_script_and_the_same_each_time(kitchen, tmp_path):
    stats = read_stats(kitchen)
    paths = [tmp_path / "one.html", tmp_path / "two.html"]
    for path in paths:
        write_stats_page(stats, path)
    page = paths[0].read_text()
    assert paths[1].read_text() == page
    assert len(stats_plots(stats)) == 6
    assert page.count('class="plot"') == 6
    assert not re.search(r"<script|https?://|\bon\w+=", page)


def test_names_of_a_source_are_escaped_in_the_page(make_rows, make_build, tmp_path):
    rows = make_rows("v0")
    odd = replace(rows[0].origin, source="<b>bold</b>", licence="<i>")
    build = make_build(tmp_path / "odd", [replace(row, origin=odd) for row in rows])
    write_stats_page(read_stats(build), tmp_path / "odd.html")
    page = (tmp_path / "odd.html").read_text()
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold" in page


def test_a_long_tail_shares_the_last_bar():
    drawn = series_histogram({"all": {1: 1, 500: 3}}, label="x", axis="y")
    assert drawn is not None
    assert drawn.count("<rect") == MAX_SLOTS
    assert f"all, {MAX_SLOTS} or more: 75.0 %" in drawn


def test_nothing_to_draw_is_no_drawing():
    assert series_histogram({"all": {}}, label="x", axis="y") is None
    assert share_histogram((0, 0), label="x", axis="y") is None


def test_the_command_prints_tables_and_writes_the_page(kitchen, tmp_path, capsys):
    stats_command(kitchen, output_path=tmp_path / "stats.html")
    said = capsys.readouterr().out
    assert "Object/ObjectExistence" in said
    assert said.splitlines()[-1] == str(tmp_path / "stats.html")
