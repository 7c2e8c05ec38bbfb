import random

import numpy as np
import pytest

from rarft.harness.audit.cross_task import cross_guesses
from rarft.harness.audit.guesses import guess_figures, histogram, leakage, roc_points
from rarft.harness.audit.imbalance import imbalance
from rarft.harness.audit.telling_ngrams import telling_ngrams


def pair(asked, n, *, videos=None):
    return [
        asked(f"{i}", relevant=i % 2 == 0, video=f"{i % (videos or n)}.mp4", record=f"{i}")
        for i in range(n)
    ]


def test_auc_counts_ties_as_half(asked):
    # Pairs (relevant, irrelevant): .9>.5, .9>.1, .5=.5, .5>.1: 3.5 of 4.
    queries = pair(asked, 4)
    figures = guess_figures(queries, np.array([0.9, 0.5, 0.5, 0.1]))
    assert figures["auc"].value == 3.5 / 4


def test_f1_is_of_guesses_from_one_half_on(asked):
    # Relevant: 0.5 right, 0.4 wrong; irrelevant: 0.6 wrong, 0.1 right, so each F1 is 1/2.
    queries = pair(asked, 4)
    figures = guess_figures(queries, np.array([0.5, 0.6, 0.4, 0.1]))
    assert [figures[key].value for key in ("f1_relevant", "f1_irrelevant", "f1_avg")] == [0.5] * 3


def test_auc_is_that_of_scikit_learn(asked):
    from sklearn.metrics import roc_auc_score

    generator = np.random.default_rng(0)
    queries = pair(asked, 200)
    probabilities = generator.random(200).round(2)
    figures = guess_figures(queries, probabilities, n_resamples=10)
    expected = roc_auc_score([query.relevant for query in queries], probabilities)
    assert figures["auc"].value == pytest.approx(expected)


def test_intervals_hold_the_figure_and_depend_on_the_seed_only(asked):
    generator = np.random.default_rng(0)
    queries, probabilities = pair(asked, 200, videos=50), generator.random(200)
    figures = guess_figures(queries, probabilities, n_resamples=200)
    assert all(each.low < each.value < each.high for each in figures.values())
    assert guess_figures(queries, probabilities, n_resamples=200) == figures
    order = random.Random(0).sample(range(200), 200)
    again = guess_figures([queries[i] for i in order], probabilities[order], n_resamples=200)
    for key, figure in figures.items():
        assert again[key].low == pytest.approx(figure.low)
        assert again[key].high == pytest.approx(figure.high)
    other = guess_figures(queries, probabilities, n_resamples=200, seed=1)
    assert other["auc"].low != figures["auc"].low


def test_queries_of_one_video_widen_the_interval(asked):
    # Four copies of each query: as many videos, so the interval is that of one copy.
    generator = np.random.default_rng(0)
    one, told = pair(asked, 100), generator.random(100)
    four = [query for query in one for _ in range(4)]
    single = guess_figures(one, told, n_resamples=500)["auc"]
    copied = guess_figures(four, np.repeat(told, 4), n_resamples=500)["auc"]
    assert copied.high - copied.low == pytest.approx(single.high - single.low)


def test_one_video_has_no_interval(asked):
    figures = guess_figures(pair(asked, 4, videos=1), np.array([0.9, 0.5, 0.5, 0.1]))
    assert figures["auc"].low is None


def test_resamples_of_one_class_leave_the_quantiles(asked):
    figures = guess_figures(pair(asked, 2), np.array([0.9, 0.1]), n_resamples=50)
    assert (figures["auc"].low, figures["auc"].high) == (1.0, 1.0)


def test_one_class_has_no_figures(asked):
    with pytest.raises(ValueError, match="one class"):
        guess_figures([asked("1")], np.array([0.5]))


def test_leakage_is_the_same_on_both_sides_of_chance():
    assert leakage(0.06) == pytest.approx(0.94)
    assert leakage(0.5) == 0.5


def test_the_histogram_counts_every_query_once(asked):
    counts = histogram(pair(asked, 4), np.array([1.0, 0.0, 0.05, 0.5]))
    assert (sum(counts["relevant"]), sum(counts["irrelevant"])) == (2, 2)
    assert counts["relevant"][-1] == counts["relevant"][1] == counts["irrelevant"][0] == 1


