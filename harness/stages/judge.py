"""judge: stored replies become rows of judgements.jsonl, with no model of the run loaded.

First what each reply says (relevance and span), then, for refusals of irrelevant queries, how they
explain themselves. Every judgement is stored as it is made and never made twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rarft.harness.judges import rule
from rarft.harness.judges.case import Case
from rarft.harness.judges.judge_config import LLM_JUDGES, OFFLINE, JudgeConfig, JudgeEffort
from rarft.harness.judges.judged_text import judged_text
from rarft.harness.parsing import Form
from rarft.harness.stages.ask_judges import Asked
from rarft.harness.stages.judge_by_llm import Judging, explain_by_llm, llm_judges, read_by_llm
from rarft.harness.stages.judge_explanations import explain_here, local_identity
from rarft.harness.stages.judge_relevance import Queries, answered_replies, read_by_rule
from rarft.harness.stages.judgement_store import JUDGEMENTS, JudgementKey, JudgementStore
from rarft.harness.stages.response_store import Responses
from rarft.harness.types import Judgement, Measure, Prediction, Query, Reply

__all__ = ["JUDGEMENTS", "Judged", "JudgementKey", "judge", "judge_identities"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the judges say of each reply.

    `predictions` lacks a reply that the LLM's relevance judge could not read; `unread` has the
    reason. `by_rule` holds the rule's reading of every reply. `notes` say what an LLM has cost,
    `n_waiting` how many questions a batch has not answered yet.
    """

    predictions: Mapping[JudgementKey, Prediction]
    by_rule: Mapping[JudgementKey, Prediction]
    judgements: Mapping[JudgementKey, Mapping[Measure, Judgement]]
    unread: Mapping[JudgementKey, str]
    notes: tuple[str, ...] = ()
    n_waiting: int = 0


def judge(
    responses: Responses,
    queries: Queries,
    directory: Path,
    *,
    form: Form,
    config: JudgeConfig | None = None,
    effort: JudgeEffort = OFFLINE,
    further_samples: Queries | None = None,
    show_progress: bool = False,
) -> Judged:
    """Judge every answered query that has no judgement yet, and return all of them.

    `further_samples` are the second and later replies to the same queries, which only the rule
    reads.

    Raises:
        UserError: a judge cannot work as asked; every judgement made before is stored.
    """
    config = config or JudgeConfig()
    with JudgementStore(directory) as store:
        judging = Judging(
            store=store,
            config=config,
            effort=effort,
            directory=directory,
            show_progress=show_progress,
        )
        replies = {key: reply for key, _, reply in answered_replies(responses, queries)}
        by_rule = read_by_rule(
            ((key, queries[key], reply) for key, reply in replies.items()), store, form=form
        )
        samples = read_by_rule(answered_replies(responses, further_samples or {}), store, form=form)
        cases = make_cases(queries, replies, by_rule, config)
        predictions, unread, read = by_rule, dict[JudgementKey, str](), Asked()
        if config.judge_of("relevance") in LLM_JUDGES:
            predictions, unread, read = read_by_llm(judging, cases, by_rule)
        judging = replace(judging, effort=effort.after(read.spent_usd))
        judgements, explained = _explain(judging, queries, replies, cases, predictions)
    return Judged(
        predictions=predictions,
        by_rule={**by_rule, **samples},
        judgements=judgements,
        unread=unread,
        notes=tuple(asked.note for asked in (read, explained) if asked.note),
        n_waiting=read.n_waiting + explained.n_waiting,
    )


def make_cases(
    queries: Queries,
    replies: Mapping[JudgementKey, Reply],
    predictions: Mapping[JudgementKey, Prediction],
    config: JudgeConfig,
) -> dict[JudgementKey, Case]:
    """Set each reply that is read beside its reference."""
    return {
        key: _case(queries[key], replies[key], prediction, config)
        for key, prediction in predictions.items()
    }


def _case(query: Query, reply: Reply, prediction: Prediction, config: JudgeConfig) -> Case:
    explains = not query.relevant and reply.text is not None
    text = judged_text(reply.text or "", prediction, text=config.judge_text) if explains else ""
    return Case(query=query, reply=reply, prediction=prediction, text=text)


def _explain(
    judging: Judging,
    queries: Queries,
    replies: Mapping[JudgementKey, Reply],
    by_rule: Mapping[JudgementKey, Case],
    predictions: Mapping[JudgementKey, Prediction],
) -> tuple[dict[JudgementKey, dict[Measure, Judgement]], Asked]:
    """Judge the explanations of irrelevant queries; return the judgements and what they cost."""
    irrelevant = {key: one for key, one in predictions.items() if not queries[key].relevant}
    cases = make_cases(queries, replies, irrelevant, judging.config)
    judgements: dict[JudgementKey, dict[Measure, Judgement]] = {key: {} for key in cases}
    explain_here(
        cases, judgements, judging.store, judging.config, show_progress=judging.show_progress
    )
    asked = Asked()
    if judging.config.llm_kinds:
        asked = explain_by_llm(judging, cases, by_rule, judgements)
    return judgements, asked


def judge_identities(config: JudgeConfig) -> dict[Measure, dict[str, Any]]:
    """Return what judged each measure: every result file says it."""
    by_llm = llm_judges(config)
    kinds = {measure: kind for kind, measures in config.llm_kinds.items() for measure in measures}
    identities: dict[Measure, dict[str, Any]] = {}
    for measure in sorted(config.judged):
        if measure in kinds:
            asked = by_llm[kinds[measure]]
            identities[measure] = {
                "judge": asked.name,
                "version": asked.version,
                "model": config.judge_model,
                "prompt_sha256": asked.prompt_sha256,
            }
        elif measure == "relevance":
            identities[measure] = {"judge": rule.NAME, "version": rule.VERSION}
        else:
            identities[measure] = dict(local_identity(measure, config))
        if measure not in ("relevance", "correction"):
            identities[measure]["text"] = config.judge_text
    return identities
