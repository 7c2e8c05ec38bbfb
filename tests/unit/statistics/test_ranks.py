from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.metrics import QueryOutcome
from rarft.harness.statistics import Difference, ranks, ranks_of, tie_groups


def run(n_right, *, n_queries=60):
    return [
        QueryOutcome(
            query_id=str(n),
            video=str(n),
            record=str(n),
            relevant=False,
            predicted=(kind := "refused" if n < n_right else "grounded"),
            counts_as=kind,
        )
        for n in range(n_queries)
    ]


def difference(value, p):
    return Difference(a=value, b=0.0, difference=value, p=p, p_resolved=p)


def test_runs_far_apart_are_ranked_and_near_ones_tie():
    found = ranks(
        {"low": run(15), "best": run(50), "near": run(48)}, metric="ra_miou", n_resamples=500
    )
    assert [(one.name, one.rank, one.groups) for one in found] == [
        ("best", 1, (1,)),
        ("near", 1, (1,)),
        ("low", 3, (2,)),
    ]
    assert found[2].worse_than == ("best", "near")


def test_the_order_of_the_runs_does_not_matter():
    runs = {"a": run(15), "b": run(50), "c": run(48)}
    found = {
        ranks({name: runs[name] for name in order}, metric="ra_miou", n_resamples=200)
        for order in permutations(runs)
    }
    assert len(found) == 1


def test_a_tie_is_not_transitive():
    values = {"a": 0.9, "b": 0.8, "c": 0.7}
    compared = {
        ("a", "b"): difference(0.1, 0.3),
        ("b", "c"): difference(0.1, 0.3),
        ("a", "c"): difference(0.2, 0.001),
    }
    found = ranks_of(values, compared)
    assert [(one.name, one.rank, one.groups) for one in found] == [
        ("a", 1, (1,)),
        ("b", 1, (1, 2)),
        ("c", 2, (2,)),
    ]


def test_holm_over_the_pairs_decides():
    values = {"a": 0.9, "b": 0.8, "c": 0.7}
    compared = {
        ("a", "b"): difference(0.1, 0.03),
        ("b", "c"): difference(0.1, 0.04),
        ("a", "c"): difference(0.2, 0.02),
    }
    assert {one.rank for one in ranks_of(values, compared)} == {1}
    assert [one.rank for one in ranks_of(values, compared, alpha=0.07)] == [1, 2, 3]


def test_where_lower_is_better_the_lowest_is_first():
    found = ranks_of(
        {"a": 0.9, "b": 0.1}, {("a", "b"): difference(0.8, 0.001)}, higher_is_better=False
    )
    assert [(one.name, one.rank) for one in found] == [("b", 1), ("a", 2)]


def test_a_run_without_the_figure_has_no_rank():
    found = ranks_of({"a": 0.9, "b": None}, {("a", "b"): Difference(a=0.9, b=None)})
    assert [(one.name, one.rank, one.groups) for one in found] == [("a", 1, (1,)), ("b", None, ())]


names = st.integers(1, 7).map(lambda n: [chr(ord("a") + i) for i in range(n)])


@given(names.flatmap(lambda n: st.tuples(st.just(n), st.sets(st.sampled_from(
    list(combinations(n, 2)) or [("a", "a")])) if len(n) > 1 else st.just(set()))))  # fmt: skip
def test_tie_groups_are_the_maximal_sets_without_a_differing_pair(case):
    given_names, different = case
    groups = tie_groups(given_names, sorted(different))
    tied = [
        set(chosen)
        for size in range(1, len(given_names) + 1)
        for chosen in combinations(given_names, size)
        if not any(pair in different for pair in combinations(chosen, 2))
    ]
    maximal = [one for one in tied if not any(one < other for other in tied)]
    assert sorted(map(sorted, maximal)) == sorted(map(sorted, groups))


def test_no_runs_have_no_ranks():
    assert ranks({}) == ()
    assert tie_groups([], []) == []


def test_different_tasks_are_not_ranked():
    other = [QueryOutcome(query_id="0", video="x", record="0", relevant=True)]
    with pytest.raises(ValueError, match="references"):
        ranks({"a": run(5), "b": other})
