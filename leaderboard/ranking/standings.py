"""Where rows stand by one figure: rank, tie groups, and whether they are above the floors.

rank = 1 + number of entries that are significantly better, as `rarft.harness.statistics.ranks_of`
has it. Its tie groups are all largest sets without a difference, of which 80 rows can have hundreds
and 300 too many to find; the groups here are the largest runs of neighbours in the order of the
figure, of which there are at most as many as rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rarft.harness.statistics import Difference, holm
from rarft.leaderboard.ranking.differences import Pair

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The place of one row by one figure.

    `first` to `last` are the numbers of its tie groups, from 1 at the top; a floor has none. A
    floor's rank says where it would stand. `at_floor`: not significantly better than every floor.
    """

    rank: int
    first: int | None = None
    last: int | None = None
    at_floor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """The places of the rows by one figure, and the corrected p-value of each pair compared."""

    places: Mapping[str, Standing]
    p_holm: Mapping[Pair, float | None]


def standings(
    values: Mapping[str, float],
    floors: Mapping[str, float],
    compared: Mapping[Pair, Difference],
    *,
    higher_is_better: bool = True,
    alpha: float = ALPHA,
) -> Standings:
    """Rank entries by one figure, and say where the floors would stand.

    The pairs of entries are one family of tests, the pairs of a floor and an entry another, so that
    a floor costs the entries nothing. A pair that is absent is tied.

    Args:
        values: the figure of each entry.
        floors: the figure of each floor.
        compared: the difference of each pair, whose names are in alphabetical order.
        higher_is_better: whether a higher figure is better.
        alpha: level of the corrected tests.

    Example:
        >>> far = Difference(a=0.9, b=0.1, difference=0.8, p=0.001, p_resolved=0.001)
        >>> found = standings({"x": 0.9, "y": 0.1}, {}, {("x", "y"): far})
        >>> [(name, one.rank) for name, one in found.places.items()]
        [('x', 1), ('y', 2)]
    """
    sign = 1.0 if higher_is_better else -1.0
    pairs = sorted(compared)
    ours = holm({p: compared[p].p_resolved for p in pairs if p[0] in values and p[1] in values})
    theirs = holm(
        {p: compared[p].p_resolved for p in pairs if (p[0] in values) != (p[1] in values)}
    )
    p_holm = ours | theirs
    better = _better(compared, p_holm, sign=sign, alpha=alpha)
    ranked = sorted(values, key=lambda name: (-sign * values[name], name))
    groups = _tie_runs(ranked, better)
    places = {
        name: Standing(
            rank=1 + len(better[name] & values.keys()),
            first=groups[name][0],
            last=groups[name][1],
            at_floor=any(name not in better[floor] for floor in floors),
        )
        for name in ranked
    }
    for floor in floors if values else ():
        places[floor] = Standing(rank=1 + len(better[floor] & values.keys()))
    return Standings(places=places, p_holm=p_holm)


def _better(
    compared: Mapping[Pair, Difference],
    p_holm: Mapping[Pair, float | None],
    *,
    sign: float,
    alpha: float,
) -> dict[str, set[str]]:
    """Return, for each row, the rows that are significantly better."""
    better: dict[str, set[str]] = defaultdict(set)
    for pair, p in p_holm.items():
        difference = compared[pair].difference
        if p is None or p >= alpha or not difference:
            continue
        winner, loser = pair if sign * difference > 0 else pair[::-1]
        better[loser].add(winner)
    return better


def _tie_runs(ranked: Sequence[str], better: Mapping[str, set[str]]) -> dict[str, tuple[int, int]]:
    """Return the first and the last tie group of each row, the groups numbered from the top."""
    runs: list[tuple[int, int]] = []
    end = 0
    for start in range(len(ranked)):
        # A run cannot end before the run of the row above it: its rows are tied with each other.
        reach = max(end, start + 1)
        while reach < len(ranked) and _ties_all(ranked[reach], ranked[start:reach], better):
            reach += 1
        if reach > end or not runs:
            runs.append((start, reach))
            end = reach
    return {
        name: (
            min(number for number, run in enumerate(runs, 1) if run[0] <= place < run[1]),
            max(number for number, run in enumerate(runs, 1) if run[0] <= place < run[1]),
        )
        for place, name in enumerate(ranked)
    }


def _ties_all(name: str, others: Sequence[str], better: Mapping[str, set[str]]) -> bool:
    return all(name not in better[one] and one not in better[name] for one in others)
