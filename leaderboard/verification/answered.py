"""The samples of an entry beside the verifier's queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rarft.harness.judges.judge_config import LLM_JUDGES
from rarft.harness.metrics import QueryOutcome, outcome
from rarft.harness.reply_rows import prediction_from_row
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.types import Judgement, Measure, Prediction, Query, Reply
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.types import Sample
from rarft.leaderboard.verification.claims import Claims

NO_WORDS: Final = "empty reply"
"""How the parser reads a reply that is there and holds no word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One query that was asked, and what came back.

    `prediction` is None unless the sample is scored; `speaks` says whether the reply was text, if
    only an empty one, and not an answer without words.
    """

    query: Query
    sample: Sample
    prediction: Prediction | None
    speaks: bool

    @property
    def reply(self) -> Reply:
        """Return the reply as judges take it."""
        return Reply(
            text=self.sample.reply if self.speaks else None,
            n_frames=self.sample.n_frames,
            effective_fps=self.sample.effective_fps,
        )

    @property
    def judgements(self) -> dict[Measure, Judgement]:
        """Return how the reply was judged, as the entry says."""
        found: dict[Measure, Judgement] = {}
        for measure, row in self.sample.judgements.items():
            value = row["value"]
            found[measure] = Judgement(  # type: ignore[index]  # read_entry knows the measures
                measure=measure,  # type: ignore[arg-type]
                judge=row["judge"],
                version=row["version"],
                model=row["model"],
                value=tuple(value) if isinstance(value, list) else value,
                reason=row["reason"],
            )
        return found


def answered_queries(
    task: LoadedTask, samples: Sequence[Sample], claims: Claims
) -> tuple[Answered, ...]:
    """Put every query that was asked together with its sample.

    Raises:
        EntryRefused: a query lacks its sample, a sample its query, or the order is another.
    """
    _check_ids(task, samples, claims)
    is_read_by_llm = claims.config.judging.judge_of("relevance") in LLM_JUDGES
    for sample in samples:
        if sample.status == "unjudged" and not is_read_by_llm:
            raise EntryRefused(
                "bad_sample",
                f"{claims.rows_of(task.name)}: got query {shown(sample.query_id)} unjudged, "
                "expected a prediction, as the rule reads every reply; make the entry again",
            )
    return tuple(map(_answered, task.asked, samples))


def outcomes_of(answered: Sequence[Answered], config: RunConfig) -> tuple[QueryOutcome, ...]:
    """Return what became of each query, by the verifier's references and the entry's policy."""
    judged = config.judging.judged
    return tuple(
        outcome(
            one.query,
            one.prediction,
            policy=config.policy,
            status=one.sample.status,  # type: ignore[arg-type]  # read_entry knows the statuses
            judgements=one.judgements,
            judged=judged,
            speaks=one.speaks,
            relevance_score=one.sample.relevance_score,
        )
        for one in answered
    )


def _answered(query: Query, sample: Sample) -> Answered:
    prediction = None if sample.prediction is None else prediction_from_row(sample.prediction)
    is_silent = prediction is not None and prediction.reason == NO_WORDS
    speaks = bool(sample.reply) or is_silent
    return Answered(query=query, sample=sample, prediction=prediction, speaks=speaks)


def _check_ids(task: LoadedTask, samples: Sequence[Sample], claims: Claims) -> None:
    asked: Mapping[str, Query] = {query.id: query for query in task.asked}
    given = {sample.query_id for sample in samples}
    place = claims.rows_of(task.name)
    for sample in samples:
        if sample.query_id not in asked:
            raise EntryRefused(
                "unknown_query",
                f"{place}: got a sample of query {shown(sample.query_id)}, expected one of the "
                f"{len(asked):,} queries that were asked; make the entry again",
            )
    for query_id in asked:
        if query_id not in given:
            raise EntryRefused(
                "missing_query",
                f"{place}: got no sample of query {shown(query_id)}, expected one of every query "
                "that was asked, also where there is no reply; make the entry again",
            )
    for query, sample in zip(task.asked, samples, strict=True):
        if sample.query_id != query.id:
            raise EntryRefused(
                "query_order",
                f"{place}: got a sample of query {shown(sample.query_id)}, expected query "
                f"{shown(query.id)} in its place; keep the order of the task",
            )
