"""The text of a query says nothing about its label."""

from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import hstack
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from rarft.tasks.synth_hi.dataset import Example, make_records

SLOTS = ("count", "size", "colour", "shape", "part", "side", "comparison", "scene", "transition")


@pytest.fixture(scope="module")
def default_records() -> list[Example]:
    return make_records(n_queries=2000, seed=0, split="test")


def labels(records: list[Example]) -> np.ndarray:
    return np.tile([1, 0], len(records))


def attribute_pairs(records: list[Example]) -> list[list[str]]:
    """Return every slot's value and every pair of them, for both queries of each record."""
    rows = []
    for record in records:
        for claim in (record.relevant, record.irrelevant):
            values = [str(getattr(claim, slot)) for slot in SLOTS]
            values += [claim.actions[0], str(claim.actions[1:])]
            rows.append([*values, *("|".join(pair) for pair in combinations(values, 2))])
    return rows


def coded(rows: list[list[str]], codes: list[dict[str, int]]) -> np.ndarray:
    return np.array(
        [
            [code.setdefault(v, len(code)) for v, code in zip(row, codes, strict=True)]
            for row in rows
        ]
    )


def test_blind_classifier_on_words_and_characters_stays_at_chance(default_records):
    texts = [t for r in default_records for t in (r.relevant_text, r.irrelevant_text)]
    truth, groups = labels(default_records), np.repeat(np.arange(len(default_records)), 2)
    words = TfidfVectorizer(ngram_range=(1, 3))
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5))
    features = hstack([words.fit_transform(texts), characters.fit_transform(texts)]).tocsr()
    scores = np.zeros(len(texts))
    for train, test in GroupKFold(5).split(features, truth, groups):
        model = LogisticRegression(max_iter=500).fit(features[train], truth[train])
        scores[test] = model.predict_proba(features[test])[:, 1]
    assert 0.45 <= roc_auc_score(truth, scores) <= 0.55


@pytest.mark.parametrize("split", ["train", pytest.param("test", marks=pytest.mark.slow)])
def test_boosted_trees_on_attribute_pairs_of_another_seed_stay_at_chance(default_records, split):
    others = make_records(n_queries=10_000, seed=1, split=split)
    rows = attribute_pairs(others)
    codes: list[dict[str, int]] = [{} for _ in rows[0]]
    model = HistGradientBoostingClassifier(random_state=0)
    model.fit(coded(rows, codes), labels(others))
    unseen = coded(attribute_pairs(default_records), codes)
    scores = model.predict_proba(unseen)[:, 1]
    assert 0.45 <= roc_auc_score(labels(default_records), scores) <= 0.55


def test_text_length_is_the_same_on_both_sides_on_average(default_records):
    gaps = [len(r.relevant_text) - len(r.irrelevant_text) for r in default_records]
    assert abs(np.mean(gaps)) < 4 * np.std(gaps) / np.sqrt(len(gaps))


def test_coin_falls_on_both_members_of_a_pair_alike(default_records):
    first = [r.relevant_text < r.irrelevant_text for r in default_records]
    assert abs(np.mean(first) - 0.5) < 4 * 0.5 / np.sqrt(len(first))


def test_order_of_the_two_queries_does_not_tell_which_is_true(default_records):
    first = [r.relevant_first for r in default_records]
    assert abs(np.mean(first) - 0.5) < 4 * 0.5 / np.sqrt(len(first))
