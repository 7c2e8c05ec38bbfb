"""Put the questions of a step to the language model, live or as a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

from rarft.dataset_builder.config import LLMEffort
from rarft.harness.errors import UserError
from rarft.harness.llm import (
    AnswerCache,
    LLMAnswer,
    LLMRequest,
    LLMSettings,
    Spending,
    answer_all,
    collect,
    submit,
)
from rarft.harness.llm.batch_log import planned_usd, waiting_digests
from rarft.harness.llm.batch_state import requests_by_digest
from rarft.harness.llm.deliveries import OnAnswers
from rarft.harness.progress import track

AskingStep = Literal["categorize", "rewrite", "verify", "paraphrase"]
BATCHES: Final = "batches"
N_AT_ONCE: Final = 8192
"""Messages held in memory at once, where calls are live."""

Item = TypeVar("Item")
Keep = Callable[[Sequence[tuple[Item, LLMAnswer]]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a step asked and what that has cost.

    `is_over` says that the step cannot go on now: the budget is used up, or a batch has not
    answered yet.
    """

    n_asked: int = 0
    n_calls: int = 0
    n_cached: int = 0
    n_failed: int = 0
    usd: float | None = 0.0
    is_over: bool = False
    note: str = ""

    def __add__(self, other: Asked) -> Asked:
        """Return both together."""
        known = self.usd is not None and other.usd is not None
        return Asked(
            n_asked=self.n_asked + other.n_asked,
            n_calls=self.n_calls + other.n_calls,
            n_cached=self.n_cached + other.n_cached,
            n_failed=self.n_failed + other.n_failed,
            usd=(self.usd or 0.0) + (other.usd or 0.0) if known else None,
            is_over=self.is_over or other.is_over,
            note="; ".join(dict.fromkeys(filter(None, (self.note, other.note)))),
        )


def ask_step(
    step: AskingStep,
    items: Sequence[Item],
    build: Callable[[Item], LLMRequest],
    keep: Keep[Item],
    settings: LLMSettings,
    effort: LLMEffort,
    directory: Path | None,
    *,
    show_progress: bool = False,
) -> Asked:
    """Ask about every item; `keep` stores each group of answers as it comes.

    Args:
        step: What asks; names the progress bar and the folder of its batches.
        items: What is asked about.
        build: Writes out the question about an item.
        keep: Takes groups of items with their answers.
        settings: How the model is reached; the budget is that of this step, and of batches that of
            all steps.
        effort: Whether it goes by the Batch API, and whether failures are sent again.
        directory: The build folder, which keeps batches; None where there is none.
        show_progress: Show a bar.

    Raises:
        UserError: no answer can be had, for example for want of a valid key, or a batch is asking
            already; what came is kept.
    """
    if not items:
        return Asked()
    with AnswerCache() as cache, track(step, len(items), shown=show_progress) as advance:

        def take(chunk: Sequence[Item], answers: Sequence[tuple[int, LLMAnswer]]) -> None:
            keep([(chunk[index], answer) for index, answer in answers])
            advance(len(answers))

        if effort.batch and directory is not None:
            requests = [build(item) for item in items]
            on_answers = partial(take, items)
            return _ask_by_batch(step, requests, on_answers, settings, effort, directory, cache)
        waiting = waiting_digests(directory / BATCHES / step) if directory else frozenset[str]()
        asked = Asked()
        for start in range(0, len(items), N_AT_ONCE):
            chunk = list(items[start : start + N_AT_ONCE])
            requests = [build(item) for item in chunk]
            _check_not_waiting(requests, settings, waiting)
            left = _left(settings, asked.usd)
            spent = answer_all(requests, left, cache=cache, on_answers=partial(take, chunk))
            asked = asked + _asked(step, spent, len(chunk))
            if asked.is_over:
                break
        return asked


def _ask_by_batch(
    step: AskingStep,
    requests: Sequence[LLMRequest],
    on_answers: OnAnswers,
    settings: LLMSettings,
    effort: LLMEffort,
    directory: Path,
    cache: AnswerCache,
) -> Asked:
    """Send what no batch holds, and hand on what has come of those sent before."""
    place = directory / BATCHES / step
    others = [directory / BATCHES / name for name in get_args(AskingStep) if name != step]
    settings = _left(settings, sum(map(planned_usd, others)))
    sent = submit(requests, settings, place, cache=cache, retry_failed=effort.retry_failed)
    state = collect(requests, settings, place, cache=cache, on_answers=on_answers)
    notes = []
    if n_unpaid := dict(sent.reasons).get("budget", 0):
        notes.append(f"{n_unpaid} questions do not fit --llm_budget, give a larger one")
    elif state.n_to_submit:
        notes.append(f"{state.n_to_submit} questions of a batch are to be sent again")
    if state.n_waiting:
        notes.append(f"{state.n_waiting} questions wait in a batch")
    said = f"{step}: {', '.join(notes)}; the same command goes on later"
    return Asked(
        n_asked=len(requests),
        n_cached=state.n_cached,
        n_failed=state.n_failed,
        is_over=not state.is_complete,
        note=said if notes else "",
    )


def _check_not_waiting(
    requests: Sequence[LLMRequest], settings: LLMSettings, waiting: frozenset[str]
) -> None:
    """Refuse to pay for single calls that ask what a batch is asking."""
    if not waiting:
        return
    asked, _ = requests_by_digest(requests, settings)
    if n_waiting := len(asked.keys() & waiting):
        raise UserError(
            f"got {n_waiting} questions that a batch is asking, expected them to be collected; add "
            "--batch, or delete the folder `batches` of the build to ask them anew"
        )


def _left(settings: LLMSettings, spent_usd: float | None) -> LLMSettings:
    if settings.budget_usd is None:
        return settings
    return replace(settings, budget_usd=max(0.0, settings.budget_usd - (spent_usd or 0.0)))


def _asked(step: AskingStep, spent: Spending, n_asked: int) -> Asked:
    left = n_asked - spent.n_requests
    return Asked(
        n_asked=n_asked,
        n_calls=spent.n_calls,
        n_cached=spent.n_cached,
        n_failed=spent.n_failed,
        usd=spent.usd,
        is_over=bool(spent.stopped),
        note=f"{step}: stopped by --llm_budget with {left} questions left, give another to go on"
        if spent.stopped
        else "",
    )


def usage_of(answer: LLMAnswer) -> dict[str, Any]:
    """Return what an answer has cost, as a row keeps it."""
    return {
        "n_calls": answer.n_calls,
        "n_prompt_tokens": answer.n_prompt_tokens,
        "n_new_tokens": answer.n_new_tokens,
        "usd": answer.usd,
        "served_model": answer.served_model,
        "cached": answer.cached,
    }
