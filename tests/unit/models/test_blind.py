from pathlib import Path

import pytest

from rarft.harness.audit import blind_probabilities
from rarft.harness.errors import UserError
from rarft.harness.models import Request, blind
from rarft.harness.models.blind import BlindModel
from rarft.harness.models.card import Card
from rarft.harness.types import Query, Span


def query(index, *, relevant, task="t", duration_s=12.0):
    words = "walks to the door" if relevant else "juggles three knives"
    return Query(
        id=f"{index:02d}",
        task=task,
        video=f"{index % 7}.mp4",
        text=f"person {index} {words}",
        relevant=relevant,
        record=str(index),
        duration_s=duration_s,
    )


def both(task="t", n=40):
    return [query(i, relevant=i % 2 == 0, task=task) for i in range(n)]


def asked(model, queries):
    return model.generate([Request(key=q.id, query=q, prompt=q.text) for q in queries])


def test_it_grounds_the_whole_video_or_refuses():
    queries = both()
    model = BlindModel()
    model.prepare(queries)
    for one, reply in zip(queries, asked(model, queries), strict=True):
        assert reply.relevant == one.relevant
        assert reply.spans == (Span(0.0, 12.0),)


def test_the_relevance_score_is_the_cross_fitted_probability():
    queries = both()
    model = BlindModel(seed=3)
    model.prepare(queries)
    scores = [reply.relevance_score for reply in asked(model, queries)]
    assert scores == blind_probabilities(queries, seed=3).tolist()


def test_an_unknown_duration_leaves_the_span_unknown():
    queries = [query(i, relevant=i % 2 == 0, duration_s=None) for i in range(40)]
    model = BlindModel()
    model.prepare(queries)
    assert {reply.spans for reply in asked(model, queries)} == {()}


def test_tasks_do_not_mix():
    model = BlindModel()
    first, second = both("a"), [query(i, relevant=i % 2 == 1, task="b") for i in range(40)]
    model.prepare(first)
    model.prepare(second)
    assert [r.relevant for r in asked(model, first)] == [q.relevant for q in first]
    assert [r.relevance_score for r in asked(model, second)] == blind_probabilities(second).tolist()


def test_a_one_class_task_is_not_applicable_and_others_go_on():
    model = BlindModel()
    one_class = [query(i, relevant=True, task="one") for i in range(10)]
    model.prepare(one_class)
    model.prepare(both())
    assert all("not applicable" in reply.failure for reply in asked(model, one_class))
    assert all(reply.failure is None for reply in asked(model, both()))


def loaded(**model_args):
    return blind.load(
        Card(name="blind", family="baseline", backend="blind", licence="Apache-2.0", source="test"),
        model_args=model_args,
        generation={},
        batch_size=1,
        seed=0,
        cache=Path(),
    )


@pytest.mark.parametrize("name", ["train_tsk", "train_task"])
def test_an_argument_that_would_be_ignored_is_refused(name):
    with pytest.raises(UserError, match=f"model_args {name} .* expected train_task") as caught:
        loaded(**{name: "hi_charades"})
    assert "\n" not in str(caught.value)


def test_trained_on_another_task_it_answers_a_one_class_task():
    model = loaded(train_queries=both("a"))
    one_class = [query(i, relevant=True, task="one") for i in range(10)]
    model.prepare(one_class)
    assert all(reply.relevant for reply in asked(model, one_class))


def test_training_queries_of_one_class_are_refused():
    with pytest.raises(UserError, match="not applicable"):
        BlindModel([query(0, relevant=True)]).prepare(both())


def test_a_query_that_was_not_prepared_fails():
    model = BlindModel()
    model.prepare(both())
    model.close()
    assert "not prepared" in asked(model, both()[:1])[0].failure


def test_the_engine_is_named():
    assert set(BlindModel().engine) == {"scikit-learn"}
