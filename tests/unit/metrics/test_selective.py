"""Selective prediction: hand-computed curves, and every figure against a plain loop."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.harness.metrics import (
    QueryOutcome,
    aurc,
    aurc_excess,
    auroc,
    counts,
    figures,
    refusal_rate,
    risk_coverage,
)

RELEVANT, IRRELEVANT = True, False


def scored(number, relevant, score, iou=None, *, status="scored"):
    return QueryOutcome(
        query_id=f"{number:03d}",
        video=f"{number % 4}.mp4",
        record=str(number),
        relevant=relevant,
        counts_as="refused" if status == "scored" else None,
        candidate_iou=iou if relevant else None,
        relevance_score=score,
        status=status,
    )


def built(rows):
    return [scored(number, *row) for number, row in enumerate(rows)]


HAND = built(
    [
        (RELEVANT, 0.9, 1.0),
        (IRRELEVANT, 0.8),
        (RELEVANT, 0.6, 0.5),
        (IRRELEVANT, 0.6),
        (IRRELEVANT, 0.1),
    ]
)


def test_auroc_counts_ordered_pairs_and_half_the_ties():
    # Relevant 0.9 is above all three; 0.6 is below 0.8, ties with 0.6, is above 0.1.
    assert auroc(HAND) == pytest.approx((3 + 1.5) / 6)


def test_the_curve_has_one_point_per_distinct_score():
    curve = risk_coverage(HAND)
    assert curve.threshold.tolist() == [0.9, 0.8, 0.6, 0.1]
    assert curve.coverage.tolist() == pytest.approx([1 / 5, 2 / 5, 4 / 5, 1])
    assert curve.risk.tolist() == pytest.approx([0, 1 / 2, 1 - 1.5 / 4, 1 - 1.5 / 5])


def test_aurc_is_the_mean_risk_where_each_query_would_just_be_grounded():
    risks = [0, 1 / 2, 1 - 1.5 / 4, 1 - 1.5 / 4, 1 - 1.5 / 5]
    assert aurc(HAND) == pytest.approx(sum(risks) / 5)


def test_the_excess_is_over_the_order_of_falling_iou():
    oracle = [0, 1 - 1.5 / 2, 1 - 1.5 / 3, 1 - 1.5 / 4, 1 - 1.5 / 5]
    assert aurc_excess(HAND) == pytest.approx(aurc(HAND) - sum(oracle) / 5)


def test_an_oracle_has_no_excess():
    best = built([(RELEVANT, 0.9, 0.7), (RELEVANT, 0.8, 0.2), (IRRELEVANT, 0.3), (IRRELEVANT, 0.2)])
    assert auroc(best) == 1.0
    assert aurc_excess(best) == pytest.approx(0.0, abs=1e-12)


def test_one_score_for_all_has_the_overall_risk_everywhere():
    constant = built([(RELEVANT, 0.5, 0.6), (IRRELEVANT, 0.5), (IRRELEVANT, 0.5)])
    assert auroc(constant) == 0.5
    assert aurc(constant) == pytest.approx(1 - 0.6 / 3)
    assert refusal_rate(constant, max_loss=0.05) == 0.0


def test_the_refusal_rate_keeps_the_allowed_share_of_miou():
    # Refusing the last relevant query loses 0.04 of 1.04; 2 of 3 irrelevant ones go before it.
    outcomes = built(
        [
            (RELEVANT, 0.9, 1.0),
            (IRRELEVANT, 0.8),
            (RELEVANT, 0.7, 0.04),
            (IRRELEVANT, 0.6),
            (IRRELEVANT, 0.5),
        ]
    )
    assert refusal_rate(outcomes, max_loss=0.01) == pytest.approx(2 / 3)
    assert refusal_rate(outcomes, max_loss=0.05) == 1.0
    scores = figures(outcomes)
    assert scores["refusal_rate@0.01"] == pytest.approx(2 / 3)
    assert scores["refusal_rate@0.05"] == 1.0


def test_a_loss_of_exactly_the_allowed_share_is_allowed():
    relevant = [(RELEVANT, 1.0 - number / 100, 1.0) for number in range(20)]
    outcomes = built([*relevant, (IRRELEVANT, 0.815)])
    assert refusal_rate(outcomes, max_loss=0.05) == 1.0
    assert refusal_rate(outcomes, max_loss=0.01) == 0.0


def test_a_model_that_localises_nothing_has_no_refusal_rate():
    assert refusal_rate(built([(RELEVANT, 0.9, 0.0), (IRRELEVANT, 0.2)]), max_loss=0.05) is None


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(RELEVANT, 0.9, 1.0)],
        [(IRRELEVANT, 0.9)],
        [(RELEVANT, 0.9, 1.0), (IRRELEVANT, None)],
        [(RELEVANT, None, 1.0), (IRRELEVANT, 0.5)],
    ],
    ids=["nothing", "relevant", "irrelevant", "relevant_with_score", "irrelevant_with_score"],
)
def test_a_class_without_a_score_leaves_nothing_applicable(rows):
    outcomes = built(rows)
    assert auroc(outcomes) is aurc(outcomes) is aurc_excess(outcomes) is None
    assert risk_coverage(outcomes) is refusal_rate(outcomes, max_loss=0.01) is None


def test_queries_without_a_score_or_a_reply_have_no_part_and_are_not_counted():
    lost = scored(90, RELEVANT, 0.0, 1.0, status="failed")
    more = [*HAND, scored(91, RELEVANT, None, 1.0), scored(92, IRRELEVANT, None), lost]
    assert aurc(more) == aurc(HAND)
    assert counts(more)["n_with_score"] == 5


def test_a_relevant_query_of_unknown_reference_counts_in_auroc_alone():
    more = [*HAND, scored(9, RELEVANT, 0.05, None)]
    assert auroc(more) == pytest.approx((3 + 1.5 + 0) / 9)
    assert aurc(more) == pytest.approx(aurc(HAND))
    assert aurc_excess(more) == pytest.approx(aurc_excess(HAND))
    assert risk_coverage(more).coverage.tolist() == risk_coverage(HAND).coverage.tolist()


def test_no_known_reference_leaves_auroc_alone():
    outcomes = built([(RELEVANT, 0.9, None), (IRRELEVANT, 0.2)])
    assert auroc(outcomes) == 1.0
    assert aurc(outcomes) is aurc_excess(outcomes) is None
    assert risk_coverage(outcomes) is refusal_rate(outcomes, max_loss=0.05) is None


def test_scores_below_0_and_above_1_are_scores():
    assert auroc(built([(RELEVANT, 12.5, 1.0), (IRRELEVANT, -3.0)])) == 1.0


rows = st.lists(
    st.tuples(
        st.booleans(),
        st.one_of(st.none(), st.integers(0, 6).map(lambda n: n / 6)),
        st.integers(0, 10).map(lambda n: n / 10),
    ),
    max_size=14,
)


def losses_and_scores(outcomes):
    return [
        (1.0 - one.candidate_iou if one.relevant else 1.0, one.relevance_score)
        for one in outcomes
        if one.relevance_score is not None
    ]


def has_both(outcomes):
    return {one.relevant for one in outcomes if one.relevance_score is not None} == {True, False}


@settings(max_examples=150, deadline=None)
@given(rows)
def test_auroc_equals_that_of_sklearn(rows):
    from sklearn.metrics import roc_auc_score

    outcomes = built(rows)
    if not has_both(outcomes):
        assert auroc(outcomes) is None
        return
    known = [one for one in outcomes if one.relevance_score is not None]
    expected = roc_auc_score([o.relevant for o in known], [o.relevance_score for o in known])
    assert auroc(outcomes) == pytest.approx(expected)


@settings(max_examples=150, deadline=None)
@given(rows)
def test_aurc_and_its_excess_equal_a_plain_loop(rows):
    outcomes = built(rows)
    if not has_both(outcomes):
        assert aurc(outcomes) is None
        return
    pairs = losses_and_scores(outcomes)
    risks = []
    for _, threshold in pairs:
        grounded = [loss for loss, score in pairs if score >= threshold]
        risks.append(sum(grounded) / len(grounded))
    best = sorted(loss for loss, _ in pairs)
    least = [sum(best[: n + 1]) / (n + 1) for n in range(len(best))]
    assert aurc(outcomes) == pytest.approx(sum(risks) / len(risks))
    assert aurc_excess(outcomes) == pytest.approx((sum(risks) - sum(least)) / len(risks), abs=1e-12)
    assert aurc_excess(outcomes) >= -1e-12


@settings(max_examples=150, deadline=None)
@given(rows, st.sampled_from([0.01, 0.05, 0.5]))
def test_the_refusal_rate_equals_a_search_over_all_thresholds(rows, max_loss):
    outcomes = [one for one in built(rows) if one.relevance_score is not None]
    full = sum(one.candidate_iou for one in outcomes if one.relevant)
    n_irrelevant = sum(not one.relevant for one in outcomes)
    rates = []
    for threshold in {one.relevance_score for one in outcomes}:
        kept = [one for one in outcomes if one.relevance_score >= threshold]
        if sum(o.candidate_iou for o in kept if o.relevant) >= (1 - max_loss) * full - 1e-9:
            rates.append(1 - sum(not o.relevant for o in kept) / max(1, n_irrelevant))
    expected = pytest.approx(max(rates)) if full > 0 and n_irrelevant else None
    assert refusal_rate(outcomes, max_loss=max_loss) == expected


@settings(max_examples=100, deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_queries_does_not_change_a_curve(rows, random):
    outcomes = built(rows)
    shuffled = random.sample(outcomes, len(outcomes))
    assert figures(shuffled) == figures(outcomes)
    first, second = risk_coverage(outcomes), risk_coverage(shuffled)
    assert (first is None) == (second is None)
    if first is not None:
        assert first.risk.tolist() == second.risk.tolist()
        assert first.coverage[-1] == 1.0
        assert not any(map(math.isnan, first.risk))


def test_the_functions_of_one_figure_equal_the_table():
    scores = figures(HAND)
    assert scores["auroc"] == auroc(HAND)
    assert scores["aurc"] == aurc(HAND)
    assert scores["aurc_excess"] == aurc_excess(HAND)
    assert scores["refusal_rate@0.01"] == refusal_rate(HAND, max_loss=0.01)
