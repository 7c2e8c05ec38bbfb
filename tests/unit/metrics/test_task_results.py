"""The figures against a plain reckoning, and lm-eval's way of computing them against both."""

import json
import math
import pickle
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.harness.metrics import (
    f1,
    figures,
    outcome,
    pair_accuracy,
    ra_iou,
    recall_at,
    task_results,
)
from rarft.harness.metrics.task_results import process_results
from rarft.harness.replies import ScoredText
from rarft.harness.types import Prediction, Query, Span

KNOWN_MEAN = ("ra_iou@0.3", "ra_iou@0.5", "ra_iou@0.7", "ra_miou", "miou_relevant")
AGGREGATIONS = {
    **dict.fromkeys(KNOWN_MEAN, task_results.known_mean),
    "f1_relevant": task_results.f1_relevant,
    "f1_irrelevant": task_results.f1_irrelevant,
    "f1_avg": task_results.f1_avg,
    "pair_accuracy": task_results.pair_accuracy,
}

bounds = st.integers(0, 20)
spans = st.tuples(bounds, bounds).map(lambda pair: Span(min(pair) / 2, max(pair) / 2))
predictions = st.one_of(
    st.lists(spans, max_size=2).map(lambda s: Prediction(kind="grounded", spans=tuple(s))),
    st.sampled_from(
        [
            Prediction(kind="refused"),
            Prediction(kind="unparsed"),
            Prediction(kind="grounded", flags=("no_time",)),
        ]
    ),
)
statuses = st.sampled_from(["scored"] * 6 + ["missing", "failed", "unjudged"])
rows = st.lists(
    st.tuples(st.booleans(), st.integers(0, 5), st.lists(spans, max_size=2), predictions, statuses),
    max_size=14,
)


def built(rows):
    """Return (query, prediction, status) of each row."""
    return [
        (
            Query(
                id=f"{index:03d}",
                task="t",
                video=f"v{record % 3}.mp4",
                text="a man cooks",
                relevant=relevant,
                record=str(record),
                spans=tuple(reference) if relevant else (),
            ),
            prediction if status == "scored" else None,
            status,
        )
        for index, (relevant, record, reference, prediction, status) in enumerate(rows)
    ]


def outcomes_of(cases, policy):
    return [outcome(q, p, policy=policy, status=status) for q, p, status in cases]


def by_lm_eval(cases, policy):
    """Collect and aggregate per key, as lm-eval does."""
    items = defaultdict(list)
    for query, prediction, status in cases:
        text = ScoredText("...", prediction=prediction, status=status, policy=policy)
        for key, value in process_results(query.to_doc(), [text]).items():
            items[key].append(value)
    return {
        key: AGGREGATIONS.get(key, lambda values: sum(values) / len(values))(values)
        for key, values in items.items()
    }


def by_hand(outcomes):
    """Reckon the figures query by query, without sums."""
    scored = [one for one in outcomes if one.status == "scored"]
    known = [one.ra_iou for one in scored if one.ra_iou is not None]
    ious = [one.iou for one in scored if one.relevant and one.iou is not None]
    localised = [one.iou for one in scored if one.counts_as == "grounded" and one.iou is not None]
    unknown = [o for o in scored if o.counts_as == "grounded" and o.relevant and o.iou is None]
    if (any(one.relevant for one in scored) and not ious) or (unknown and not localised):
        known, ious, outcomes = [], [], []

    def f1_of(relevant, right):
        own = [one.counts_as for one in scored if one.relevant == relevant]
        other = [one.counts_as for one in scored if one.relevant != relevant]
        if not own:
            return None
        precision = own.count(right) / max(1, own.count(right) + other.count(right))
        recall = own.count(right) / len(own)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    def mean(values):
        return sum(values) / len(values) if values else None

    both = f1_of(True, "grounded"), f1_of(False, "refused")
    return {
        **{f"ra_iou@{m}": mean([value >= m for value in known]) for m in (0.3, 0.5, 0.7)},
        "ra_miou": mean(known),
        "f1_relevant": both[0],
        "f1_irrelevant": both[1],
        "f1_avg": None if None in both else sum(both) / 2,
        "miou_relevant": mean(ious),
        "miou_grounded": mean(localised),
        "pair_accuracy": mean(pairs_by_hand(outcomes)),
    }


def pairs_by_hand(outcomes):
    """Return whether each pair is right."""
    records = defaultdict(list)
    for one in outcomes:
        records[one.record].append(one)
    rights = []
    for members in records.values():
        if sorted(one.relevant for one in members) == [False, True]:
            irrelevant, relevant = sorted(members, key=lambda one: one.relevant)
            if relevant.ra_iou is not None and irrelevant.ra_iou is not None:
                rights.append(irrelevant.ra_iou == 1.0 and relevant.ra_iou >= 0.5)
    return rights


