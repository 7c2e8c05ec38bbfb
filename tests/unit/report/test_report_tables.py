from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from rarft.harness.report import category_table, level_table, markdown_table, results_table
from rarft.harness.report.schema import Results

GOLDEN = Path(__file__).with_name("results_table.md")


def printed(table, width):
    console = Console(width=width, record=True, file=StringIO())
    console.print(table)
    return console.export_text()


@pytest.fixture
def results(build):
    record, _ = build(n=40, tasks=("hi_activitynet", "vtg_activitynet"))
    return Results.model_validate(record)


@pytest.mark.parametrize("width", [80, 100, 119, 120, 140])
def test_no_figure_is_cut_at_any_width(results, width):
    shown = printed(results_table(results, width=width), width)
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    for heading in ("R@0.3", "R@0.5", "R@0.7", "mIoU", "re.", "irre.", "avg.", "unp.%", "fail."):
        assert heading in shown


def test_wide_terminals_get_one_table(results):
    assert printed(results_table(results, width=140), 140).count("R@0.3") == 1
    lines = printed(results_table(results, width=140), 140).splitlines()
    assert any("R@0.3" in line and "fail." in line for line in lines)


def test_model_stands_above_its_intervals_and_floors(results):
    shown = printed(results_table(results), 80)
    order = ["tiny (untrained)", "95% from", "to", "always ground", "always refuse", "blind"]
    places = [shown.index(label) for label in order]
    assert places == sorted(places)


def test_one_class_task_shows_dashes_and_says_why_blind_is_absent(results):
    shown = printed(results_table(results, width=140), 140)
    second = shown[shown.index("vtg_activitynet") :]
    assert second.splitlines()[1].split().count("–") == 4
    assert "blind: not applicable, every query is relevant." in shown


def test_left_out_queries_are_marked_and_counted(build):
    record, _ = build(n=40)
    record["results"]["synth_hi"] |= {"n_missing,none": 3, "n_failed,none": 2}
    shown = printed(results_table(Results.model_validate(record), width=140), 140)
    assert "3 missing and 2 failed of 40 queries are left out" in shown
    row = next(line for line in shown.splitlines() if line.startswith(" tiny"))
    assert row.count("†") == 10


def test_a_long_name_keeps_its_status(build):
    record, _ = build(n=4, name="a_model_with_quite_a_long_name_indeed")
    shown = printed(results_table(Results.model_validate(record)), 80)
    assert "untrained" in shown


def test_a_name_is_not_read_as_markup(build):
    record, _ = build(n=4, name="[red]x[/red]", status=None)
    results = Results.model_validate(record)
    for table in (results_table(results), level_table(results), category_table(results)):
        assert "[red]x[/red]" in printed(table, 80)


@pytest.mark.parametrize(
    ("limit", "said"),
    [(4, "the first 4 of"), (300.0, "the first 300 of"), (0.1, "the first 10 % of")],
)
def test_a_limited_run_says_so(build, limit, said):
    record, _ = build(n=4)
    record["config"]["limit"] = limit
    assert said in printed(results_table(Results.model_validate(record)), 80)


def test_a_whole_run_speaks_of_no_limit(build):
    record, _ = build(n=4)
    record["config"]["limit"] = None
    assert "--limit" not in printed(results_table(Results.model_validate(record)), 80)


def test_levels_stand_beside_the_floors(results):
    shown = printed(level_table(results), 80)
    rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line.split()}
    assert rows["strong"][3:] == ["0.0", "100.0", "45.0"]
    assert "shuffled" not in rows


def test_groups_come_before_their_categories(results):
    shown = printed(category_table(results), 80)
    assert shown.index(" Action ") < shown.index("ActionSequence") < shown.index(" Object ")


def test_markdown_table_equals_the_golden_file(hand_made):
    assert markdown_table(hand_made) == GOLDEN.read_text(encoding="utf-8")


def test_markdown_intervals_stand_behind_the_figures(hand_made):
    shown = markdown_table(hand_made, intervals=True)
    assert "| 51.2 [47.0–55.0] |" in shown


def test_markdown_floors_shared_by_models_stand_once(hand_made):
    assert markdown_table(hand_made).count("always ground") == 1
    assert "always ground" not in markdown_table(hand_made, floors=False)


def test_markdown_floors_on_other_queries_are_named_after_their_run(hand_made):
    first, second = hand_made
    floors = {"synth_hi": {"always_ground": {"n_queries,none": 7, "f1_avg,none": 0.3}}}
    shown = markdown_table([first, second.model_copy(update={"floors": floors})])
    assert "| synth_hi | 7 | always ground, on the queries of time_r1 |" in shown


def test_markdown_of_an_odd_name_stays_one_row(hand_made):
    first = hand_made[0]
    odd = first.model_copy(update={"model": first.model.model_copy(update={"name": "a|b\nc<d>"})})
    assert r"**a\|b c\<d\> (untrained)**" in markdown_table([odd])
