"""Floors of tasks without samples: what follows from how many queries are relevant.

A task that only a paper has rows of has no queries here to ask a floor, but its size is published,
and what always grounding and always refusing earn by F1 depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from rarft.harness.report.rows import FLOORS
from rarft.harness.report.schema import ModelEntry, Results
from rarft.leaderboard.site_data.board_rows import BoardRow
from rarft.leaderboard.site_data.floor_rows import TITLES, floor_id
from rarft.leaderboard.site_data.shown_figure import ShownFigure
from rarft.leaderboard.types import AboutEntry

GROUND: Final = "always_ground"
REFUSE: Final = "always_refuse"
BALANCE_FLOORS: Final = (GROUND, REFUSE)


def balance_floor_figures(
    name: str, *, n_relevant: int, n_irrelevant: int
) -> dict[str, ShownFigure]:
    """Return the figures of a floor that follow from the balance of a task, none of one class.

    Always grounding has an RA-IoU too, which depends on the spans and is not known.

    Example:
        >>> ground = balance_floor_figures("always_ground", n_relevant=5, n_irrelevant=5)
        >>> {key: round(figure.value, 3) for key, figure in ground.items()}
        {'f1_relevant': 0.667, 'f1_irrelevant': 0.0, 'f1_avg': 0.333}
        >>> refuse = balance_floor_figures("always_refuse", n_relevant=5, n_irrelevant=5)
        >>> refuse["ra_miou"].value, round(refuse["f1_irrelevant"].value, 3)
        (0.5, 0.667)
    """
    if not n_relevant or not n_irrelevant:
        return {}
    n_queries = n_relevant + n_irrelevant
    told = n_relevant if name == GROUND else n_irrelevant
    # Every query of one class is told right (recall 1) with the class's share as precision.
    f1 = 2 * told / (told + n_queries)
    values = {
        "f1_relevant": f1 if name == GROUND else 0.0,
        "f1_irrelevant": 0.0 if name == GROUND else f1,
        "f1_avg": f1 / 2,
    }
    if name == REFUSE:
        recall = n_irrelevant / n_queries
        ra_iou = dict.fromkeys(("ra_iou@0.3", "ra_iou@0.5", "ra_iou@0.7", "ra_miou"), recall)
        values = ra_iou | values
    note = (
        f"Computed from the balance of the set: {n_relevant:,} relevant and {n_irrelevant:,} "
        "irrelevant queries."
    )
    return {key: ShownFigure(value=value, note=note) for key, value in values.items()}


def balance_floors(
    sizes: Mapping[str, tuple[int, int]],
) -> dict[str, dict[str, dict[str, ShownFigure]]]:
    """Return the figures of the floors by task and row.

    Args:
        sizes: of each task, how many of its queries are relevant and irrelevant, 0 where unknown.

    Example:
        >>> list(balance_floors({"hi_charades": (10, 10), "hi_activitynet": (0, 0)}))
        ['hi_charades']
    """
    return {
        task: {
            floor_id(name): balance_floor_figures(
                name, n_relevant=n_relevant, n_irrelevant=n_irrelevant
            )
            for name in BALANCE_FLOORS
        }
        for task, (n_relevant, n_irrelevant) in sizes.items()
        if n_relevant and n_irrelevant
    }


def balance_rows(held: Sequence[BoardRow], wanted: Collection[str]) -> tuple[BoardRow, ...]:
    """Return a row without samples for each floor that is wanted and no row of the board yet."""
    there = {row.id for row in held}
    return tuple(
        BoardRow(
            id=floor_id(name),
            kind="floor",
            tier="recomputed",
            about=AboutEntry(name=FLOORS[name], title=TITLES[name], family="baseline"),
            results=Results(
                schema_version=1, model=ModelEntry(name=name, family="baseline"), results={}
            ),
            outcomes={},
            verification={
                "reasons": ["computed from the balance of each task, no query was asked"]
            },
        )
        for name in BALANCE_FLOORS
        if floor_id(name) in wanted and floor_id(name) not in there
    )
