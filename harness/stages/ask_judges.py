"""Put the judges' questions to a language model, live or as a batch, and store each answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarft.harness.judges.case import Case
from rarft.harness.judges.judge_config import JudgeConfig, JudgeEffort
from rarft.harness.judges.llm_judge import LLMJudge, judgements_of
from rarft.harness.llm import LLMAnswer, LLMRequest, LLMSettings
from rarft.harness.progress import track
from rarft.harness.stages.judgement_store import (
    Entry,
    JudgementKey,
    JudgementStore,
    basis_digest,
)
from rarft.harness.types import Judgement, Measure, Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request of one judge about one reply, and the measures its answer is wanted for."""

    key: JudgementKey
    case: Case
    judge: LLMJudge
    request: LLMRequest
    measures: tuple[Measure, ...]
    digest: str

    def basis(self, measure: Measure) -> str:
        """Return what a judgement made from the answer rests on."""
        return basis_digest(measure, self.judge.name, self.judge.version, self.digest)


def llm_settings(config: JudgeConfig, effort: JudgeEffort) -> LLMSettings:
    """Return how the run's LLM is reached.

    Raises:
        UserError: a value is out of range.
    """
    return LLMSettings(
        model=config.judge_model or "",
        base_url=config.judge_base_url,
        n_concurrent=effort.judge_concurrency,
        timeout_s=effort.judge_timeout_s,
        budget_usd=effort.judge_budget,
        prices=effort.judge_prices,
    )


def make_question(
    key: JudgementKey,
    case: Case,
    judge: LLMJudge,
    measures: Sequence[Measure],
    settings: LLMSettings,
) -> Question:
    """Write out what the judge asks about one reply."""
    request = judge.build(case)
    return Question(
        key=key,
        case=case,
        judge=judge,
        request=request,
        measures=tuple(measures),
        digest=request.digest(model=settings.model, settings=settings.answer_settings),
    )


def open_questions(
    questions: Iterable[Question], store: JudgementStore, *, retry_unscored: bool
) -> list[Question]:
    """Return the questions that have no stored answer; unscored ones have one unless retried."""
    return [one for one in questions if not _is_answered(one, store, retry_unscored)]


def _is_answered(question: Question, store: JudgementStore, retry_unscored: bool) -> bool:
    for measure in question.measures:
        stored = store.get(question.key, measure, question.basis(measure))
        if stored is None or (retry_unscored and stored.reason):
            return False
        if isinstance(stored.value, Prediction) and stored.value.kind == "grounded":
            return True  # a reply that grounds explains nothing
    return True


def ask(
    questions: Sequence[Question],
    store: JudgementStore,
    settings: LLMSettings,
    effort: JudgeEffort,
    directory: Path,
    *,
    show_progress: bool,
) -> str:
    """Send the questions and store every answer as it comes; return one line about the cost.

    Raises:
        UserError: no answer can be had, for example for want of a valid key; what came is stored.
    """
    from rarft.harness.llm import AnswerCache, answer_all

    requests = [question.request for question in questions]
    with AnswerCache() as cache, track("judged", len(questions), shown=show_progress) as advance:

        def keep(answers: Sequence[tuple[int, LLMAnswer]]) -> None:
            store.put([e for i, a in answers for e in _entries(questions[i], a, settings.model)])
            advance(len(answers))

        if effort.batch:
            return _ask_as_batch(
                requests, settings, directory, cache, keep, retry_failed=effort.retry_unscored
            )
        spent = answer_all(requests, settings, cache=cache, on_answers=keep)
    return spending_line(spent, n_asked=len(requests), model=settings.model)


def _ask_as_batch(
    requests: Sequence[LLMRequest],
    settings: LLMSettings,
    directory: Path,
    cache: Any,
    keep: Any,
    *,
    retry_failed: bool,
) -> str:
    from rarft.harness.llm.batch import collect, submit

    submit(requests, settings, directory, cache=cache, retry_failed=retry_failed)
    state = collect(requests, settings, directory, cache=cache, on_answers=keep)
    left = state.n_waiting + state.n_to_submit
    return (
        f"batch of {settings.model}: {state.n_done + state.n_cached} of {state.n_requests} "
        f"answered, {state.n_failed} failed, {left} to come"
        + ("; give the same command later to collect them" if left else "")
    )


def spending_line(spent: Any, *, n_asked: int, model: str) -> str:
    """Say what asking has cost, and why it stopped where it did."""
    cost = "no known price" if spent.usd is None else f"{spent.usd:.4f} USD"
    line = (
        f"{model}: {n_asked} questions, {spent.n_cached} from the cache, {spent.n_calls} calls, "
        f"{spent.n_failed} unscored, {spent.n_prompt_tokens} + {spent.n_new_tokens} tokens, {cost}"
    )
    n_delivered = spent.n_requests
    if spent.stopped == "budget":
        line += (
            f"; stopped by --judge_budget with {n_asked - n_delivered} questions left, "
            "give a larger one to go on"
        )
    return line


def _entries(question: Question, answer: LLMAnswer, model: str) -> list[Entry]:
    judgements: Mapping[Measure, Any] = judgements_of(
        question.judge, question.case, answer, model=model
    )
    usage: dict[str, Any] = {
        "n_calls": answer.n_calls,
        "n_prompt_tokens": answer.n_prompt_tokens,
        "n_new_tokens": answer.n_new_tokens,
        "usd": answer.usd,
        "served_model": answer.served_model,
        "cached": answer.cached,
    }
    entries = []
    for measure in question.measures:
        judgement = judgements.get(measure)
        if judgement is None and "relevance" not in question.measures:
            judgement = Judgement(
                measure=measure,
                judge=question.judge.name,
                version=question.judge.version,
                model=model,
                reason="the judge takes the reply for one that grounds",
            )
        if judgement is not None:
            basis = question.basis(measure)
            entries.append(Entry(key=question.key, basis=basis, judgement=judgement, usage=usage))
            # One call is accounted for once, however many measures it gives.
            usage = {}
    return entries