@settings(max_examples=150, deadline=None)
@given(rows, st.sampled_from(["paper", "strict"]))
def test_the_figures_equal_a_plain_reckoning(rows, policy):
    outcomes = outcomes_of(built(rows), policy)
    scores = figures(outcomes)
    for key, expected in by_hand(outcomes).items():
        assert scores[key] == (None if expected is None else pytest.approx(expected, abs=1e-12)), (
            key
        )


@settings(max_examples=150, deadline=None)
@given(rows, st.sampled_from(["paper", "strict"]))
def test_lm_eval_computes_the_same_figures(rows, policy):
    cases = built(rows)
    scores, theirs = figures(outcomes_of(cases, policy)), by_lm_eval(cases, policy)
    for key, value in scores.items():
        expected = pytest.approx(math.nan if value is None else value, abs=1e-12, nan_ok=True)
        assert theirs.get(key, math.nan) == expected, key


@settings(max_examples=50, deadline=None)
@given(rows)
def test_the_functions_of_one_figure_equal_the_table(rows):
    outcomes = outcomes_of(built(rows), "paper")
    scores = figures(outcomes)
    assert ra_iou(outcomes) == scores["ra_miou"]
    assert recall_at(outcomes, threshold=0.5) == scores["ra_iou@0.5"]
    assert f1(outcomes, relevant=True) == scores["f1_relevant"]
    assert f1(outcomes, relevant=False) == scores["f1_irrelevant"]
    assert pair_accuracy(outcomes) == scores["pair_accuracy"]


@given(rows, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_queries_does_not_matter(rows, random):
    outcomes = outcomes_of(built(rows), "paper")
    shuffled = random.sample(outcomes, len(outcomes))
    assert figures(shuffled) == figures(outcomes)


def relevant_doc():
    return {"id": "1", "video": "a.mp4", "text": "a man cooks", "relevant": True,
            "record": "7", "spans": [[2.0, 6.0]], "duration_s": 20.0}  # fmt: skip


def test_a_plain_text_is_parsed():
    scores = process_results(relevant_doc(), ["<answer>2.0 to 5.0</answer>"])
    assert (scores["ra_miou"], scores["ra_iou@0.7"], scores["miou_grounded"]) == (0.75, 1.0, 0.75)


def test_a_scored_text_brings_its_own_prediction_and_policy():
    text = ScoredText("2.0 to 6.0", prediction=Prediction(kind="unparsed"), policy="strict")
    assert process_results(relevant_doc(), [text])["f1_avg"] == (True, "unparsed")


@pytest.mark.parametrize("status", ["missing", "failed", "unjudged"])
def test_a_row_without_a_reply_has_no_value_of_any_mean(status):
    text = ScoredText("", status=status)
    assert process_results(relevant_doc(), [text]) == {"pair_accuracy": ("7", True, None, None)}


@given(rows)
@settings(max_examples=50, deadline=None)
def test_lm_evals_own_mean_gives_the_figures_or_nan(rows):
    cases = built(rows)
    scores = figures(outcomes_of(cases, "paper"))
    texts = [ScoredText(prediction=p, status=status) for _, p, status in cases]
    results = [process_results(q.to_doc(), [t]) for (q, _, _), t in zip(cases, texts, strict=True)]
    for key in KNOWN_MEAN:
        items = [one[key] for one in results if key in one]
        mean = sum(items) / len(items) if items else math.nan
        assert math.isnan(mean) or mean == pytest.approx(scores[key], abs=1e-12)


def test_an_unknown_iou_survives_being_sent_to_another_process():
    text = ScoredText(prediction=Prediction(kind="grounded"))
    value = pickle.loads(pickle.dumps(process_results(relevant_doc(), [text])["ra_miou"]))
    assert math.isnan(value)
    assert (value.relevant, value.grounded) == (True, True)


def test_a_refused_relevant_row_counts_in_miou_relevant_only():
    scores = process_results(relevant_doc(), [ScoredText(prediction=Prediction(kind="refused"))])
    assert scores["miou_relevant"] == 0.0
    assert "miou_grounded" not in scores


def test_items_read_back_from_json_aggregate_alike():
    told = [(True, "grounded"), (False, "grounded")]
    halves = [("1", True, True, True), ("1", False, True, None)]
    assert task_results.f1_avg(json.loads(json.dumps(told))) == task_results.f1_avg(told)
    assert task_results.pair_accuracy(json.loads(json.dumps(halves))) == 1.0


@pytest.mark.parametrize("aggregation", AGGREGATIONS.values())
def test_an_aggregation_over_nothing_is_nan(aggregation):
    assert math.isnan(aggregation([]))
