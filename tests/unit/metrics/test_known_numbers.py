"""What trivial models score on the official files, known before any run."""

from pathlib import Path

import pytest

from rarft.harness.audit import blind_probabilities
from rarft.harness.audit.guesses import guess_figures
from rarft.harness.metrics import figures, outcome
from rarft.harness.models import Request, blind, floors
from rarft.harness.models.card import Card
from rarft.harness.parsing import parse_structured
from rarft.tasks.official import read_queries

FILES = ["hi_vtg_charades.json", "human_anno.json", "ss_vtg_charades.json"]


def percentages(folder, name, *, model):
    """Return a floor's figures on an official file, in percent."""
    queries, _ = read_queries(folder / name, task=name)
    card = Card(name=model, family="baseline", backend="x", licence="Apache-2.0", source="test")
    backend = blind if model == "blind" else floors
    loaded = backend.load(card, model_args={}, generation={}, batch_size=1, seed=0, cache=Path())
    loaded.prepare(queries)
    replies = loaded.generate([Request(key=q.id, query=q, prompt=q.text) for q in queries])
    outcomes = [outcome(q, parse_structured(r)) for q, r in zip(queries, replies, strict=True)]
    return {k: None if v is None else round(100 * v, 1) for k, v in figures(outcomes).items()}


def f1_scores(figure):
    return [figure[key] for key in ("f1_relevant", "f1_irrelevant", "f1_avg")]


@pytest.mark.parametrize("name", FILES)
def test_always_ground(annotations_dir, name):
    assert f1_scores(percentages(annotations_dir, name, model="always_ground")) == [66.7, 0.0, 33.3]


@pytest.mark.parametrize("name", FILES)
def test_always_refuse(annotations_dir, name):
    figure = percentages(annotations_dir, name, model="always_refuse")
    assert f1_scores(figure) == [0.0, 66.7, 33.3]
    assert figure["ra_miou"] == 50.0


@pytest.mark.parametrize("name", FILES)
def test_oracle_scores_100_on_every_applicable_figure(annotations_dir, name):
    figure = percentages(annotations_dir, name, model="oracle")
    assert set(figure.values()) - {None} == {100.0}
    assert None not in f1_scores(figure)


@pytest.mark.parametrize(
    ("name", "f1_avg"), [("hi_vtg_charades.json", 78), ("human_anno.json", 54)]
)
def test_blind(annotations_dir, name, f1_avg):
    figure = percentages(annotations_dir, name, model="blind")
    assert figure["f1_avg"] == pytest.approx(f1_avg, abs=1)


def test_hi_charades_is_guessed_from_its_words(annotations_dir):
    queries, _ = read_queries(annotations_dir / "hi_vtg_charades.json")
    found = guess_figures(queries, blind_probabilities(queries), n_resamples=10)
    assert found["auc"].value == pytest.approx(0.85, abs=0.015)
