import pytest

from rarft.harness.metrics import QueryOutcome, figures
from rarft.harness.metrics.slices import queries_by_slice, slice_keys


def told(index, kind, *, relevant=False, level=None, categories=()):
    return QueryOutcome(
        query_id=str(index),
        video="a.mp4",
        record=str(index),
        relevant=relevant,
        predicted=kind,
        counts_as=kind,
        iou=0.0 if relevant else None,
        level=level,
        categories=categories,
    )


def test_f1_within_an_irrelevant_level_is_2r_over_1_plus_r():
    refused_one_of_four = [
        told(index, "refused" if index == 0 else "grounded", level="strong") for index in range(4)
    ]
    assert figures(refused_one_of_four)["f1_irrelevant/strong"] == pytest.approx(2 * 0.25 / 1.25)


def test_relevant_queries_do_not_enter_an_irrelevant_slice():
    queries = [
        told(0, "refused", level="weak"),
        told(1, "refused", relevant=True, level="original"),
    ]
    scores = figures(queries)
    assert scores["f1_irrelevant/weak"] == 1.0
    assert scores["f1_relevant/original"] == 0.0
    assert scores["f1_irrelevant"] == pytest.approx(2 / 3)


def test_a_query_counts_in_each_category_and_once_in_each_group():
    keys = slice_keys(
        relevant=False,
        level="strong",
        categories=("Object/ObjectMoving", "Object/ObjectExistence", "Object/ObjectMoving"),
    )
    assert keys == (
        "f1_irrelevant/strong",
        "f1_irrelevant/Object",
        "f1_irrelevant/Object/ObjectMoving",
        "f1_irrelevant/Object/ObjectExistence",
    )


def test_a_category_outside_the_taxonomy_has_a_slice_too():
    scores = figures([told(0, "refused", categories=("Action/SceneTransition", "Odd"))])
    assert scores["f1_irrelevant/Action/SceneTransition"] == 1.0
    assert scores["f1_irrelevant/Action"] == 1.0
    assert scores["f1_irrelevant/Odd"] == 1.0


def test_categories_of_relevant_queries_make_no_slice():
    one = told(0, "grounded", relevant=True, categories=("Action/ActionSequence",))
    assert not [key for key in figures([one]) if "/" in key]


def test_a_level_without_queries_is_absent():
    assert "f1_irrelevant/weak" not in figures([told(0, "refused", level="strong")])


def test_a_level_whose_queries_are_all_missing_is_not_applicable():
    lost = QueryOutcome(
        query_id="0", video="a", record="0", relevant=False, level="strong", status="missing"
    )
    assert figures([lost])["f1_irrelevant/strong"] is None


def test_slices_come_in_the_order_of_the_taxonomy():
    queries = [
        told(0, "refused", level="weak", categories=("Scene/SceneExistence",)),
        told(1, "refused", level="strong", categories=("Action/ActionSequence",)),
    ]
    assert list(queries_by_slice(queries)) == [
        "f1_irrelevant/strong",
        "f1_irrelevant/weak",
        "f1_irrelevant/Action",
        "f1_irrelevant/Scene",
        "f1_irrelevant/Action/ActionSequence",
        "f1_irrelevant/Scene/SceneExistence",
    ]
