"""Ranks that claim no more than the data show: runs that cannot be told apart share one.

The rank of a run is 1 + the number of runs that are significantly better. Being tied is not
transitive, so the groups of runs that cannot be told apart overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from rarft.harness.metrics.metric_table import figures
from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.statistics.holm import holm
from rarft.harness.statistics.paired import NOT_COMPARED, Difference, paired_bootstrap

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """The place of one run on one figure.

    `value` is the figure on all queries that the run scored, None where it is not applicable; such
    a run has no rank and no group. `groups` numbers, from 1 at the top, the largest sets of runs
    no two of which differ significantly that the run belongs to. `worse_than` names the runs that
    are significantly better.
    """

    name: str
    value: float | None
    rank: int | None
    groups: tuple[int, ...] = ()
    worse_than: tuple[str, ...] = ()


def ranks(
    runs: Mapping[str, Sequence[QueryOutcome]],
    *,
    metric: str = "f1_avg",
    higher_is_better: bool = True,
    alpha: float = 0.05,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> tuple[Rank, ...]:
    """Rank runs on one task by one figure.

    Every pair of runs is compared by the paired bootstrap, with Holm's correction over the pairs.
    The ranks do not depend on the order in which the runs are given.

    Raises:
        ValueError: a query has different references in two runs.

    Example:
        >>> def told(right):
        ...     return [QueryOutcome(query_id=str(i), video=str(i), record=str(i), relevant=False,
        ...                          predicted=kind, counts_as=kind)
        ...             for i, kind in enumerate("refused" if i < right else "grounded"
        ...                                      for i in range(40))]
        >>> found = ranks({"a": told(10), "b": told(30), "c": told(31)}, metric="ra_miou")
        >>> [(one.name, one.rank, one.groups) for one in found]
        [('c', 1, (1,)), ('b', 1, (1,)), ('a', 3, (2,))]
    """
    compared: dict[Pair, Difference] = {}
    values: dict[str, float | None] = {}
    for name in runs:
        values[name] = figures(runs[name]).get(metric)
    for first, second in combinations(sorted(runs), 2):
        found = paired_bootstrap(runs[first], runs[second], n_resamples=n_resamples, seed=seed)
        compared[first, second] = found.get(metric, NOT_COMPARED)
    return ranks_of(values, compared, higher_is_better=higher_is_better, alpha=alpha)


def ranks_of(
    values: Mapping[str, float | None],
    compared: Mapping[Pair, Difference],
    *,
    higher_is_better: bool = True,
    alpha: float = 0.05,
) -> tuple[Rank, ...]:
    """Rank runs by differences that are known already, the best first.

    Args:
        values: the figure of each run.
        compared: the difference of each pair of runs; a pair that is absent is tied.
        higher_is_better: whether a higher figure is better.
        alpha: level of the corrected tests.
    """
    sign = 1.0 if higher_is_better else -1.0
    ranked = [name for name, value in values.items() if value is not None]
    ranked.sort(key=lambda name: (-sign * (values[name] or 0.0), name))
    adjusted = holm({pair: compared[pair].p_resolved for pair in sorted(compared)})
    better: dict[str, list[str]] = {name: [] for name in ranked}
    for (first, second), p in adjusted.items():
        difference = compared[first, second].difference
        if p is None or p >= alpha or not difference or not {first, second} <= better.keys():
            continue
        winner, loser = (first, second) if sign * difference > 0 else (second, first)
        better[loser].append(winner)
    groups = tie_groups(ranked, [(w, name) for name, winners in better.items() for w in winners])
    places = [
        Rank(
            name=name,
            value=values[name],
            rank=1 + len(better[name]),
            groups=tuple(number for number, group in enumerate(groups, 1) if name in group),
            worse_than=tuple(one for one in ranked if one in better[name]),
        )
        for name in ranked
    ]
    unknown = sorted(name for name in values if values[name] is None)
    return (*places, *(Rank(name=name, value=None, rank=None) for name in unknown))


def tie_groups(names: Sequence[str], different: Sequence[Pair]) -> list[tuple[str, ...]]:
    """Return the largest sets of runs no two of which differ, in the order of the names.

    Example:
        >>> tie_groups(["a", "b", "c"], [("a", "c")])
        [('a', 'b'), ('b', 'c')]
    """
    import networkx

    differing = {frozenset(pair) for pair in different}
    tied = networkx.Graph()
    tied.add_nodes_from(names)
    tied.add_edges_from(pair for pair in combinations(names, 2) if frozenset(pair) not in differing)
    groups = networkx.find_cliques(tied)
    order = {name: place for place, name in enumerate(names)}
    written = [tuple(sorted(group, key=order.__getitem__)) for group in groups]
    return sorted(written, key=lambda group: [order[name] for name in group])
