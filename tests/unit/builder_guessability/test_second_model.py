import numpy as np
import pytest

from rarft.dataset_builder.guessability.blind_scores import auc_of
from rarft.dataset_builder.guessability.figures import guessability
from rarft.dataset_builder.guessability.second_model import (
    embeddings,
    second_probabilities,
    second_probabilities_from,
)
from rarft.harness.errors import UserError
from rarft.harness.types import Query


def queries(n: int, *, n_videos: int) -> list[Query]:
    return [
        Query(
            id=f"{i}",
            task="t",
            video=f"{i % n_videos}.mp4",
            record="",
            relevant=i < n // 2,
            text=f"person opens box {i}" if i < n // 2 else f"nobody opens box {i}",
        )
        for i in range(n)
    ]


def test_a_direction_that_tells_the_label_is_found_on_held_out_videos() -> None:
    asked = queries(40, n_videos=10)
    labels = np.array([query.relevant for query in asked], dtype=bool)
    noise = np.random.default_rng(0).normal(size=(40, 3))
    vectors = np.column_stack([noise, np.where(labels, 1.0, -1.0)])
    assert auc_of(labels, second_probabilities(asked, vectors)) == 1.0


def test_a_mark_of_the_video_alone_tells_nothing_as_its_queries_are_held_out_together() -> None:
    asked = [
        Query(id=f"{i}", task="t", video=f"{i}.mp4", text="x", record="", relevant=i % 2 == 0)
        for i in range(20)
    ]
    vectors = np.eye(20)
    labels = np.array([query.relevant for query in asked], dtype=bool)
    assert auc_of(labels, second_probabilities(asked, vectors)) <= 0.5


def test_a_fit_to_one_class_says_how_often_it_saw_it() -> None:
    found = second_probabilities_from(np.eye(2), np.array([True, True]), np.eye(2))
    assert found.tolist() == [1.0, 1.0]


def test_one_class_or_one_video_is_refused() -> None:
    with pytest.raises(UserError, match="about 1 videos"):
        second_probabilities(queries(4, n_videos=1), np.eye(4))
    with pytest.raises(UserError, match="not applicable"):
        second_probabilities(queries(8, n_videos=2)[:4], np.eye(4))


def test_without_an_encoder_the_first_model_stands_alone() -> None:
    found = guessability(queries(40, n_videos=10), encoder=None, n_resamples=20)
    assert found["second"] is None
    assert found["blind"]["auc"] == 1.0
    assert found["blind"]["leakage"] == 1.0
    assert (found["n_queries"], found["n_relevant"], found["n_videos"]) == (40, 20, 10)


def test_ids_that_are_not_distinct_are_refused() -> None:
    with pytest.raises(UserError, match="two queries with one id"):
        guessability([*queries(4, n_videos=2), *queries(4, n_videos=2)], encoder=None)


@pytest.mark.slow
def test_the_packaged_encoder_gives_each_text_its_embedding() -> None:
    vectors = embeddings(["a dog runs", "a cat sleeps", "a dog runs"])
    assert vectors.shape == (3, 384)
    assert np.array_equal(vectors[0], vectors[2])
    assert not np.allclose(vectors[0], vectors[1])
