"""Two rows with samples: what differs, where, and on which queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from rarft.harness.metrics import QueryOutcome
from rarft.harness.report.compare_judges import (
    MCNEMAR,
    different_judges,
    differing_measures,
    not_comparable,
    rests_on,
)
from rarft.harness.statistics import (
    Pairing,
    mcnemar,
    minimum_detectable_effect,
    pair_outcomes,
)
from rarft.harness.statistics.mcnemar import is_told_right
from rarft.leaderboard.ranking.task_ranking import ComparedFigure
from rarft.leaderboard.site_data.board_rows import BoardRow
from rarft.leaderboard.site_data.data_file import SCHEMA_VERSION
from rarft.leaderboard.site_data.measured_board import MeasuredBoard

MAX_LISTED: Final = 1_000
"""How many queries that one row alone tells right are listed."""


def compare_record(board: MeasuredBoard, a: BoardRow, b: BoardRow) -> dict[str, Any]:
    """Return the content of compare/<a>..<b>.json; a's id sorts before b's."""
    shared = [task for task in board.task_names if task in a.outcomes and task in b.outcomes]
    return {
        "schema_version": SCHEMA_VERSION,
        "a": a.id,
        "b": b.id,
        "titles": [one.about.name or one.results.model.label for one in (a, b)],
        "tasks": {task: _task_record(board, a, b, task) for task in shared},
    }


def _task_record(board: MeasuredBoard, a: BoardRow, b: BoardRow, task: str) -> dict[str, Any]:
    is_floor = a.is_floor or b.is_floor
    if a.policy != b.policy and not is_floor:
        return {"not_comparable": {"all": f"scored by the policies {a.policy} and {b.policy}"}}
    first, second = a.outcomes[task], b.outcomes[task]
    paired = pair_outcomes(first, second)
    # A floor is taken to name what a judge would read: no judge of it can differ.
    differing = () if is_floor else differing_measures(a.results, b.results)
    compared = board.of_task[task].compared.get((a.id, b.id), {})
    reasons = not_comparable({key: one.difference for key, one in compared.items()}, differing)
    if told_apart := [measure for measure in differing if rests_on(MCNEMAR, measure)]:
        reasons[MCNEMAR] = different_judges(told_apart)
    return {
        "n_paired": paired.n_paired,
        "n_videos": paired.n_videos,
        "n_only_a": paired.n_only_a,
        "n_only_b": paired.n_only_b,
        "n_neither": paired.n_neither,
        "figures": {
            key: _figure_record(one) for key, one in compared.items() if key not in reasons
        },
        "not_comparable": reasons,
        "mcnemar": None if told_apart else _mcnemar_record(paired),
        "only_a_right": _told_by_one(first, second),
        "only_b_right": _told_by_one(second, first),
    }


def _figure_record(one: ComparedFigure) -> dict[str, Any]:
    held = asdict(one.difference)
    del held["p_resolved"]
    held["minimum_detectable"] = minimum_detectable_effect(one.difference.se)
    return _known(held) | {"p_holm": one.p_holm}


def _mcnemar_record(paired: Pairing) -> dict[str, Any]:
    told = mcnemar(paired.a, paired.b)
    return _known({**asdict(told), "difference": told.difference})


def _known(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if value is not None}


def _told_by_one(first: Sequence[QueryOutcome], second: Sequence[QueryOutcome]) -> list[int]:
    """Return the places of the queries that the first row tells right and the second wrong."""
    both = zip(first, second, strict=False)
    places = (
        place
        for place, (one, other) in enumerate(both)
        if None not in (one.counts_as, other.counts_as)
        and is_told_right(one)
        and not is_told_right(other)
    )
    return [place for place, _ in zip(places, range(MAX_LISTED), strict=False)]
