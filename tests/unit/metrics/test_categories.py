"""Jaccard of category sets, and the best answer that reads nothing."""

import json
from itertools import combinations
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.metrics.categories import (
    N_SETS,
    best_constant_set,
    jaccard,
    jaccard_table,
    mask_of,
    set_of,
)
from rarft.harness.taxonomy import CATEGORIES

EXISTENCE, ACTION, COUNTING = (
    "Object/ObjectExistence",
    "Action/FineGrainedAction",
    "Attribute/Counting",
)
category_sets = st.sets(st.sampled_from(CATEGORIES), max_size=11)


def test_jaccard_is_shared_over_all():
    assert jaccard([EXISTENCE, ACTION], [ACTION, COUNTING]) == 1 / 3
    assert jaccard([EXISTENCE], [EXISTENCE]) == 1.0
    assert jaccard([EXISTENCE], [ACTION]) == 0.0


def test_a_category_named_twice_counts_once():
    assert jaccard([EXISTENCE, EXISTENCE], [EXISTENCE]) == 1.0


def test_nothing_read_scores_zero():
    assert jaccard([], [EXISTENCE]) == 0.0


def test_two_empty_sets_are_not_applicable():
    with pytest.raises(ValueError, match="two empty sets"):
        jaccard([], [])


@given(category_sets, category_sets)
def test_the_table_holds_the_jaccard_of_every_pair(first, second):
    if not first and not second:
        return
    assert jaccard_table()[mask_of(first), mask_of(second)] == jaccard(first, second)


@given(st.integers(0, N_SETS - 1))
def test_a_number_and_its_set_name_each_other(mask):
    assert mask_of(set_of(mask)) == mask


def test_best_constant_set_of_a_hand_computed_mix():
    # {E}: (1 + 1 + 1/2 + 0) / 4 = 0.625; {E, A}: (1/2 + 1/2 + 1 + 1/2) / 4 = 0.625;
    # {A}: (0 + 0 + 1/2 + 1) / 4 = 0.375. With one more {E}: 3.5 / 5 against 3 / 5.
    gold = [[EXISTENCE], [EXISTENCE], [EXISTENCE, ACTION], [ACTION], [EXISTENCE]]
    assert best_constant_set(gold) == ((EXISTENCE,), pytest.approx(0.7))


@given(st.lists(category_sets.filter(bool), min_size=1, max_size=6))
def test_no_small_set_beats_the_best_constant_set(gold):
    best, mean = best_constant_set(gold)
    assert mean == pytest.approx(fmean(jaccard(best, one) for one in gold))
    for size in (1, 2):
        for other in combinations(CATEGORIES, size):
            assert fmean(jaccard(other, one) for one in gold) <= mean + 1e-12


@pytest.mark.parametrize(
    ("gold", "said"),
    [([], "no query"), ([[EXISTENCE], []], "query 1 without"), ([["Object/Colour"]], "Colour")],
)
def test_a_constant_set_needs_queries_with_known_categories(gold, said):
    with pytest.raises(ValueError, match=said):
        best_constant_set(gold)


@pytest.mark.parametrize(
    ("name", "best", "mean"),
    [
        ("hi_vtg_charades.json", (ACTION, EXISTENCE), 0.539),
        ("human_anno.json", (EXISTENCE, "Attribute/AttributeValue"), 0.277),
    ],
)
def test_constant_sets_of_the_official_files(annotations_dir: Path, name, best, mean):
    records = json.loads((annotations_dir / name).read_text(encoding="utf-8"))
    gold = [item["c"] for record in records for item in record["GRPO"] if not item["r"]]
    found, score = best_constant_set(gold)
    assert found == best
    assert score == pytest.approx(mean, abs=0.0005)
