"""Rows of what needs no video, made here on the same queries as the ranked entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rarft.harness.judges.rule import judge_reply
from rarft.harness.metrics import QueryOutcome, outcome
from rarft.harness.replies import Policy
from rarft.harness.reply_rows import row_from_prediction
from rarft.harness.report.rows import FLOORS
from rarft.harness.report.schema import ModelEntry, Results
from rarft.harness.stages.floor_explanations import explanation_of
from rarft.harness.stages.floors import SHOWN_FLOORS, floor_replies
from rarft.harness.stages.loaded_task import queries_digest
from rarft.harness.stages.task_figures import task_figures
from rarft.harness.types import Prediction, Query, Reply
from rarft.leaderboard.site_data.board_rows import BoardRow
from rarft.leaderboard.types import AboutEntry, Sample

BLIND: Final = "blind"
TITLES: Final = {
    "always_ground": "Grounds the whole video",
    "always_refuse": "Refuses every query",
    "blind": "A classifier of the query's words, cross-fitted by video",
}
N_RESAMPLES: Final = 10_000
"""Resamples of the intervals, as many as those of a run by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorReplies:
    """What each floor replies to every query of a task; a floor that does not apply is absent."""

    of_floor: Mapping[str, tuple[Reply, ...]]

    def blind_right(self, queries: Sequence[Query]) -> dict[str, bool] | None:
        """Return whether the blind classifier tells each query's class, None without it."""
        replies = self.of_floor.get(BLIND)
        if replies is None:
            return None
        return {
            query.id: bool(reply.relevant) == query.relevant
            for query, reply in zip(queries, replies, strict=True)
        }


def floor_id(name: str) -> str:
    """Return the id of a floor's row on the board.

    Example:
        >>> floor_id("always_ground")
        'floor-always_ground'
    """
    return f"floor-{name}"


def replies_of_floors(queries: Sequence[Query], *, seed: int = 0) -> FloorReplies:
    """Return what every floor that applies answers to the queries of a task.

    The blind one learns from all of them, which takes minutes on a large task the first time.
    """
    digest = queries_digest(queries)
    found: dict[str, tuple[Reply, ...]] = {}
    for name in SHOWN_FLOORS:
        replies = tuple(floor_replies(name, queries, digest=digest, seed=seed))
        if all(reply.failure is None for reply in replies):
            found[name] = replies
    return FloorReplies(of_floor=found)


def floor_rows(
    tasks: Mapping[str, Sequence[Query]],
    replies: Mapping[str, FloorReplies],
    *,
    n_asked: Mapping[str, int],
    policy: Policy = "paper",
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> tuple[BoardRow, ...]:
    """Return a row for each floor, with the tasks that it applies to.

    Args:
        tasks: the queries by task.
        replies: what the floors reply to them.
        n_asked: how many queries of each task the ranked entries were asked, from the first on.
        policy: how an unparsed reply is scored; floors have none.
        n_resamples: resamples of the intervals.
        seed: their seed.
    """
    rows = []
    for name, label in FLOORS.items():
        held: dict[str, tuple[QueryOutcome, ...]] = {}
        samples: dict[str, tuple[Sample, ...]] = {}
        figures: dict[str, dict[str, Any]] = {}
        for task, queries in tasks.items():
            if name not in replies[task].of_floor:
                continue
            asked = queries[: n_asked[task]]
            told = replies[task].of_floor[name][: len(asked)]
            held[task], samples[task] = _answered(name, asked, told, policy)
            figures[task] = task_figures(held[task], n_resamples=n_resamples, seed=seed)
        if held:
            rows.append(_row(name, label, figures, held, samples, policy))
    return tuple(rows)


def _answered(
    name: str, asked: Sequence[Query], told: Sequence[Reply], policy: Policy
) -> tuple[tuple[QueryOutcome, ...], tuple[Sample, ...]]:
    explanation = explanation_of(name, asked)
    outcomes, samples = [], []
    for query, reply in zip(asked, told, strict=True):
        prediction = judge_reply(reply, form="structured", duration_s=query.duration_s)
        outcomes.append(
            outcome(
                query,
                prediction,
                policy=policy,
                judgements=explanation.judgements,
                judged=explanation.judged,
                relevance_score=reply.relevance_score,
            )
        )
        samples.append(_sample(query, reply, prediction))
    return tuple(outcomes), tuple(samples)


def _sample(query: Query, reply: Reply, prediction: Prediction) -> Sample:
    return Sample(
        query_id=query.id,
        status="scored",
        relevance_score=reply.relevance_score,
        prediction=row_from_prediction(prediction),
    )


def _row(
    name: str,
    label: str,
    figures: Mapping[str, dict[str, Any]],
    outcomes: Mapping[str, tuple[QueryOutcome, ...]],
    samples: Mapping[str, tuple[Sample, ...]],
    policy: Policy,
) -> BoardRow:
    return BoardRow(
        id=floor_id(name),
        kind="blind" if name == BLIND else "floor",
        tier="recomputed",
        about=AboutEntry(name=label, title=TITLES[name], family="baseline"),
        results=Results(
            schema_version=1,
            model=ModelEntry(name=name, family="baseline"),
            results=dict(figures),
            config={"policy": policy},
        ),
        outcomes=outcomes,
        samples=samples,
    )
