"""The figures of every row of one task with their places, and the pairs that are compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rarft.harness.metrics import QueryOutcome
from rarft.harness.report.columns import UNSCORED_SHOWN, is_flagged, unscored_share
from rarft.harness.report.schema import Scores, number_of
from rarft.harness.statistics import pair_outcomes
from rarft.harness.statistics.expanded import expanded_tail
from rarft.leaderboard.ranking.blind_restricted import BLIND_WRONG, blind_wrong_figure
from rarft.leaderboard.ranking.conditions import Asked, Condition, judged_alike, shared_condition
from rarft.leaderboard.ranking.differences import Pair
from rarft.leaderboard.ranking.drawn import DrawnFigure, drawn_figures
from rarft.leaderboard.ranking.task_ranking import (
    ComparedFigure,
    Drawn,
    Field,
    PairUp,
    TaskRanking,
    rank_task,
)
from rarft.leaderboard.site_data.board_columns import BOARD_COLUMNS, column_of
from rarft.leaderboard.site_data.board_rows import BoardRow, BoardTask
from rarft.leaderboard.site_data.run_figures import run_figures
from rarft.leaderboard.site_data.shown_figure import ShownFigure
from rarft.leaderboard.verification.verified import LEFT_OUT

Figures = Mapping[str, ShownFigure]
_ALL_COLUMNS = frozenset(column.key for column in BOARD_COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresOfTask:
    """By row its figures, by pair its differences, and under which condition rows are ranked.

    `drawn` holds the figures on the resamples, of the columns of the board alone, and `pair_up`
    those of two rows on the queries that both scored.
    """

    figures: Mapping[str, Figures]
    compared: Mapping[Pair, Mapping[str, ComparedFigure]]
    condition: Condition | None
    entries: Mapping[str, Collection[str]]
    drawn: Mapping[str, Drawn]
    pair_up: PairUp


def figures_of_task(
    task: BoardTask,
    rows: Sequence[BoardRow],
    *,
    compare: Collection[Pair] = (),
    n_resamples: int,
    seed: int,
) -> FiguresOfTask:
    """Return every figure of a task's rows, ranked.

    Args:
        task: the task with its queries.
        rows: the rows that have the task, floors among them.
        compare: the pairs of rows whose differences are wanted.
        n_resamples: resamples of the videos for ranks and comparisons.
        seed: their seed.
    """
    outcomes = {row.id: row.outcomes[task.name] for row in rows}
    drawn = {
        row.id: _drawn(task, outcomes[row.id], n_resamples=n_resamples, seed=seed) for row in rows
    }

    def pair_up(pair: Pair) -> tuple[Drawn, Drawn]:
        paired = pair_outcomes(outcomes[pair[0]], outcomes[pair[1]])
        return (
            _drawn(task, paired.a, n_resamples=n_resamples, seed=seed),
            _drawn(task, paired.b, n_resamples=n_resamples, seed=seed),
        )

    condition = _condition(task, rows)
    entries = _entries(task, rows, drawn, condition)
    floors = _floors(task, rows, condition)
    names = {row.id for row in rows}
    ranking = rank_task(
        Field(
            drawn=drawn,
            entries=entries,
            floors=floors,
            pair_up=pair_up,
        ),
        compare=[pair for pair in compare if {*pair} <= names],
    )
    return FiguresOfTask(
        figures={
            row.id: _shown(task, row, drawn[row.id], ranking, entries, condition) for row in rows
        },
        compared=ranking.compared,
        condition=condition,
        entries=entries,
        drawn={
            name: {key: one for key, one in own.items() if key in _ALL_COLUMNS}
            for name, own in drawn.items()
        },
        pair_up=pair_up,
    )


def _drawn(
    task: BoardTask, outcomes: Sequence[QueryOutcome], *, n_resamples: int, seed: int
) -> dict[str, DrawnFigure]:
    found = drawn_figures(outcomes, n_resamples=n_resamples, seed=seed)
    if task.blind_right is not None:
        blind_wrong = blind_wrong_figure(
            outcomes, task.blind_right, n_resamples=n_resamples, seed=seed
        )
        if blind_wrong is not None:
            found[BLIND_WRONG] = blind_wrong
    return {key: one for key, one in found.items() if one.point is not None}


def _condition(task: BoardTask, rows: Sequence[BoardRow]) -> Condition | None:
    asked = {
        row.id: Asked(n_queries=len(row.outcomes[task.name]), policy=row.policy)
        for row in rows
        if not row.is_floor
    }
    return shared_condition(asked, n_in_task=len(task.queries))


def _leaves_out(row: BoardRow, task: str) -> bool:
    return any(
        (check["name"], check["task"], check["outcome"]) == (LEFT_OUT, task, "lacking")
        for check in row.verification.get("checks", ())
    )


def _entries(
    task: BoardTask,
    rows: Sequence[BoardRow],
    drawn: Mapping[str, Mapping[str, DrawnFigure]],
    condition: Condition | None,
) -> dict[str, frozenset[str]]:
    """Return, by figure, the entries that are ranked.

    Of few scored queries nothing is significantly better, so who answers few would be first.
    """
    ranked = [
        row
        for row in rows
        if condition is not None and row.id in condition.ids and not _leaves_out(row, task.name)
    ]
    keys = dict.fromkeys(key for row in ranked for key in drawn[row.id])
    return {
        key: judged_alike({row.id: row.results for row in ranked if key in drawn[row.id]}, key)
        for key in keys
    }


def _floors(
    task: BoardTask, rows: Sequence[BoardRow], condition: Condition | None
) -> tuple[str, ...]:
    """Return the floors on the queries that are ranked."""
    if condition is None:
        return ()
    return tuple(
        row.id
        for row in rows
        if row.is_floor and len(row.outcomes[task.name]) == condition.n_queries
    )


def _shown(
    task: BoardTask,
    row: BoardRow,
    drawn: Mapping[str, DrawnFigure],
    ranking: TaskRanking,
    entries: Mapping[str, Collection[str]],
    condition: Condition | None,
) -> dict[str, ShownFigure]:
    scores = row.results.results[task.name]
    shown: dict[str, ShownFigure] = {}
    for key, one in drawn.items():
        figure = _with_interval(key, one, scores)
        if figure is None:
            continue
        figure = _marked(figure, key, scores)
        if not row.is_floor and row.id not in entries.get(key, ()):
            figure = figure.flagged("other_conditions")
        shown[key] = figure.placed(ranking.places[key].get(row.id))
    return shown | run_figures(row, task.name)


def _with_interval(key: str, one: DrawnFigure, scores: Scores) -> ShownFigure | None:
    """Return a figure with the interval of its run, or with that of the draws where it has none."""
    if one.point is None:
        return None
    low, high = number_of(scores, f"{key}_ci_low"), number_of(scores, f"{key}_ci_high")
    if key == BLIND_WRONG:
        low, high = interval_of(one)
    return ShownFigure(value=one.point, low=low, high=high)


def interval_of(one: DrawnFigure) -> tuple[float | None, float | None]:
    """Return the expanded percentile interval of a figure's draws."""
    import numpy as np

    applicable = one.draws[~np.isnan(one.draws)]
    if applicable.size < 2:
        return None, None
    tail = expanded_tail(one.n_videos)
    low, high = np.quantile(applicable, [tail, 1.0 - tail])
    return float(low), float(high)


def _marked(figure: ShownFigure, key: str, scores: Scores) -> ShownFigure:
    if is_flagged(scores):
        figure = figure.flagged("incomplete")
    measure = column_of(key).measure
    if measure and unscored_share(scores, measure) > UNSCORED_SHOWN:
        figure = figure.flagged("unscored")
    return figure
