"""Put the judges' questions to a language model, live or as a batch, and store each answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarft.harness.errors import UserError
from rarft.harness.judges.case import Case
from rarft.harness.judges.judge_config import JudgeConfig, JudgeEffort
from rarft.harness.judges.llm_judge import LLMJudge, judgements_of
from rarft.harness.llm import (
    AnswerCache,
    BatchState,
    LLMAnswer,
    LLMRequest,
    LLMSettings,
    Spending,
    answer_all,
    collect,
    submit,
)
from rarft.harness.llm.batch_log import waiting_digests
from rarft.harness.progress import track
from rarft.harness.reply_rows import row_from_prediction
from rarft.harness.stages.judgement_store import (
    Entry,
    JudgementKey,
    JudgementStore,
    basis_digest,
)
from rarft.harness.types import Judgement, Measure, Prediction, pairs_from_spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What asking has cost: one line about it, "" where nobody was asked, and the USD.

    `spent_usd` leaves out batches, whose budget is counted by the directory; `n_waiting` counts the
    questions that a batch has not answered yet.
    """

    note: str = ""
    spent_usd: float = 0.0
    n_waiting: int = 0


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
        kept = self._kept_from_the_rule() if measure == "relevance" else ()
        return basis_digest(measure, self.judge.name, self.judge.version, self.digest, *kept)

    def is_unscored(self, store: JudgementStore) -> bool:
        """Return whether the judge was asked and gave no usable answer."""
        stored = (store.get(self.key, one, self.basis(one)) for one in self.measures)
        return any(one is not None and bool(one.reason) for one in stored)

    def _kept_from_the_rule(self) -> tuple[Any, ...]:
        """Return what a prediction takes from elsewhere than the LLM's answer."""
        query, reply = self.case.query, self.case.reply
        clip = pairs_from_spans([query.clip] if query.clip else [])
        rule = row_from_prediction(self.case.prediction)
        return rule, reply.text, reply.n_frames is not None, query.duration_s, clip


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
        # A reply that grounds, or that nobody could read, has no judged explanation.
        if measure == "relevance" and not _may_explain(stored):
            return True
    return True


def _may_explain(read: Judgement) -> bool:
    return isinstance(read.value, Prediction) and read.value.kind != "grounded"


def ask(
    questions: Sequence[Question],
    store: JudgementStore,
    settings: LLMSettings,
    effort: JudgeEffort,
    directory: Path,
    *,
    show_progress: bool,
) -> Asked:
    """Send the questions and store every answer as it comes.

    Raises:
        UserError: no answer can be had, for example for want of a valid key; what came is stored.
    """
    requests = [question.request for question in questions]
    with AnswerCache() as cache, track("judged", len(questions), shown=show_progress) as advance:

        def keep(answers: Sequence[tuple[int, LLMAnswer]]) -> None:
            store.put([e for i, a in answers for e in _entries(questions[i], a, settings.model)])
            advance(len(answers))

        if effort.batch:
            retry = effort.retry_unscored
            sent = submit(requests, settings, directory, cache=cache, retry_failed=retry)
            state = collect(requests, settings, directory, cache=cache, on_answers=keep)
            over_budget = dict(sent.reasons).get("budget", 0)
            note = batch_line(state, model=settings.model, over_budget=over_budget)
            return Asked(note=note, n_waiting=state.n_waiting)
        _check_batches(questions, directory)
        spent = answer_all(requests, settings, cache=cache, on_answers=keep)
    note = spending_line(spent, n_asked=len(requests), model=settings.model)
    return Asked(note=note, spent_usd=spent.usd or 0.0)


def _check_batches(questions: Sequence[Question], directory: Path) -> None:
    """Refuse to pay live for what a batch already asks."""
    waiting = waiting_digests(directory)
    n_waiting = sum(question.digest in waiting for question in questions)
    if n_waiting:
        raise UserError(
            f"got {n_waiting} questions that a batch of {directory} is asking, expected them to be "
            "collected; add --batch, or delete its batches.jsonl to ask them anew"
        )


def batch_line(state: BatchState, *, model: str, over_budget: int = 0) -> str:
    """Say how far the batches of a run are, and what keeps the rest.

    Example:
        >>> state = BatchState(n_requests=3, n_cached=0, n_waiting=2, n_done=1, n_failed=0,
        ...                    n_to_submit=0, batches=(("b1", "in_progress"),), usd=None)
        >>> batch_line(state, model="m")
        'batch of m: 1 of 3 answered, 0 failed; 2 wait, give the same command later to collect them'
    """
    line = (
        f"batch of {model}: {state.n_done + state.n_cached} of {state.n_requests} answered, "
        f"{state.n_failed} failed"
    )
    if state.n_waiting:
        line += f"; {state.n_waiting} wait, give the same command later to collect them"
    if over_budget:
        line += f"; {over_budget} do not fit --judge_budget and were not sent, give a larger one"
    elif state.n_to_submit:
        reasons = ", ".join(f"{reason} ({n})" for reason, n in state.reasons)
        line += f"; {state.n_to_submit} are to be sent again: {reasons or 'their batch ended'}"
    return line


def spending_line(spent: Spending, *, n_asked: int, model: str) -> str:
    """Say what asking has cost, and why it stopped where it did.

    Example:
        >>> spending_line(Spending(n_requests=2, n_calls=2, usd=0.25), n_asked=2, model="m")
        'm: 2 questions, 0 from the cache, 2 calls, 0 unscored, 0 + 0 tokens, 0.2500 USD'
    """
    cost = "no known price" if spent.usd is None else f"{spent.usd:.4f} USD"
    line = (
        f"{model}: {n_asked} questions, {spent.n_cached} from the cache, {spent.n_calls} calls, "
        f"{spent.n_failed} unscored, {spent.n_prompt_tokens} + {spent.n_new_tokens} tokens, {cost}"
    )
    if spent.stopped == "budget":
        n_left = n_asked - spent.n_requests
        line += f"; stopped by --judge_budget with {n_left} questions left, give another to go on"
    if spent.n_failed:
        line += "; judgements.jsonl has each reason, --retry_unscored asks again"
    return line


def _entries(question: Question, answer: LLMAnswer, model: str) -> list[Entry]:
    judgements = judgements_of(question.judge, question.case, answer, model=model)
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
