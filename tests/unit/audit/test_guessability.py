import random

import numpy as np
import pytest

from rarft.harness.audit import (
    blind_probabilities,
    blind_probabilities_from,
    has_both_classes,
)
from rarft.harness.audit.guesses import guess_figures
from rarft.harness.errors import UserError
from rarft.harness.types import Query

NOUNS = ["dog", "cat", "door", "table", "window", "cup", "book", "phone"]


def query(index, text, relevant, *, video=None):
    return Query(
        id=f"{index:04d}",
        task="t",
        video=video or f"{index % 20}.mp4",
        text=text,
        relevant=relevant,
        record=str(index),
    )


def told_by_words(n=120):
    """Irrelevant queries end in a word of their own."""
    generator = random.Random(0)
    return [
        query(i, f"a person holds the {generator.choice(NOUNS)}{' happily' * (i % 2)}", i % 2 == 0)
        for i in range(n)
    ]


def exchangeable(n=400):
    """Labels are drawn without a look at the text."""
    generator = random.Random(0)
    return [
        query(
            i,
            f"a person holds the {' '.join(generator.choices(NOUNS, k=4))}",
            generator.random() < 0.5,
        )
        for i in range(n)
    ]


def figures_of(queries):
    found = guess_figures(queries, blind_probabilities(queries), n_resamples=10)
    return {name: figure.value for name, figure in found.items()}


def test_a_class_told_by_its_words_is_guessed():
    found = figures_of(told_by_words())
    assert found["auc"] > 0.99
    assert found["f1_avg"] == pytest.approx((found["f1_relevant"] + found["f1_irrelevant"]) / 2)
    assert found["f1_avg"] > 0.99


def test_labels_that_do_not_depend_on_the_text_are_not_guessed():
    assert 0.4 < figures_of(exchangeable())["auc"] < 0.6


def test_videos_do_not_leak_between_folds():
    # A video's queries share one word and one class: with a leak between folds the AUC is 1.
    generator = random.Random(0)
    words = ["".join(generator.choices("abcdefghijklmnop", k=6)) for _ in range(20)]
    queries = [query(i, words[i % 20], i % 20 < 10) for i in range(200)]
    assert figures_of(queries)["auc"] < 0.8


def test_the_order_of_the_queries_does_not_matter():
    queries = exchangeable(100)
    shuffled = random.Random(1).sample(range(100), 100)
    probabilities = blind_probabilities(queries)
    again = blind_probabilities([queries[index] for index in shuffled])
    np.testing.assert_array_equal(again, probabilities[shuffled])


def test_the_seed_decides_the_folds():
    queries = exchangeable(100)
    first = blind_probabilities(queries, seed=1)
    np.testing.assert_array_equal(blind_probabilities(queries, seed=1), first)
    assert (blind_probabilities(queries, seed=2) != first).any()


def test_fewer_videos_than_folds_leave_one_video_out_at_a_time():
    queries = [query(i, f"q{i % 2} word{i}", i % 2 == 0, video=f"{i % 3}") for i in range(30)]
    assert ((blind_probabilities(queries) > 0) & (blind_probabilities(queries) < 1)).all()


def test_a_fold_whose_rest_is_of_one_class_gets_that_class():
    queries = [query(0, "a dog", True, video="a"), query(1, "a cat", False, video="b")]
    assert blind_probabilities(queries).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("texts", [["", ""], ["?", "!"], ["x" * 10_000, " "]])
def test_texts_without_words_are_no_error(texts):
    queries = [query(i, texts[i % 2], i % 4 < 2, video=str(i % 5)) for i in range(20)]
    assert np.isfinite(blind_probabilities(queries)).all()


def test_one_class_is_not_applicable():
    queries = [query(i, "a dog", True) for i in range(10)]
    assert not has_both_classes(queries)
    with pytest.raises(UserError, match="not applicable"):
        blind_probabilities(queries)
    with pytest.raises(UserError, match="not applicable"):
        blind_probabilities_from(queries, queries)


def test_one_video_is_not_applicable():
    queries = [query(i, "a dog", i % 2 == 0, video="a") for i in range(10)]
    with pytest.raises(UserError, match="one video"):
        blind_probabilities(queries)


def test_fewer_than_two_folds_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        blind_probabilities(told_by_words(), n_folds=1)


def test_what_was_learned_on_one_task_is_asked_about_another():
    asked = [query(900, "a man sings happily", False), query(901, "a man sings", True)]
    probabilities = blind_probabilities_from(told_by_words(), asked)
    assert probabilities[0] < 0.5 < probabilities[1]
    assert blind_probabilities_from(told_by_words(), []).shape == (0,)
