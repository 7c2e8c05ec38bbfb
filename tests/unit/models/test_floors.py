from pathlib import Path

import pytest

from rarft.harness.errors import UserError
from rarft.harness.metrics import figures, outcome
from rarft.harness.models import Request, floors
from rarft.harness.models.card import Card
from rarft.harness.parsing import parse_structured
from rarft.harness.types import Query, Span


def loaded(name, *, seed=0, model_args=None):
    card = Card(name=name, family="baseline", backend="floors", licence="Apache-2.0", source="test")
    return floors.load(
        card, model_args=model_args or {}, generation={}, batch_size=1, seed=seed, cache=Path()
    )


def query(index, *, relevant, record=None, duration_s=20.0):
    return Query(
        id=str(index),
        task="t",
        video=f"{index}.mp4",
        text="a man cooks",
        relevant=relevant,
        record=str(record if record is not None else index),
        spans=(Span(5.0, 10.0),) if relevant else (),
        duration_s=duration_s,
    )


def replies(name, queries, *, seed=0):
    model = loaded(name, seed=seed)
    model.prepare(queries)
    return model.generate([Request(key=q.id, query=q, prompt=q.text) for q in queries])


def scores(name, queries):
    answered = zip(queries, replies(name, queries), strict=True)
    return figures([outcome(q, parse_structured(reply)) for q, reply in answered])


def paired(n=4, **kwargs):
    return [
        query(f"{i}-{r}", relevant=r, record=i, **kwargs) for i in range(n) for r in (True, False)
    ]


def test_always_ground_scores_the_known_f1():
    figure = scores("always_ground", paired())
    assert figure["f1_relevant"] == pytest.approx(2 / 3)
    assert (figure["f1_irrelevant"], figure["f1_avg"]) == (0.0, pytest.approx(1 / 3))
    assert figure["miou_relevant"] == 0.25


def test_always_ground_has_no_iou_where_the_duration_is_unknown():
    figure = scores("always_ground", paired(duration_s=None))
    assert figure["ra_miou"] is figure["miou_relevant"] is figure["pair_accuracy"] is None
    assert figure["f1_relevant"] == pytest.approx(2 / 3)


def test_always_refuse_scores_the_known_figures():
    figure = scores("always_refuse", paired())
    assert figure["ra_miou"] == figure["ra_iou@0.5"] == 0.5
    assert figure["f1_relevant"] == 0.0
    assert (figure["f1_irrelevant"], figure["f1_avg"]) == (
        pytest.approx(2 / 3),
        pytest.approx(1 / 3),
    )


def test_oracle_scores_1_on_every_applicable_figure():
    several = [*paired(), *(query(f"x{i}", relevant=True, record="x") for i in range(3))]
    assert set(scores("oracle", several).values()) - {None} == {1.0}
    one_class = scores("oracle", [query(0, relevant=True)])
    assert set(one_class.values()) == {1.0, None}


def test_random_depends_on_the_seed_and_the_query_alone():
    queries = paired(20)
    first = replies("random", queries)
    assert replies("random", queries[::-1]) == first[::-1]
    assert replies("random", queries, seed=1) != first


def test_random_tosses_a_fair_coin_and_stays_inside_the_video():
    answered = replies("random", [query(i, relevant=True) for i in range(2000)])
    grounded = [reply for reply in answered if reply.relevant]
    assert 900 < len(grounded) < 1100
    assert all(0 <= r.spans[0].start_s <= r.spans[0].end_s <= 20 for r in grounded)
    mean_start_s = sum(r.spans[0].start_s for r in grounded) / len(grounded)
    assert mean_start_s == pytest.approx(20 / 3, abs=0.7)
    assert all((r.relevance_score >= 0.5) == r.relevant for r in answered)


def test_random_names_the_span_it_would_give_even_where_it_refuses():
    refused = [r for r in replies("random", paired(20)) if not r.relevant]
    predictions = [parse_structured(reply) for reply in refused]
    assert {p.kind for p in predictions} == {"refused"}
    assert all(p.spans == () and len(p.candidates) == 1 for p in predictions)
    assert len({p.candidates for p in predictions}) == len(predictions)


def test_the_oracle_is_sure():
    assert {(r.relevant, r.relevance_score) for r in replies("oracle", paired())} == {
        (True, 1.0),
        (False, 0.0),
    }


def test_random_has_no_iou_where_the_duration_is_unknown():
    figure = scores("random", paired(20, duration_s=None))
    assert figure["ra_miou"] is figure["miou_relevant"] is figure["pair_accuracy"] is None
    assert figure["f1_avg"] is not None


def test_a_card_of_another_name_is_refused():
    with pytest.raises(UserError, match=r"'sometimes'.*always_ground"):
        loaded("sometimes")


def test_model_args_are_refused():
    with pytest.raises(UserError, match="model_args speed"):
        loaded("oracle", model_args={"speed": "3"})


def test_the_engine_is_named():
    assert set(loaded("oracle").engine) == {"rarft"}
    assert loaded("oracle").close() is None
