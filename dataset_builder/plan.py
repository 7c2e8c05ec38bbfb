"""Which irrelevant queries are to be made: 1, 2 or 3 categories for strong, moderate, weak.

Source: RA-RFT (CVPR 2026), Section 3.3. Which of the extracted categories a level takes is not
stated there: `top` takes the best ones, `balanced` those that the plan so far uses least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig, Choice
from rarft.dataset_builder.keyed_log import KeyedLog, damaged
from rarft.dataset_builder.store import PLAN, Missing, PlanKey, planned_from_row, row_of
from rarft.dataset_builder.types import Categorized, Planned, Row
from rarft.harness.stages.append_log import AppendLog, read_rows
from rarft.harness.taxonomy import HARD_LEVELS, Level

N_EDITS = {level: number for number, level in enumerate(HARD_LEVELS, start=1)}
"""How many categories a level edits."""
Plans = Mapping[str, Sequence[Planned]]
_N_A_GROUP = 4096
_REQUIRED = ("query_id", "level", "categories")


def read_plan(building: Building) -> Iterator[Planned]:
    """Yield the planned queries that are stored.

    Raises:
        UserError: a row is damaged.
    """
    path = building.directory / PLAN
    try:
        for row in read_rows(path, required=_REQUIRED):
            yield planned_from_row(row)
    except (KeyError, TypeError) as error:
        raise damaged(path, error) from error


def plans_of(building: Building) -> Plans:
    """Return the stored plans of each query.

    Raises:
        UserError: a row is damaged.
    """
    return KeyedLog(
        building.directory / PLAN,
        required=_REQUIRED,
        key=lambda row: row["query_id"] if row["level"] in building.config.levels else None,
        read=lambda rows: [planned_from_row(row) for row in rows],
    )


def plan_keys(rows: Iterable[Row], plans: Plans) -> Iterator[PlanKey]:
    """Yield every plan of some queries."""
    for row in rows:
        for planned in plans.get(row.query.id, ()):
            yield planned.query_id, planned.level


def plan(building: Building, rows: Sequence[Row], categorized: Mapping[str, Categorized]) -> int:
    """Plan the irrelevant queries of every categorized query that has no plan; return how many."""
    used: Counter[str] = Counter()
    last = ""
    for one in read_plan(building):
        used.update(one.categories)
        last = one.query_id
    planned = plans_of(building)
    # A kill while a group was written may have left the last query some of its levels.
    begun = {last: {one.level for one in planned.get(last, ())}}
    left = (
        (number, categorized[row.query.id])
        for number, row in enumerate(rows)
        if row.query.id in categorized and (row.query.id not in planned or row.query.id in begun)
    )
    n_planned = 0
    with AppendLog(building.directory / PLAN) as log:
        while queries := list(islice(left, _N_A_GROUP)):
            group = list(plan_queries(queries, building.config, used, begun=begun))
            log.append([row_of(one) for one in group])
            n_planned += len(group)
    return n_planned


def plan_queries(
    categorized: Iterable[tuple[int, Categorized]],
    config: BuildConfig,
    used: Counter[str],
    *,
    begun: Mapping[str, Collection[Level]] = MappingProxyType({}),
) -> Iterator[Planned]:
    """Yield the plans of queries, each given with its number in the source.

    `used` counts the categories of all plans so far, and is added to. `begun` has the levels that a
    query is planned for already.

    Example:
        >>> found = Categorized(query_id="a", categories=("x", "y", "z"), reasons=("", "", ""))
        >>> for one in plan_queries([(0, found)], BuildConfig(rows="r"), Counter()):
        ...     print(one.level, one.categories)
        strong ('x',)
        moderate ('x', 'y')
        weak ('x', 'y', 'z')
    """
    for number, one in categorized:
        for level in levels_of(number, config):
            if N_EDITS[level] > len(one.categories) or level in begun.get(one.query_id, ()):
                continue
            chosen = choose(
                one.categories[: config.n_categories], N_EDITS[level], config.choice, used
            )
            used.update(chosen)
            yield Planned(query_id=one.query_id, level=level, categories=chosen)


def levels_of(number: int, config: BuildConfig) -> tuple[Level, ...]:
    """Return the levels that are made of the query with that number in the source."""
    levels: tuple[Level, ...] = tuple(level for level in HARD_LEVELS if level in config.levels)
    if config.per_query == "each":
        return levels
    return (levels[(number + config.seed) % len(levels)],)


def choose(
    categories: Sequence[str], n_chosen: int, choice: Choice, used: Mapping[str, int]
) -> tuple[str, ...]:
    """Return some of the categories, which stand the best first, in that order.

    Example:
        >>> choose(["x", "y", "z"], 1, "balanced", {"x": 5, "y": 2, "z": 4})
        ('y',)
    """
    if choice == "top":
        return tuple(categories[:n_chosen])
    rarest = sorted(categories, key=lambda path: used.get(path, 0))[:n_chosen]
    return tuple(path for path in categories if path in rarest)


def unplanned(
    rows: Iterable[Row], config: BuildConfig, categorized: Mapping[str, Categorized]
) -> Iterator[Missing]:
    """Yield the irrelevant queries that no plan could be made for, with the reason."""
    for number, row in enumerate(rows):
        found = categorized.get(row.query.id)
        n_found = len(found.categories) if found else 0
        for level in levels_of(number, config):
            if found is not None and n_found < N_EDITS[level]:
                reason = f"{n_found} categories were found, {N_EDITS[level]} are needed"
                yield Missing(query_id=row.query.id, level=level, reason=reason)
