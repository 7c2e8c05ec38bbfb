"""Rank the rows of one task by every figure, and compare the pairs that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from rarft.harness.report.compare_tasks import higher_is_better
from rarft.harness.statistics import Difference
from rarft.harness.statistics.paired import NOT_COMPARED
from rarft.leaderboard.ranking.blind_restricted import BLIND_WRONG
from rarft.leaderboard.ranking.differences import Pair, differences
from rarft.leaderboard.ranking.drawn import DrawnFigure
from rarft.leaderboard.ranking.standings import Standing, standings

Drawn = Mapping[str, DrawnFigure]
"""The figures of one row by key."""
PairUp = Callable[[Pair], tuple[Drawn, Drawn]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFigure:
    """The difference of two rows in one figure; `p_holm` is None where nothing is ranked by it."""

    difference: Difference
    p_holm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRanking:
    """The places of rows by figure, and the figures of the pairs that were asked for."""

    places: Mapping[str, Mapping[str, Standing]]
    compared: Mapping[Pair, Mapping[str, ComparedFigure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Who is ranked by each figure of a task.

    Args:
        drawn: the figures of every row, floors among them.
        entries: by figure, the ids of the rows that are ranked.
        floors: ids of the floors.
        pair_up: returns the figures of two rows on the queries that both scored; asked where
            those that each row scored differ.
    """

    drawn: Mapping[str, Drawn]
    entries: Mapping[str, Collection[str]]
    pair_up: PairUp
    floors: Collection[str] = ()


def rank_task(held: Field, *, compare: Collection[Pair] = ()) -> TaskRanking:
    """Rank the rows of a task by every figure.

    Args:
        held: the rows.
        compare: the pairs whose differences are wanted with intervals, in alphabetical order.
    """
    keys = dict.fromkeys(key for figures in held.drawn.values() for key in figures)
    apart = _Apart(held.pair_up)
    wanted = set(compare)
    places: dict[str, Mapping[str, Standing]] = {}
    compared: dict[Pair, dict[str, ComparedFigure]] = {pair: {} for pair in wanted}
    for key in keys:
        figures = {name: own[key] for name, own in held.drawn.items() if key in own}
        found, missing = differences(figures, bounded=wanted)
        entries = set(held.entries.get(key, ())) & figures.keys()
        relevant = entries | set(held.floors)
        for pair in missing:
            if pair in wanted or {*pair} <= relevant:
                found[pair] = apart.difference(pair, key)
        ranked = {pair: one for pair, one in found.items() if {*pair} <= relevant}
        result = standings(
            _points(figures, entries),
            _points(figures, held.floors),
            ranked,
            higher_is_better=higher_is_better(_figure_of(key)),
        )
        places[key] = result.places
        for pair in wanted & found.keys():
            compared[pair][key] = ComparedFigure(
                difference=found[pair], p_holm=result.p_holm.get(pair)
            )
    return TaskRanking(places=places, compared=compared)


class _Apart:
    """Compares, once a pair, rows that are measured on different queries; it owns what it found."""

    def __init__(self, pair_up: PairUp) -> None:
        self._pair_up = pair_up
        self._found: dict[Pair, dict[str, Difference]] = {}

    def difference(self, pair: Pair, key: str) -> Difference:
        """Return the difference on the queries that both rows scored."""
        if pair not in self._found:
            first, second = (dict(one) for one in self._pair_up(pair))
            own: dict[str, Difference] = {}
            for name in first.keys() & second.keys():
                both = {
                    pair[0]: replace(first[name], base=()),
                    pair[1]: replace(second[name], base=()),
                }
                found, _ = differences(both, bounded=[pair])
                if pair in found:
                    own[name] = found[pair]
            self._found[pair] = own
        return self._found[pair].get(key, NOT_COMPARED)


def _figure_of(key: str) -> str:
    return "f1_avg" if key == BLIND_WRONG else key


def _points(figures: Mapping[str, DrawnFigure], names: Collection[str]) -> dict[str, float]:
    """Return the figure of each of the rows that have it."""
    points = {name: figures[name].point for name in names if name in figures}
    return {name: point for name, point in points.items() if point is not None}
