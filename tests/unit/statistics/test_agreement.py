import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.statistics import (
    bland_altman,
    category_agreement,
    category_kappas,
    cohen_kappa,
    jaccards,
    label_agreement,
    score_agreement,
    spearman,
    weighted_kappa,
)
from rarft.harness.statistics.agreement import on_scale, weighted_spearman
from rarft.harness.statistics.expanded import expanded_tail

HALVES = st.integers(0, 10).map(lambda n: n / 2)
SCORES = st.lists(st.tuples(HALVES, HALVES), min_size=2, max_size=40)


@given(SCORES)
def test_spearman_with_ties_is_scipys(pairs):
    from scipy.stats import spearmanr

    a, b = zip(*pairs, strict=True)
    found = spearman(a, b)
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(a, b).statistic, abs=1e-9)


@given(SCORES)
def test_weighted_kappa_is_sklearns_on_the_half_point_scale(pairs):
    from sklearn.metrics import cohen_kappa_score

    a, b = (np.array(scores) for scores in zip(*pairs, strict=True))
    found = weighted_kappa(a, b)
    if len({*a, *b}) == 1:
        assert found is None
    else:
        expected = cohen_kappa_score(
            (2 * a).astype(int), (2 * b).astype(int), weights="quadratic", labels=range(11)
        )
        assert found == pytest.approx(expected, abs=1e-9)


def test_weighted_kappa_by_hand():
    # Mean squared difference 3/5; of independent raters 8.6 + 8 - 2 x 2.2 x 2.4 = 6.04.
    assert weighted_kappa([0, 1, 1, 4, 5], [1, 1, 2, 3, 5]) == pytest.approx(1 - 0.6 / 6.04)


def test_scores_between_half_points_go_to_the_nearest():
    assert on_scale([0.0, 0.24, 0.25, 2.74, 2.75]).tolist() == [0.0, 0.0, 0.5, 2.5, 3.0]


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("xyz")), min_size=1))
def test_kappa_is_sklearns(pairs):
    from sklearn.metrics import cohen_kappa_score

    a, b = zip(*pairs, strict=True)
    found = cohen_kappa(a, b)
    if len({*a, *b}) == 1:
        assert found is None
    else:
        assert found == pytest.approx(cohen_kappa_score(a, b), abs=1e-9)


def test_kappa_by_hand():
    # 20 + 15 of 50 agree: 0.7; by chance 25 x 30 + 25 x 20 of 2500: 0.5.
    a = ["yes"] * 25 + ["no"] * 25
    b = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(a, b) == pytest.approx(0.4)


def test_jaccard_of_category_sets():
    found = jaccards([["x", "y"], [], ["x"], ["x"]], [["y", "z"], [], ["x", "x"], []])
    assert found.tolist() == [1 / 3, 1.0, 1.0, 0.0]


def test_each_category_has_its_own_kappa():
    a = [["Attribute/Counting"], ["Attribute/Counting"], [], ["Scene/SceneExistence"]]
    b = [["Attribute/Counting"], [], [], ["Scene/SceneExistence"]]
    found = category_kappas(a, b)
    assert found["Attribute/Counting"] == 0.5
    assert found["Scene/SceneExistence"] == 1.0
    assert found["Object/ObjectMoving"] is None


def test_bias_and_limits_by_hand():
    # Differences 1, 0, 1, -1: mean 0.25, squares about it 2.75, sd = sqrt(2.75 / 3).
    found = bland_altman([3, 4, 5, 2], [2, 4, 4, 3])
    sd = (2.75 / 3) ** 0.5
    assert (found.n, found.bias) == (4, 0.25)
    assert (found.sd, found.low, found.high) == pytest.approx(
        (sd, 0.25 - 1.96 * sd, 0.25 + 1.96 * sd)
    )


def test_too_few_scores_have_no_limits():
    assert bland_altman([], []).bias is None
    assert (bland_altman([1], [3]).bias, bland_altman([1], [3]).low) == (-2.0, None)
    assert spearman([], []) is None
    assert score_agreement([], [])["bias"].value is None


def noisy(n=200, seed=0):
    generator = np.random.default_rng(seed)
    a = generator.integers(0, 6, size=n).astype(float)
    return a, np.clip(a + generator.integers(-1, 2, size=n), 0, 5)


def test_point_estimates_are_those_of_the_plain_measures():
    a, b = noisy()
    found = score_agreement(a, b, n_resamples=200)
    limits = bland_altman(a, b)
    assert found["spearman"].value == pytest.approx(spearman(a, b))
    assert found["weighted_kappa"].value == pytest.approx(weighted_kappa(a, b))
    assert found["bias"].value == pytest.approx(limits.bias)
    assert found["limit_low"].value == pytest.approx(limits.low)
    for one in found.values():
        assert one.interval.low < one.value < one.interval.high


def test_weights_repeat_items():
    a, b = noisy(30)
    weights = np.random.default_rng(1).integers(0, 4, size=30)
    repeated = spearman(np.repeat(a, weights), np.repeat(b, weights))
    assert weighted_spearman(a, b, weights[None].astype(float))[0] == pytest.approx(repeated)


def test_items_of_one_video_are_one_observation():
    a, b = noisy(60)
    videos = [f"{n:02d}" for n in range(60)]
    alone = score_agreement(a, b, videos=videos, n_resamples=300)
    tiled = score_agreement(np.tile(a, 4), np.tile(b, 4), videos=videos * 4, n_resamples=300)
    for key in ("spearman", "weighted_kappa", "bias"):
        assert tiled[key].interval.low == pytest.approx(alone[key].interval.low, abs=1e-3)
        assert tiled[key].interval.high == pytest.approx(alone[key].interval.high, abs=1e-3)


def test_intervals_are_expanded_for_few_videos():
    a, b = noisy(12)
    difference = a - b
    drawn = np.random.default_rng(0).integers(0, 12, size=(4000, 12), dtype=np.uint16)
    tail = expanded_tail(12)
    expected = np.quantile(difference[drawn].mean(axis=1), [tail, 1 - tail])
    found = score_agreement(a, b, n_resamples=4000)["bias"].interval
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_one_video_has_no_interval():
    assert score_agreement([1, 2], [2, 2], videos=["v", "v"])["bias"].interval is None


def test_labels_and_categories_have_intervals():
    labels = label_agreement(["x", "y", "x", "y"], ["x", "y", "y", "y"], n_resamples=100)
    assert labels["share_equal"].value == 0.75
    assert labels["kappa"].value == pytest.approx(0.5)
    sets = [["Attribute/Counting"], []]
    found = category_agreement(sets, [["Attribute/Counting"], ["Attribute/Comparison"]])
    assert list(found) == ["mean_jaccard", "kappa/Attribute/Counting", "kappa/Attribute/Comparison"]
    assert found["mean_jaccard"].value == 0.5


def test_each_item_needs_its_video():
    with pytest.raises(ValueError, match="expected one each"):
        score_agreement([1, 2], [1, 2], videos=["a"])
