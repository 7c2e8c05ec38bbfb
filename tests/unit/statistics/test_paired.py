import random
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.metrics import METRICS, QueryOutcome, figures
from rarft.harness.metrics.explanations import ExplanationScores
from rarft.harness.statistics import pair_outcomes, paired_bootstrap
from rarft.harness.statistics.expanded import expanded_tail, two_sided_p


def outcome(number, *, relevant, kind, iou=None, video=None, **fields):
    return QueryOutcome(
        query_id=f"{number}-{int(relevant)}",
        video=video or f"{number // 2}.mp4",
        record=str(number),
        relevant=relevant,
        predicted=kind,
        counts_as=kind,
        iou=(0.0 if kind == "refused" else iou) if relevant else None,
        level="original" if relevant else "weak",
        **fields,
    )


def simulated(seed, *, n_records=24):
    generator = random.Random(seed)
    outcomes = []
    for number in range(n_records):
        kind = generator.choice(["grounded", "grounded", "refused"])
        outcomes.append(outcome(number, relevant=True, kind=kind, iou=generator.random()))
        kind = generator.choice(["grounded", "refused"])
        outcomes.append(outcome(number, relevant=False, kind=kind))
    return outcomes


def plain_loop(a, b, *, n_resamples, seed):
    """Resample by repeating the outcomes themselves, one resample at a time."""
    videos = sorted({one.video for one in a})
    drawn = np.random.default_rng(seed).integers(
        0, len(videos), size=(n_resamples, len(videos)), dtype=np.uint16
    )
    differences = {}
    for row in drawn:
        repeated = [
            figures(
                [
                    replace(one, video=f"{copy}", query_id=f"{copy}-{one.query_id}",
                            record=f"{copy}-{one.record}")
                    for copy, video in enumerate(row)
                    for one in run
                    if one.video == videos[video]
                ]
            )
            for run in (a, b)
        ]  # fmt: skip
        for key in METRICS:
            first, second = (scores.get(key) for scores in repeated)
            if first is not None and second is not None:
                differences.setdefault(key, []).append(first - second)
    return differences


def test_it_is_what_a_plain_loop_over_resamples_gives():
    a, b = simulated(1, n_records=12), simulated(2, n_records=12)
    found = paired_bootstrap(a, b, n_resamples=60, seed=5)
    n_videos = 6
    tail = expanded_tail(n_videos)
    for key, drawn in plain_loop(a, b, n_resamples=60, seed=5).items():
        one = found[key]
        low, high = np.quantile(drawn, [tail, 1 - tail])
        assert one.low == pytest.approx(low, abs=1e-6), key
        assert one.high == pytest.approx(high, abs=1e-6), key
        se = np.std(drawn, ddof=1) * np.sqrt(n_videos / (n_videos - 1))
        assert one.se == pytest.approx(se, abs=1e-6), key
        assert one.difference == pytest.approx(figures(a)[key] - figures(b)[key])


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_swapping_the_runs_negates_the_difference_and_keeps_p(seed, other_seed):
    a, b = simulated(seed, n_records=10), simulated(other_seed, n_records=10)
    one = paired_bootstrap(a, b, n_resamples=50)
    turned = paired_bootstrap(b, a, n_resamples=50)
    for key in METRICS:
        if one[key].difference is None:
            assert turned[key].difference is None
            continue
        assert turned[key].difference == -one[key].difference
        assert turned[key].low == pytest.approx(-one[key].high, abs=1e-12)
        assert turned[key].high == pytest.approx(-one[key].low, abs=1e-12)
        assert turned[key].p == one[key].p


def test_a_run_does_not_differ_from_itself():
    for one in paired_bootstrap(simulated(1), simulated(1), n_resamples=100).values():
        if one.difference is not None:
            assert (one.difference, one.low, one.high, one.p) == (0.0, 0.0, 0.0, 1.0)


def test_pairing_removes_what_is_hard_for_both_runs():
    # Both runs are wrong on every other video, and b on one more.
    a = [outcome(2 * n, relevant=False, kind="refused" if n % 2 else "grounded") for n in range(40)]
    b = list(a)
    b[1] = replace(b[1], predicted="grounded", counts_as="grounded")
    found = paired_bootstrap(a, b, n_resamples=2000)["ra_miou"]
    # One video of 40 differs, by 1: the spread of such a mean.
    assert found.se == pytest.approx(np.std([1] + [0] * 39, ddof=1) / np.sqrt(40), rel=0.05)


def test_the_seed_decides_and_the_order_of_the_queries_does_not():
    a, b = simulated(1), simulated(2)
    shuffled = random.Random(0).sample(a, len(a))
    assert paired_bootstrap(shuffled, b, n_resamples=50) == paired_bootstrap(a, b, n_resamples=50)
    assert paired_bootstrap(a, b, n_resamples=50, seed=1) != paired_bootstrap(a, b, n_resamples=50)


def test_p_is_below_alpha_exactly_where_the_interval_leaves_out_zero():
    n_resamples, n_videos = 9999, 40
    tail = expanded_tail(n_videos)
    at_the_bound = round(tail * (n_resamples + 1)) - 1
    assert two_sided_p(at_the_bound, n_resamples=n_resamples, n_videos=n_videos) == pytest.approx(
        0.05, abs=3e-4
    )


def test_many_videos_give_the_plain_bootstrap_p():
    p = two_sided_p(7, n_resamples=999, n_videos=10**7)
    assert p == pytest.approx(2 * 8 / 1000, rel=1e-5)


