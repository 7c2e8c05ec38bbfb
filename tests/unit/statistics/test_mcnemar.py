import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.metrics import QueryOutcome
from rarft.harness.statistics import exact_p, mcnemar
from rarft.harness.statistics.mcnemar import clustered_p


def told(number, right, *, relevant=False, video=None):
    kind = "grounded" if relevant == right else "refused"
    return QueryOutcome(
        query_id=str(number),
        video=video or str(number),
        record=str(number),
        relevant=relevant,
        predicted=kind,
        counts_as=kind,
        iou=0.0 if relevant else None,
    )


def test_thirty_against_ten():
    # 2 (1 + 40 + 780 + ... + 847660528) / 2^40, and without half of the last term twice.
    p, mid_p = exact_p(30, 10)
    assert p == pytest.approx(2 * 1221246132 / 2**40, rel=1e-12)
    assert mid_p == pytest.approx((2 * 1221246132 - 847660528) / 2**40, rel=1e-12)


def test_six_to_none_is_the_least_that_is_significant():
    assert exact_p(5, 0)[0] == 0.0625
    assert exact_p(6, 0)[0] == 0.03125


def test_as_many_on_both_sides_is_no_difference():
    # The mid-p value leaves out half of the 6 / 16 that 2 against 2 has.
    assert exact_p(2, 2) == (1.0, 1 - 3 / 16)


@given(st.integers(0, 300), st.integers(0, 300))
def test_p_is_that_of_the_binomial_test(b, c):
    from scipy.stats import binomtest

    expected = binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert exact_p(b, c)[0] == pytest.approx(expected, rel=1e-9)
    assert exact_p(b, c) == exact_p(c, b)


def test_many_queries_do_not_overflow():
    assert 0.0 < exact_p(10_300, 10_000)[0] < 0.05


def test_right_is_grounding_the_relevant_and_refusing_the_irrelevant():
    a = [told(1, True, relevant=True), told(2, True), told(3, False), told(4, True)]
    b = [told(1, False, relevant=True), told(2, False), told(3, True), told(4, True)]
    found = mcnemar(a, b)
    assert (found.b, found.c, found.n, found.difference) == (2, 1, 4, 0.25)


def test_unscored_queries_are_not_counted():
    lost = QueryOutcome(query_id="2", video="2", record="2", relevant=False, status="missing")
    found = mcnemar([told(1, True), told(2, True)], [told(1, False), lost])
    assert (found.b, found.c, found.n) == (1, 0, 1)
    assert mcnemar([], []).difference is None


def test_queries_of_one_video_are_one_observation():
    # Ten videos whose six queries all go to a, six whose all go to b.
    a = [told(n, n < 60, video=str(n // 6)) for n in range(96)]
    b = [told(n, n >= 60, video=str(n // 6)) for n in range(96)]
    found = mcnemar(a, b)
    assert found.p < 0.02
    # (60 - 36) / sqrt(16 * 36) = 1.
    assert found.p_clustered == pytest.approx(0.3173, abs=1e-4)


def test_one_video_or_no_gain_has_no_clustered_p():
    assert clustered_p([3]) is None
    assert clustered_p([0, 0]) is None
