"""Groups of tasks: the mean over their tasks, of the rows that have all of them.

Every task weighs the same, whatever its size. The tasks' videos are drawn independently of each
other, so the draws of a row's mean are means of its draws; each task's draws are reordered first,
the same way for every row, as equal seeds would otherwise tie tasks of one size together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.metrics.query_table import FloatArray
from rarft.harness.statistics.bootstrap import N_SELECTIVE
from rarft.leaderboard.ranking.differences import Pair
from rarft.leaderboard.ranking.drawn import DrawnFigure
from rarft.leaderboard.ranking.task_ranking import (
    Drawn,
    Field,
    PairUp,
    TaskRanking,
    rank_task,
)
from rarft.leaderboard.site_data.board_columns import BOARD_COLUMNS
from rarft.leaderboard.site_data.shown_figure import ShownFigure
from rarft.leaderboard.site_data.task_figures import Figures, FiguresOfTask, interval_of

GROUP_PATTERNS: Final[dict[str, str]] = {
    "hi_*": "Hard-irrelevant sets",
    "ss_*": "Simply-shuffled sets",
}
"""The groups of every board that has two or more tasks of them."""
_RANKED: Final = tuple(column.key for column in BOARD_COLUMNS if column.ranked)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGroup:
    """Some tasks under one name."""

    name: str
    title: str
    pattern: str
    members: tuple[str, ...]


def named_patterns(text: str) -> dict[str, str]:
    """Return the titles of the groups that patterns, separated by commas, stand for.

    Example:
        >>> named_patterns("hi_*, my_*")
        {'hi_*': 'Hard-irrelevant sets', 'my_*': 'my_*'}
    """
    patterns = [part.strip() for part in text.split(",") if part.strip()]
    return {pattern: GROUP_PATTERNS.get(pattern, pattern) for pattern in patterns}


def task_groups(tasks: Sequence[str], patterns: Mapping[str, str]) -> tuple[TaskGroup, ...]:
    """Return the groups that have at least two of the tasks.

    Example:
        >>> [(one.name, one.members) for one in
        ...  task_groups(["hi_charades", "ss_charades", "hi_tvgbench"], GROUP_PATTERNS)]
        [('mean-hi', ('hi_charades', 'hi_tvgbench'))]
    """
    groups = []
    for pattern, title in patterns.items():
        members = tuple(task for task in tasks if fnmatchcase(task, pattern))
        if len(members) > 1:
            groups.append(
                TaskGroup(name=_name(pattern), title=title, pattern=pattern, members=members)
            )
    return tuple(groups)


def figures_of_group(
    group: TaskGroup, tasks: Mapping[str, FiguresOfTask], *, floors: Collection[str]
) -> dict[str, Figures]:
    """Return the figures of the rows that have every task of a group, ranked.

    Args:
        group: the group.
        tasks: the figures of its tasks; without one of them there is nothing to rank.
        floors: ids of the rows that are floors.
    """
    if not set(group.members) <= tasks.keys():
        return {}
    held = [tasks[name] for name in group.members]
    rows = sorted(set.intersection(*(set(one.drawn) for one in held)))
    drawn = {row: mean_drawn([one.drawn[row] for one in held]) for row in rows}
    entries = {
        key: set.intersection(*(set(one.entries.get(key, ())) for one in held)) for key in _RANKED
    }
    ranking = rank_task(
        Field(
            drawn=drawn,
            entries=entries,
            floors=[row for row in rows if row in floors],
            pair_up=_pair_up([one.pair_up for one in held]),
        )
    )
    return {row: _shown(row, drawn[row], held, ranking) for row in rows}


def mean_of_paper(
    group: TaskGroup, figures: Mapping[str, Mapping[str, ShownFigure]]
) -> dict[str, ShownFigure]:
    """Return the mean of the figures that a paper's row has on every task of a group."""
    if not set(group.members) <= figures.keys():
        return {}
    found = {}
    for key in _RANKED:
        own = [figures[task].get(key) for task in group.members]
        known = [one for one in own if one is not None]
        if len(known) < len(own):
            continue
        mean = ShownFigure(
            value=sum(one.value for one in known) / len(known),
            flags=("reported",),
            note="Mean of the reported figures of the tasks.",
            source=known[0].source,
        )
        is_uncertain = any("uncertain" in one.flags for one in known)
        found[key] = mean.flagged("uncertain") if is_uncertain else mean
    return found


def mean_drawn(tasks: Sequence[Drawn]) -> dict[str, DrawnFigure]:
    """Return the means over tasks of the figures that a row has on all of them."""
    held = {key: [own[key] for own in tasks if key in own] for key in _RANKED}
    return {
        key: _mean_figure(figures)
        for key, figures in held.items()
        if len(figures) == len(tasks) and all(one.point is not None for one in figures)
    }


def _mean_figure(figures: Sequence[DrawnFigure]) -> DrawnFigure:
    points = [one.point for one in figures if one.point is not None]
    drawn = np.empty(0)
    if all(one.draws.size for one in figures):
        drawn = np.mean([_reordered(one.draws, place) for place, one in enumerate(figures)], axis=0)
    return DrawnFigure(
        point=sum(points) / len(points),
        draws=drawn,
        # Student's distribution of the task with the fewest videos: no narrower than it should be.
        n_videos=min(one.n_videos for one in figures),
        base=tuple(
            (f"{place}:{name}", digest)
            for place, one in enumerate(figures)
            for name, digest in one.base
        ),
    )


def _reordered(draws: FloatArray, place: int) -> FloatArray:
    """Return draws in another order, with those that lack selective figures kept at the end."""
    order: NDArray[np.intp] = np.concatenate(
        [
            np.random.default_rng((place, 0)).permutation(min(len(draws), N_SELECTIVE)),
            N_SELECTIVE
            + np.random.default_rng((place, 1)).permutation(max(0, len(draws) - N_SELECTIVE)),
        ]
    )
    reordered: FloatArray = draws[order]
    return reordered


def _pair_up(tasks: Sequence[PairUp]) -> PairUp:
    def pair_up(pair: Pair) -> tuple[Drawn, Drawn]:
        paired = [one(pair) for one in tasks]
        return mean_drawn([a for a, _ in paired]), mean_drawn([b for _, b in paired])

    return pair_up


def _shown(
    row: str, drawn: Drawn, tasks: Sequence[FiguresOfTask], ranking: TaskRanking
) -> dict[str, ShownFigure]:
    shown = {}
    for key, one in drawn.items():
        if one.point is None:
            continue
        low, high = interval_of(one)
        flags = dict.fromkeys(
            flag for task in tasks for flag in task.figures[row][key].flags if flag != "at_floor"
        )
        figure = ShownFigure(value=one.point, low=low, high=high, flags=tuple(flags))
        shown[key] = figure.placed(ranking.places[key].get(row))
    return shown


def _name(pattern: str) -> str:
    """Return a name without signs that a file name cannot hold."""
    return "mean-" + "".join(one for one in pattern if one.isalnum() or one in "_-").strip("_-")
