"""Which rows of a task can be ranked against each other.

Rows are ranked that were asked the same queries, are scored by the same policy, and, where a figure
rests on a judge, were judged by the same one. Of several sets of rows the one is ranked that
answered the whole task, or else the largest; the others are shown without a rank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rarft.harness.replies import Policy
from rarft.harness.report.compare_judges import MEASURES, rests_on
from rarft.harness.report.judges import JudgeEntry, judges_of
from rarft.harness.report.schema import Results

Judges = tuple[JudgeEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a row was asked of a task, and how it was scored."""

    n_queries: int
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What the ranked rows of a task share, and which rows these are."""

    n_queries: int
    policy: Policy
    ids: frozenset[str]

    @property
    def text(self) -> str:
        """Return the condition as one line.

        Example:
            >>> Condition(n_queries=200, policy="paper", ids=frozenset()).text
            '200 queries, policy paper'
        """
        return f"{self.n_queries:,} queries, policy {self.policy}"


def shared_condition(rows: Mapping[str, Asked], *, n_in_task: int) -> Condition | None:
    """Return the condition under which a task is ranked, None without rows.

    Example:
        >>> rows = {name: Asked(n_queries=n, policy="paper")
        ...         for name, n in (("a", 10), ("b", 10), ("c", 20))}
        >>> sorted(shared_condition(rows, n_in_task=20).ids)
        ['c']
    """
    held = Counter((one.n_queries, one.policy) for one in rows.values())
    if not held:
        return None
    n_queries, policy = max(
        held, key=lambda one: (one[0] == n_in_task, held[one], one[0], one[1] == "paper")
    )
    ids = frozenset(
        name for name, one in rows.items() if (one.n_queries, one.policy) == (n_queries, policy)
    )
    return Condition(n_queries=n_queries, policy=policy, ids=ids)


def judged_alike(rows: Mapping[str, Results], key: str) -> frozenset[str]:
    """Return the rows whose figure the most usual judges judged.

    Of judges that are equally usual, those that come first in the alphabet count.
    """
    judges = {name: _judges_of_figure(results, key) for name, results in rows.items()}
    if not judges:
        return frozenset()
    held = Counter(judges.values())
    usual = min(held, key=lambda one: (-held[one], repr(one)))
    return frozenset(name for name, one in judges.items() if one == usual)


def _judges_of_figure(results: Results, key: str) -> Judges:
    needed = [measure for measure in MEASURES if rests_on(key, measure)]
    return tuple(one for one in judges_of(results) if one.measure in needed)


def judges_text(results: Sequence[Results]) -> str:
    """Return who judged the explanations of some rows, empty where they differ or nobody did."""
    said = {
        "; ".join(f"{one.measure} by {one.written}" for one in judges_of(run)) for run in results
    }
    return said.pop() if len(said) == 1 else ""
