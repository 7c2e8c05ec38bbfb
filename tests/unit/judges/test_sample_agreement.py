import pytest

from rarft.harness.judges.sample_agreement import agree
from rarft.harness.types import Prediction, Span

REFUSED = Prediction(kind="refused")
UNPARSED = Prediction(kind="unparsed", reason="empty reply")


def grounded(*spans: tuple[float, float]) -> Prediction:
    return Prediction(kind="grounded", spans=tuple(Span(*pair) for pair in spans))


def test_no_sample_has_no_score() -> None:
    assert agree([]) == (None, ())


@pytest.mark.parametrize("samples", [[REFUSED], [UNPARSED, REFUSED, REFUSED]])
def test_samples_that_all_refuse_or_cannot_be_read_score_0(samples: list[Prediction]) -> None:
    assert agree(samples) == (0.0, ())


def test_an_unparsed_sample_does_not_ground() -> None:
    assert agree([grounded((1, 2)), UNPARSED, REFUSED, UNPARSED])[0] == 0.25


def test_the_medoid_is_the_span_that_overlaps_the_others_most() -> None:
    # Sums of tIoU, itself included: 1 + 1/3 + 0, 1 + 1/3 + 1/3, 1 + 1/3 + 0.
    samples = [grounded((0, 4)), grounded((2, 6)), grounded((4, 8)), REFUSED]
    assert agree(samples) == (0.75, (Span(2, 6),))


def test_the_earliest_of_equals_is_taken() -> None:
    assert agree([grounded((9, 10)), grounded((1, 2))])[1] == (Span(9, 10),)


def test_only_the_first_span_of_a_sample_counts() -> None:
    samples = [grounded((0, 1), (5, 9)), grounded((5, 9)), grounded((5, 8))]
    assert agree(samples)[1] == (Span(5, 9),)


def test_a_sample_that_grounds_without_a_span_counts_in_the_share_alone() -> None:
    assert agree([grounded(), REFUSED]) == (0.5, ())
    assert agree([grounded(), grounded((1, 2))]) == (1.0, (Span(1, 2),))
