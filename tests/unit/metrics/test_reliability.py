import pytest

from rarft.harness.metrics import QueryOutcome, reliability


def scored(number, relevant, score, *, counts_as="refused"):
    return QueryOutcome(
        query_id=str(number),
        video="v",
        record=str(number),
        relevant=relevant,
        counts_as=counts_as,
        relevance_score=score,
    )


def built(*rows):
    return [scored(number, relevant, score) for number, (relevant, score) in enumerate(rows)]


def test_each_bin_compares_its_mean_score_with_its_share_of_relevant_queries():
    found = reliability(built((True, 0.1), (False, 0.3), (True, 0.9)), n_bins=2)
    low, high = found.bins
    assert (low.low, low.high, low.n_queries) == (0.0, 0.5, 2)
    assert low.mean_score == pytest.approx(0.2)
    assert (low.share_relevant, high.share_relevant) == (0.5, 1.0)
    assert found.expected_calibration_error == pytest.approx((2 * 0.3 + 1 * 0.1) / 3)


def test_scores_on_an_edge_belong_to_the_bin_above_and_1_to_the_last():
    found = reliability(built((True, 0.0), (True, 0.5), (True, 1.0)), n_bins=2)
    assert [one.n_queries for one in found.bins] == [1, 2]
    tenths = reliability(built(*((True, number / 10) for number in range(11))))
    assert [one.n_queries for one in tenths.bins] == [1] * 9 + [2]


def test_an_empty_bin_has_no_mean():
    found = reliability(built((True, 0.95)))
    assert len(found.bins) == 10
    assert (found.bins[0].mean_score, found.bins[0].share_relevant) == (None, None)


@pytest.mark.parametrize("score", [-0.1, 1.1])
def test_scores_that_are_no_probabilities_have_no_reliability(score):
    assert reliability(built((True, 0.5), (False, score))) is None


def test_queries_without_a_score_or_a_reply_have_no_part():
    lost = [scored(8, True, None), scored(9, True, 7.0, counts_as=None)]
    assert reliability(lost) is None
    assert reliability([*built((True, 0.5)), *lost]) == reliability(built((True, 0.5)))


def test_no_bins_are_refused():
    with pytest.raises(ValueError, match="expected at least 1"):
        reliability([], n_bins=0)