def test_the_roc_curve_takes_equal_probabilities_at_once(asked):
    points = roc_points(pair(asked, 4), np.array([0.9, 0.5, 0.5, 0.1]))
    assert points == [[0.0, 0.0], [0.0, 0.5], [0.5, 1.0], [1.0, 1.0]]


def test_a_long_roc_curve_is_thinned_and_keeps_its_ends(asked):
    points = roc_points(pair(asked, 1000), np.random.default_rng(0).random(1000))
    assert len(points) <= 101
    assert (points[0], points[-1]) == ([0.0, 0.0], [1.0, 1.0])


def told_by(asked, word, *, task, n=40):
    return [
        asked(f"{i}", f"a person holds {'it ' + word if i % 2 else 'it'}", i % 2 == 0,
              video=f"{task}{i}.mp4", task=task)
        for i in range(n)
    ]  # fmt: skip


def test_a_task_with_the_same_fault_is_guessed_from_another(asked):
    train, own = told_by(asked, "happily", task="t"), told_by(asked, "happily", task="u")
    guesses = cross_guesses(train, own)
    figures = guess_figures(own, guesses.probabilities)
    assert figures["auc"].value == 1.0
    assert (guesses.n_trained, guesses.n_left_out, guesses.n_shared_videos) == (40, 0, 0)


def test_shared_videos_are_left_out_of_the_training_whatever_their_container(asked):
    train = told_by(asked, "happily", task="t")
    own = [asked("1", video="t0.avi"), asked("2", relevant=False, video="t1.mp4")]
    guesses = cross_guesses(train, own)
    assert (guesses.n_trained, guesses.n_left_out, guesses.n_shared_videos) == (38, 2, 2)


def test_nothing_left_to_train_on_is_not_applicable(asked):
    train = told_by(asked, "happily", task="t")
    assert "share" in cross_guesses(train, train).not_applicable
    one_class = [query for query in train if query.relevant]
    own = told_by(asked, "happily", task="u")
    assert "one class" in cross_guesses(one_class, own).not_applicable
    assert "one class" in cross_guesses(own, one_class).not_applicable


def test_the_words_of_a_class_are_named_with_their_counts(asked):
    relevant, irrelevant = telling_ngrams(told_by(asked, "happily", task="t"))
    assert irrelevant[0].ngram in ("happily", "it happily", "holds it happily")
    assert {(each.n_relevant, each.n_irrelevant) for each in irrelevant} == {(0, 20)}
    assert all(each.weight > 0 for each in relevant)


def test_rare_words_and_one_class_name_nothing(asked):
    queries = [asked("1", "dog", video="a"), asked("2", "cat", False, video="b")]
    assert telling_ngrams(queries) == ((), ())
    assert telling_ngrams(queries[:1]) == ((), ())


def test_texts_without_words_name_nothing(asked):
    queries = [asked(f"{i}", "?", i % 2 == 0) for i in range(8)]
    assert telling_ngrams(queries) == ((), ())


def test_categories_are_counted_over_irrelevant_queries(asked):
    existence, counting = "Object/ObjectExistence", "Attribute/Counting"
    found = imbalance(
        [
            asked("1", relevant=False, categories=(existence,), level="strong"),
            asked("2", relevant=False, categories=(existence, counting), level="weak"),
            asked("3", relevant=False, categories=("Object/Elsewhere",)),
            asked("4", level="original", categories=(counting,)),
        ]
    )
    assert found.levels == {"original": 1, "strong": 1, "weak": 1}
    assert (found.categories[existence], found.categories[counting]) == (2, 1)
    assert len(found.categories) == 11
    assert (found.n_with_categories, found.n_outside_taxonomy) == (3, 1)
    assert found.best_constant_set == (existence,)
    assert found.best_constant_jaccard == pytest.approx((1 + 0.5) / 2)


def test_without_categories_there_is_no_best_set(asked):
    found = imbalance([asked("1"), asked("2", relevant=False)])
    assert found.best_constant_set is None
    assert found.categories == {}
