import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.statistics import holm, minimum_detectable_effect, minimum_detectable_mcnemar


def test_holm_by_hand():
    # Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1 raised to the one before.
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})


def test_what_is_not_tested_is_not_in_the_family():
    assert holm({"a": 0.02, "b": None}) == {"a": 0.02, "b": None}
    assert holm({}) == {}


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_adjusted_values_keep_the_order_and_lie_between_p_and_bonferroni(p_values):
    adjusted = holm(dict(enumerate(p_values)))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted.values())
    for place, p in enumerate(p_values):
        assert p <= adjusted[place] <= min(1.0, len(p_values) * p) + 1e-12


def test_the_detectable_effect_is_2_8_standard_errors():
    assert minimum_detectable_effect(0.01) == pytest.approx(0.0280159, abs=1e-7)
    assert minimum_detectable_effect(0.01, power=0.5) == pytest.approx(0.0195996, abs=1e-7)
    assert minimum_detectable_effect(None) is None


def test_the_detectable_share_solves_connors_equation():
    n, discordant = 500, 0.2
    effect = minimum_detectable_mcnemar(n=n, n_discordant=100)
    left = 1.959964 * discordant**0.5 + 0.841621 * (discordant - effect**2) ** 0.5
    assert effect * n**0.5 == pytest.approx(left, abs=1e-5)


def test_too_few_discordant_queries_detect_nothing():
    assert minimum_detectable_mcnemar(n=100, n_discordant=0) is None
    assert minimum_detectable_mcnemar(n=100, n_discordant=3) is None
