"""Ranks, tie groups and floors from differences whose p-values are given."""

from itertools import combinations

import pytest

from rarft.harness.statistics import Difference, holm, ranks_of
from rarft.leaderboard.ranking import standings

VALUES = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6}


def differing(values, p_of):
    """Return the differences of all pairs; `p_of` names the p-values that are not 1."""
    compared = {}
    for first, second in combinations(sorted(values), 2):
        p = p_of.get((first, second), 1.0)
        difference = values[first] - values[second]
        compared[first, second] = Difference(
            a=values[first], b=values[second], difference=difference, p=p, p_resolved=p
        )
    return compared


def places(values, p_of, floors=(), **settings):
    entries = {name: value for name, value in values.items() if name not in floors}
    held = {name: values[name] for name in floors}
    return standings(entries, held, differing(values, p_of), **settings).places


def test_rows_that_cannot_be_told_apart_share_rank_and_group():
    found = places(VALUES, {})

    assert {one.rank for one in found.values()} == {1}
    assert {(one.first, one.last) for one in found.values()} == {(1, 1)}


def test_rank_is_one_more_than_the_number_of_better_rows():
    small = 0.0001
    found = places(VALUES, {("a", "c"): small, ("a", "d"): small, ("b", "d"): small})

    assert [found[name].rank for name in "abcd"] == [1, 1, 2, 3]


def test_tie_groups_are_the_largest_runs_without_a_difference():
    small = 0.0001
    found = places(VALUES, {("a", "c"): small, ("a", "d"): small, ("b", "d"): small})

    # a-b, b-c, c-d
    assert [(found[name].first, found[name].last) for name in "abcd"] == [
        (1, 1),
        (1, 2),
        (2, 3),
        (3, 3),
    ]


def test_a_row_between_two_that_tie_ends_their_run():
    small = 0.0001
    found = places(VALUES, {("a", "b"): small, ("b", "c"): small})

    assert [(found[name].first, found[name].last) for name in "abcd"] == [
        (1, 1),
        (2, 2),
        (3, 3),
        (3, 3),
    ]
    assert [found[name].rank for name in "abcd"] == [1, 2, 2, 1]


def test_the_lower_figure_wins_where_lower_is_better():
    found = places(VALUES, {("a", "d"): 0.0001}, higher_is_better=False)

    assert found["d"].rank == 1
    assert found["a"].rank == 2


def test_one_difference_of_six_pairs_is_corrected_by_holm():
    assert places(VALUES, {("a", "d"): 0.01})["d"].rank == 1
    assert places(VALUES, {("a", "d"): 0.008})["d"].rank == 2


def test_floors_push_no_entry_down_and_cost_it_no_test():
    small = 0.0001
    values = {**VALUES, "floor": 0.95}
    p_of = {("a", "d"): 0.008, **{(name, "floor"): small for name in VALUES}}

    found = places(values, p_of, floors=("floor",))

    assert found["d"].rank == 2
    assert found["a"].rank == 1
    assert found["floor"].rank == 1
    assert found["floor"].first is None


def test_an_entry_is_at_a_floor_unless_it_is_significantly_better():
    p_of = {("a", "floor"): 0.0001, ("b", "floor"): 0.2}
    found = places({**VALUES, "floor": 0.5}, p_of, floors=("floor",))

    assert [found[name].at_floor for name in "ab"] == [False, True]
    assert found["floor"].rank == 2


def test_a_floor_has_no_rank_where_no_entry_has_the_figure():
    assert places({"floor": 0.5}, {}, floors=("floor",)) == {}


@pytest.mark.parametrize("seed", range(20))
def test_ranks_agree_with_the_harness_on_drawn_p_values(seed):
    import random

    rng = random.Random(seed)
    values = {f"{n:02d}": rng.random() for n in range(9)}
    p_of = {pair: rng.random() ** 6 for pair in combinations(sorted(values), 2)}
    compared = differing(values, p_of)

    found = standings(values, {}, compared)

    expected = ranks_of(values, compared)
    assert {one.name: one.rank for one in expected} == {
        name: one.rank for name, one in found.places.items()
    }
    assert found.p_holm == holm({pair: p_of[pair] for pair in sorted(p_of)})


@pytest.mark.parametrize("seed", range(20))
def test_every_group_is_a_run_without_a_difference_and_cannot_grow(seed):
    import random

    rng = random.Random(seed)
    values = {f"{n:02d}": rng.random() for n in range(12)}
    p_of = {pair: rng.random() ** 8 for pair in combinations(sorted(values), 2)}
    found = standings(values, {}, differing(values, p_of))
    ranked = sorted(values, key=lambda name: -values[name])
    n_groups = max(one.last for one in found.places.values())

    def differs(one, other):
        return found.p_holm[min(one, other), max(one, other)] < 0.05

    for number in range(1, n_groups + 1):
        held = [
            place
            for place, name in enumerate(ranked)
            if found.places[name].first <= number <= found.places[name].last
        ]
        assert held == list(range(held[0], held[-1] + 1))
        assert not any(differs(ranked[a], ranked[b]) for a, b in combinations(held, 2))
        for more in (held[0] - 1, held[-1] + 1):
            if 0 <= more < len(ranked):
                assert any(differs(ranked[more], ranked[place]) for place in held)
