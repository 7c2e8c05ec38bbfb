"""What the floors score where explanations are measured."""

import pytest

from rarft.harness.run_config import RunConfig
from rarft.harness.stages.floors import floor_figures
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.types import Query, Span


def irrelevant(number, *categories, refusal="No."):
    return Query(
        id=f"{number}-1",
        task="t",
        video=f"{number}.mp4",
        text=f"query {number} of something else",
        relevant=False,
        record=str(number),
        level="strong",
        categories=categories,
        refusal=refusal,
        relevant_query=f"query {number}",
        duration_s=10.0,
    )


def relevant(number):
    return Query(
        id=f"{number}-0",
        task="t",
        video=f"{number}.mp4",
        text=f"query {number}",
        relevant=True,
        record=str(number),
        spans=(Span(0.0, 5.0),),
        duration_s=10.0,
    )


def floors(queries, monkeypatch, tmp_path):
    monkeypatch.setenv("RARFT_CACHE", str(tmp_path))
    task = LoadedTask(
        name="t",
        task=None,
        queries=tuple(queries),
        n_asked=len(queries),
        mode="refusal",
        digest="rows",
        load_report=None,
        annotation_sha256=None,
    )
    return floor_figures(task, RunConfig(model="oracle", tasks=("t",), n_resamples=50))


ASKED = [
    query
    for number, categories in enumerate(
        [
            ("Object/ObjectExistence",),
            ("Object/ObjectExistence", "Attribute/Counting"),
            ("Action/ActionSequence",),
        ]
    )
    for query in (relevant(number), irrelevant(number, *categories))
]


def test_refusing_everything_may_name_the_best_constant_set(monkeypatch, tmp_path):
    found = floors(ASKED, monkeypatch, tmp_path)["always_refuse"]
    assert found["constant_categories"] == ["Object/ObjectExistence"]
    assert found["rt_iou,none"] == found["rt_iou_refused,none"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert found["rt_iou/strong,none"] == pytest.approx(0.5)
    assert found["rt_iou_ci_low,none"] <= 0.5 <= found["rt_iou_ci_high,none"]
    assert found["sbert,none"] is found["llm_score,none"] is None


def test_grounding_everything_explains_nothing_where_there_is_something_to_explain(
    monkeypatch, tmp_path
):
    found = floors(ASKED, monkeypatch, tmp_path)["always_ground"]
    assert found["rt_iou,none"] == found["sbert,none"] == found["llm_score,none"] == 0.0
    assert found["rt_iou_refused,none"] is found["correction_sim,none"] is None
    assert found["n_judged_categories,none"] == 0


def test_queries_without_references_leave_every_floor_not_applicable(monkeypatch, tmp_path):
    bare = [relevant(0), irrelevant(0, refusal=""), relevant(1), irrelevant(1, refusal="")]
    found = floors(bare, monkeypatch, tmp_path)
    for name in ("always_ground", "always_refuse"):
        assert found[name]["rt_iou,none"] is found[name]["sbert,none"] is None
    assert "constant_categories" not in found["always_refuse"]


def test_the_blind_model_is_scored_at_every_threshold(monkeypatch, tmp_path):
    queries = [
        query
        for number in range(12)
        for query in (relevant(number), irrelevant(number, "Attribute/Counting"))
    ]
    found = floors(queries, monkeypatch, tmp_path)
    # Every irrelevant query says "something else": the words give the class away.
    assert found["blind"]["auroc,none"] == 1.0
    assert found["blind"]["n_with_score,none"] == 24
    assert found["blind"]["aurc,none"] is not None
    assert found["always_refuse"]["auroc,none"] is None


def test_a_second_scoring_reads_the_same_floors(monkeypatch, tmp_path):
    first = floors(ASKED, monkeypatch, tmp_path)
    assert floors(ASKED, monkeypatch, tmp_path) == first
