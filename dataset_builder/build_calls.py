"""Put the questions of a step to the language model, live or as a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from rarft.dataset_builder.config import LLMEffort, Step
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
from rarft.harness.progress import track

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
            note="; ".join(filter(None, (self.note, other.note))),
        )


def ask_step(
    step: Step,
    items: Sequence[Item],
    build: Callable[[Item], LLMRequest],
    keep: Keep[Item],
    settings: LLMSettings,
    effort: LLMEffort,
    directory: Path,
    *,
    show_progress: bool = False,
) -> Asked:
    """Ask about every item; `keep` stores each group of answers as it comes.

    Args:
        step: What asks; names the progress bar and the folder of its batches.
        items: What is asked about.
        build: Writes out the question about an item.
        keep: Takes groups of items with their answers.
        settings: How the model is reached; the budget is that of this step.
        effort: Whether it goes by the Batch API, and whether failures are sent again.
        directory: The build folder.
        show_progress: Show a bar.

    Raises:
        UserError: no answer can be had, for example for want of a valid key; what came is kept.
    """
    if not items:
        return Asked()
    with AnswerCache() as cache, track(step, len(items), shown=show_progress) as advance:

        def take(chunk: Sequence[Item], answers: Sequence[tuple[int, LLMAnswer]]) -> None:
            keep([(chunk[index], answer) for index, answer in answers])
            advance(len(answers))

        if effort.batch:
            requests = [build(item) for item in items]
            place = directory / "batches" / step
            submit(requests, settings, place, cache=cache, retry_failed=effort.retry_failed)
            state = collect(
                requests, settings, place, cache=cache, on_answers=lambda got: take(items, got)
            )
            note = f"{step}: {state.n_waiting} questions wait in a batch" if state.n_waiting else ""
            if state.n_to_submit:
                note = f"{step}: {state.n_to_submit} questions of a batch are still to be sent"
            return Asked(
                n_asked=len(items),
                n_cached=state.n_cached,
                n_failed=state.n_failed,
                usd=0.0,
                is_over=not state.is_complete,
                note=f"{note}; give the same command later to go on" if note else "",
            )
        asked = Asked()
        for start in range(0, len(items), N_AT_ONCE):
            chunk = items[start : start + N_AT_ONCE]
            spent = answer_all(
                [build(item) for item in chunk],
                _left(settings, asked.usd),
                cache=cache,
                on_answers=lambda got, chunk=chunk: take(chunk, got),  # type: ignore[misc]
            )
            asked = asked + _asked(step, spent, len(chunk))
            if asked.is_over:
                break
        return asked


def _left(settings: LLMSettings, spent_usd: float | None) -> LLMSettings:
    if settings.budget_usd is None:
        return settings
    return replace(settings, budget_usd=max(0.0, settings.budget_usd - (spent_usd or 0.0)))


def _asked(step: Step, spent: Spending, n_asked: int) -> Asked:
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
