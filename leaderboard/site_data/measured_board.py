"""Every row of the board measured and ranked: what all of the site's files are written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Final

from rarft.harness.report.schema import number_of
from rarft.leaderboard.paper import Paper
from rarft.leaderboard.ranking.differences import Pair
from rarft.leaderboard.site_data.balance_floors import balance_floors, balance_rows
from rarft.leaderboard.site_data.board_rows import BoardRow, BoardTask
from rarft.leaderboard.site_data.group_figures import (
    GROUP_PATTERNS,
    TaskGroup,
    figures_of_group,
    mean_of_paper,
    task_groups,
)
from rarft.leaderboard.site_data.paper_figures import PaperBoardRow, paper_rows
from rarft.leaderboard.site_data.task_figures import Figures, FiguresOfTask, figures_of_task
from rarft.leaderboard.site_data.task_list import in_order, published_sizes

N_RESAMPLES: Final = 2_000
SEED: Final = 0
ALL_PAIRS_UP_TO: Final = 40
"""The number of entries up to which every pair has a comparison."""
ORDERED_BY: Final = "f1_avg"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBoard:
    """The board's tasks and rows with every figure in its place.

    `figures` is by task or group, then by row. `of_task` holds the comparisons and the conditions.
    Rows without outcomes are floors computed from the balance of a task that only papers have.
    `pairs` are the compared ones, and `has_all_pairs` whether these are all.
    """

    tasks: Mapping[str, BoardTask]
    task_names: tuple[str, ...]
    groups: tuple[TaskGroup, ...]
    rows: tuple[BoardRow, ...]
    paper: tuple[PaperBoardRow, ...]
    figures: Mapping[str, Mapping[str, Figures]]
    of_task: Mapping[str, FiguresOfTask]
    pairs: tuple[Pair, ...]
    has_all_pairs: bool
    n_resamples: int = N_RESAMPLES
    seed: int = SEED


def measure_board(
    tasks: Sequence[BoardTask],
    rows: Sequence[BoardRow],
    *,
    paper: Paper | None = None,
    group_patterns: Mapping[str, str] = GROUP_PATTERNS,
    compare: bool = True,
    n_resamples: int = N_RESAMPLES,
    seed: int = SEED,
) -> MeasuredBoard:
    """Measure and rank every row.

    Args:
        tasks: the tasks that rows with samples have.
        rows: entries, floors and the blind baseline.
        paper: the paper's tables, left out where it is None.
        group_patterns: titles of the groups of tasks, by the pattern of their tasks.
        compare: whether pairs of rows are compared in every figure.
        n_resamples: resamples of the videos for ranks and comparisons.
        seed: their seed.
    """
    reported = paper_rows(paper) if paper is not None else ()
    names = in_order(
        [task.name for task in tasks] + [name for row in reported for name in row.figures]
    )
    groups = task_groups(names, group_patterns)
    pairs, has_all = compared_pairs(rows) if compare else ((), False)
    of_task: dict[str, FiguresOfTask] = {}
    for task in tasks:
        held = [row for row in rows if task.name in row.outcomes]
        found = figures_of_task(task, held, compare=pairs, n_resamples=n_resamples, seed=seed)
        in_group = any(task.name in group.members for group in groups)
        # The draws of 300 rows take 300 MB a task; only groups need them again.
        of_task[task.name] = found if in_group else replace(found, drawn={})
    figures: dict[str, dict[str, Figures]] = {
        name: dict(of_task[name].figures) if name in of_task else {} for name in names
    }
    floors = {row.id for row in rows if row.is_floor}
    for group in groups:
        figures[group.name] = dict(figures_of_group(group, of_task, floors=floors))
    for one in reported:
        for name, own in one.figures.items():
            figures[name][one.id] = own
        for group in groups:
            if mean := mean_of_paper(group, one.figures):
                figures[group.name][one.id] = mean
    balance = balance_floors(published_sizes(name for name in names if name not in of_task))
    for name, own_floors in balance.items():
        figures[name] |= own_floors
    added = balance_rows(rows, {name for own_floors in balance.values() for name in own_floors})
    return MeasuredBoard(
        tasks={task.name: task for task in tasks},
        task_names=tuple(names),
        groups=groups,
        rows=(*rows, *added),
        paper=reported,
        figures=figures,
        of_task={name: replace(one, drawn={}) for name, one in of_task.items()},
        pairs=pairs,
        # A floor without samples is compared with nothing.
        has_all_pairs=has_all and not added,
        n_resamples=n_resamples,
        seed=seed,
    )


def compared_pairs(rows: Sequence[BoardRow]) -> tuple[tuple[Pair, ...], bool]:
    """Return the pairs of rows that are compared, and whether these are all.

    Of more than ALL_PAIRS_UP_TO rows, those next to each other by F1 on a task are, among all rows
    and among the rows of one family, and every row is with the floors.
    """
    if len(rows) <= ALL_PAIRS_UP_TO:
        return tuple(combinations(sorted(row.id for row in rows), 2)), True
    found: dict[Pair, None] = {}
    for task in sorted({task for row in rows for task in row.outcomes}):
        held = [row for row in rows if task in row.outcomes]
        ordered = sorted(held, key=lambda row: (-_order(row, task), row.id))
        families = {row.about.family for row in ordered}
        for own in (ordered, *([r for r in ordered if r.about.family == f] for f in families)):
            found |= {_pair(a, b): None for a, b in pairwise(own)}
        for floor in (row for row in ordered if row.is_floor):
            found |= {_pair(floor, row): None for row in ordered if row.id != floor.id}
    return tuple(sorted(found)), False


def _order(row: BoardRow, task: str) -> float:
    value = number_of(row.results.results[task], ORDERED_BY)
    return -1.0 if value is None else value


def _pair(a: BoardRow, b: BoardRow) -> Pair:
    return (a.id, b.id) if a.id < b.id else (b.id, a.id)
