import pytest

from rarft.harness.metrics import METRICS
from rarft.harness.report.blocks import (
    EXPLANATION_COLUMNS,
    LEVEL_COLUMNS,
    SELECTIVE_COLUMNS,
    Block,
    blocks,
    present,
    scale_note,
)
from rarft.harness.report.cells import result_rows
from rarft.harness.report.columns import COLUMNS, cell
from rarft.harness.report.rows import Row, footnotes, task_rows
from rarft.harness.report.schema import Results

LLM = next(column for column in EXPLANATION_COLUMNS if column.key == "llm_score")
AURC = next(column for column in SELECTIVE_COLUMNS if column.key == "aurc")


def judged(n_unscored, *, n_judged=100, value=1.5):
    return {
        "llm_score,none": value,
        "n_judged_reasoning,none": n_judged,
        "n_unscored_reasoning,none": n_unscored,
    }


def test_every_column_is_a_figure_of_the_metrics_with_a_title():
    for column in (*EXPLANATION_COLUMNS, *SELECTIVE_COLUMNS, *LEVEL_COLUMNS):
        assert column.key.partition("/")[0] in METRICS
        assert column.title


def test_a_run_without_explanations_and_scores_has_one_table(build):
    record, _ = build(n=4)
    assert blocks([Results.model_validate(record)]) == (Block(COLUMNS),)


def test_explanations_their_levels_and_thresholds_have_tables_of_their_own(explained, ranked):
    runs = [Results.model_validate(one(n=4)[0]) for one in (explained, ranked)]
    assert [block.title for block in blocks(runs)] == [
        "",
        "Explanations",
        "Explanations within each level",
        "Selective prediction",
    ]
    assert [block.title for block in blocks(runs[:1], by_level=False)] == ["", "Explanations"]


def test_level_columns_are_those_of_the_levels_that_have_a_figure(explained):
    run = Results.model_validate(explained(n=4)[0])
    keys = [column.key for column in blocks([run])[2].columns]
    assert keys == ["rt_iou/strong", "sbert/strong", "llm_score/strong"]


def test_columns_carry_the_name_of_their_judge(explained):
    run = Results.model_validate(explained(n=4)[0])
    named = {column.key: column.by for column in blocks([run])[1].columns}
    assert named["sbert"] == named["sbert_refused"] == "all-MiniLM-L6-v2"
    assert named["llm_score"] == "a-judge"
    assert named["rt_iou"] == "local"


def test_scales_are_said_of_the_shown_columns_only():
    assert scale_note(EXPLANATION_COLUMNS[:2]) == "SBERT from 0 to 1."
    assert scale_note(EXPLANATION_COLUMNS[:1]) == ""
    assert scale_note([AURC]) == "AURC from 0 to 1; lower is better for AURC."


@pytest.mark.parametrize(
    ("n_unscored", "n_judged", "written"),
    [
        (0, 100, "1.50"),
        (1, 100, "1.50"),
        (3, 300, "1.50"),
        (2, 100, "1.50‡2%"),
        (4, 300, "1.50‡1%"),
        (100, 100, "1.50‡100%"),
    ],
)
def test_a_cell_says_its_unscored_share_above_one_percent(n_unscored, n_judged, written):
    assert cell(judged(n_unscored, n_judged=n_judged), LLM) == written


def test_marks_of_left_out_and_unscored_queries_stand_side_by_side():
    assert cell(judged(26) | {"n_unjudged,none": 3}, LLM) == "1.50†‡26%"


def test_a_column_whose_judgements_all_failed_stays_and_says_so():
    scores = judged(40, n_judged=40, value=None)
    assert present(EXPLANATION_COLUMNS, [scores]) == tuple(
        column for column in EXPLANATION_COLUMNS if column.measure == "reasoning"
    )
    assert cell(scores, LLM) == "–‡100%"


def test_thresholds_are_written_with_three_decimals():
    assert cell({"aurc,none": 0.61239}, AURC) == "0.612"


@pytest.mark.parametrize(
    ("key", "value", "floor", "under"),
    [
        ("aurc", 0.5, 0.6, False),
        ("aurc", 0.6, 0.6, True),
        ("aurc", 0.7, 0.6, True),
        ("auroc", 0.7, 0.6, False),
        ("auroc", 0.6, 0.6, True),
        ("rt_iou/weak", 0.2, 0.3, True),
        ("rt_iou/weak", 0.4, 0.3, False),
    ],
)
def test_a_figure_is_marked_where_it_is_not_better_than_its_best_floor(key, value, floor, under):
    columns = [one for one in (*SELECTIVE_COLUMNS, *LEVEL_COLUMNS) if one.key == key]
    rows = [
        Row("m", "model", {f"{key},none": value}, 0),
        Row("blind", "floor", {f"{key},none": floor}, 0, "blind"),
    ]
    shown = result_rows(rows, Block(tuple(columns), "t"))
    assert shown[0].cells[0].under is under
    assert shown[1].cells[0].under is False


def test_rows_that_a_table_says_nothing_of_are_left_out():
    rows = [Row("m", "model", {"auroc,none": 0.7}, 0), Row("always refuse", "floor", {}, 0)]
    assert [row.label for row in result_rows(rows, Block(SELECTIVE_COLUMNS, "t"))] == ["m"]
    assert len(result_rows(rows, Block(COLUMNS))) == 2


def test_the_constant_set_of_a_floor_is_named_where_models_explain(explained):
    rows = task_rows([Results.model_validate(explained(n=4)[0])], "synth_hi")
    (note,) = [one for one in footnotes(rows) if "constant set" in one]
    assert note.startswith("always refuse: ")
    assert note.endswith(": ObjectExistence, Counting.")


def test_the_constant_set_is_not_named_where_no_model_explains(explained):
    rows = task_rows([Results.model_validate(explained(n=4, figures={})[0])], "synth_hi")
    assert not any("constant set" in one for one in footnotes(rows))


def test_unjudged_queries_are_counted_and_explained():
    scores = {"n_queries,none": 9, "n_unjudged,none": 2}
    assert footnotes([Row("m", "model", scores, 0)]) == [
        "† m: 0 missing, 0 failed and 2 unjudged of 9 queries are left out of its figures. "
        "Unjudged: the relevance judge gave nothing usable."
    ]


def test_unscored_measures_are_counted_above_one_percent_only():
    scores = judged(5) | {"n_judged_similarity,none": 100, "n_unscored_similarity,none": 1}
    assert footnotes([Row("m", "model", scores, 0)]) == [
        "‡ m: unscored and left out of the means: reasoning of 5 of 100 refusals."
    ]


@pytest.mark.parametrize(("n_with_score", "is_said"), [(0, False), (40, True), (50, False)])
def test_queries_without_a_relevance_score_are_said(n_with_score, is_said):
    scores = {"n_scored,none": 50, "n_with_score,none": n_with_score}
    notes = footnotes([Row("m", "model", scores, 0)])
    assert any("40 of 50 replies have a relevance score" in one for one in notes) is is_said


def test_floors_that_differ_by_their_resamples_only_stand_once(explained):
    first, second = (explained(n=4)[0] for _ in range(2))
    for floor in second["floors"]["synth_hi"].values():
        floor["f1_avg_ci_low,none"] = 0.123
    runs = [Results.model_validate(one) for one in (first, second)]
    assert [row.label for row in task_rows(runs, "synth_hi") if row.kind == "floor"] == [
        "always ground",
        "always refuse",
        "blind",
    ]