def test_p_is_never_zero_and_the_resolved_one_goes_below_its_floor():
    a = [outcome(2 * n, relevant=False, kind="refused") for n in range(100)]
    b = [
        outcome(2 * n, relevant=False, kind="refused" if n % 2 else "grounded") for n in range(100)
    ]
    found = paired_bootstrap(a, b, n_resamples=99)["ra_miou"]
    assert found.p > 0.0
    assert 0.0 < found.p_resolved < 1e-6 < found.p


def test_expanded_tails_are_those_of_students_interval():
    # t(0.975, 4) = 2.7764, and sqrt(5 / 4) times it is 3.1042 standard errors.
    assert expanded_tail(5) == pytest.approx(NormalDist().cdf(-3.1042), abs=1e-6)


def test_queries_that_one_run_did_not_score_leave_both():
    a, b = simulated(1), simulated(2)
    lost = QueryOutcome(
        query_id=b[0].query_id, video=b[0].video, record=b[0].record, relevant=True,
        level="original", status="failed",
    )  # fmt: skip
    paired = pair_outcomes(a, [lost, *b[1:-1]])
    assert (paired.n_paired, paired.n_only_a, paired.n_only_b, paired.n_neither) == (46, 2, 0, 0)
    assert a[0].query_id not in {one.query_id for one in paired.a}
    with_lost = paired_bootstrap(a, [lost, *b[1:]], n_resamples=50)
    without = paired_bootstrap(a[1:], b[1:], n_resamples=50)
    assert with_lost == without


def test_an_iou_that_one_run_lacks_leaves_the_other():
    a, b = simulated(1, n_records=4), simulated(1, n_records=4)
    b[0] = replace(b[0], predicted="grounded", counts_as="grounded", iou=None)
    paired = pair_outcomes(a, b)
    assert [one.iou for one in paired.a if one.query_id == b[0].query_id] == [None]


def test_a_value_that_one_run_never_has_stays_in_the_other():
    a = [replace(one, relevance_score=0.5) for one in simulated(1, n_records=4)]
    paired = pair_outcomes(a, simulated(2, n_records=4))
    assert {one.relevance_score for one in paired.a} == {0.5}
    assert paired_bootstrap(a, simulated(2, n_records=4), n_resamples=20)["auroc"].b is None


def test_a_run_without_spans_takes_no_iou_from_the_other():
    # Its refusals of relevant queries have an IoU of 0, which says nothing about its spans.
    a = [outcome(n, relevant=True, kind="grounded", iou=0.5) for n in range(4)]
    b = [outcome(n, relevant=True, kind="refused" if n else "grounded") for n in range(4)]
    paired, turned = pair_outcomes(a, b), pair_outcomes(b, a)
    assert {one.iou for one in paired.a} == {one.iou for one in turned.b} == {0.5}
    found = paired_bootstrap(a, b, n_resamples=20)["miou_relevant"]
    assert (found.a, found.b, found.difference) == (0.5, None, None)


def test_refusals_are_compared_with_groundings_by_their_iou():
    a = [outcome(n, relevant=True, kind="grounded", iou=0.5) for n in range(4)]
    b = [outcome(n, relevant=True, kind="refused") for n in range(4)]
    assert paired_bootstrap(a, b, n_resamples=20)["miou_relevant"].difference == 0.5


def test_an_explanation_unscored_in_one_run_leaves_both():
    def explained(values):
        return [
            outcome(n, relevant=False, kind="refused", explanation=ExplanationScores(sbert=value))
            for n, value in enumerate(values)
        ]

    a, b = explained([0.2, 0.4, 0.9, 0.5]), explained([0.1, 0.3, None, 0.5])
    found = paired_bootstrap(a, b, n_resamples=20)["sbert"]
    assert found.a == pytest.approx(1.1 / 3)
    assert found.difference == pytest.approx(0.2 / 3)


def test_an_unscored_refusal_is_unscored_in_both_and_no_false_grounding_leaves():
    def explained(kinds, values):
        return [
            outcome(
                n,
                relevant=False,
                kind=kind,
                explanation=ExplanationScores(sbert=value)
                if value is not None
                else ExplanationScores(unscored=("sbert",)),
            )
            for n, (kind, value) in enumerate(zip(kinds, values, strict=True))
        ]

    a = explained(["refused", "refused", "grounded", "refused"], [0.2, 0.4, 0.0, 0.9])
    b = explained(["refused"] * 4, [0.1, 0.3, None, None])
    found = paired_bootstrap(a, b, n_resamples=20)["sbert"]
    assert found.a == pytest.approx((0.2 + 0.4) / 2 * 3 / 4)
    assert found.b == pytest.approx((0.1 + 0.3) / 2)


def test_one_video_has_a_difference_and_no_interval():
    a = [outcome(0, relevant=False, kind="refused")]
    b = [outcome(0, relevant=False, kind="grounded")]
    found = paired_bootstrap(a, b)["ra_miou"]
    assert (found.difference, found.low, found.p) == (1.0, None, None)


def test_no_shared_query_compares_nothing():
    found = paired_bootstrap(simulated(1)[:1], simulated(1)[1:], n_resamples=10)
    assert all(one.difference is None for one in found.values())


def test_another_reference_and_a_repeated_query_are_refused():
    one = outcome(1, relevant=True, kind="grounded", iou=0.5)
    with pytest.raises(ValueError, match="references"):
        pair_outcomes([one], [replace(one, video="other.mp4")])
    with pytest.raises(ValueError, match="one each"):
        pair_outcomes([one, one], [one])


@pytest.mark.parametrize("wrong", [{"n_resamples": 0}, {"confidence": 1.0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="expected at least 1 and a share"):
        paired_bootstrap(simulated(1), simulated(2), **wrong)
