"""Candidates: irrelevant queries with their refusals, the paper's second LLM step, and redraws.

Source: RA-RFT (CVPR 2026), Section 3.3 and Table 14. One question asks for all plans of a query
that want a candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rarft.dataset_builder.build_calls import Asked, ask_step, usage_of
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig, llm_settings
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.on_demand import OnDemand
from rarft.dataset_builder.plan import Plans
from rarft.dataset_builder.rewrite_answer import Negative, Rewrites
from rarft.dataset_builder.rewrite_input import Descriptions, rewrite_input
from rarft.dataset_builder.step_prompt import step_prompt
from rarft.dataset_builder.store import Failure
from rarft.dataset_builder.types import Candidate, Planned, Row
from rarft.harness.llm import LLMAnswer

STEP: Final = "rewrite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One question: a relevant query, and its plans that want a candidate."""

    row: Row
    plans: tuple[Planned, ...]


def wants_candidate(planned: Planned, store: DraftStore, config: BuildConfig) -> bool:
    """Say whether a plan has too few candidates and budget for another."""
    key = planned.query_id, planned.level
    is_short = len(store.alive(key)) < config.n_candidates
    return is_short and store.n_attempts(key) < config.max_candidates


def open_draws(
    rows: Sequence[Row], plans: Plans, store: DraftStore, config: BuildConfig
) -> Sequence[Draw]:
    """Return a question for every query that has plans in want of a candidate.

    Which queries these are is settled now; each question is put together when it is asked for.
    """

    def draw_of(number: int) -> Draw:
        row = rows[number]
        return Draw(row=row, plans=tuple(wanting(row)))

    def wanting(row: Row) -> Iterator[Planned]:
        of_query = plans.get(row.query.id, ())
        return (one for one in of_query if wants_candidate(one, store, config))

    return OnDemand((at for at, row in enumerate(rows) if any(wanting(row))), draw_of)


def rewrite(
    building: Building, draws: Sequence[Draw], store: DraftStore, descriptions: Descriptions
) -> Asked:
    """Ask once for a candidate of each plan; an answer that cannot be used counts as an attempt.

    Raises:
        UserError: no answer can be had; what came is stored.
    """
    if not draws:
        return Asked()
    config = building.config
    prompt = step_prompt(STEP, config.prompts.get(STEP))

    def keep(answers: Sequence[tuple[Draw, LLMAnswer]]) -> None:
        candidates, failures = [], []
        for draw, answer in answers:
            made, failed = read_draw(draw, answer, store)
            usage = usage_of(answer)
            # One call is accounted for once, however many rows it gives.
            candidates += [(one, {} if index else usage) for index, one in enumerate(made)]
            failures += [(one, {} if index or made else usage) for index, one in enumerate(failed)]
        store.put(candidates, failures)

    return ask_step(
        STEP,
        draws,
        lambda draw: prompt.request(
            rewrite_input(draw.row, draw.plans, store, descriptions), Rewrites
        ),
        keep,
        llm_settings(config, building.effort),
        building.effort,
        building.directory,
        show_progress=building.show_progress,
    )


def read_draw(
    draw: Draw, answer: LLMAnswer, store: DraftStore
) -> tuple[list[Candidate], list[Failure]]:
    """Return the candidates of an answer, and why some plans got none."""
    candidates: list[Candidate] = []
    failures: list[Failure] = []
    for planned in draw.plans:
        attempt = store.n_attempts((planned.query_id, planned.level))
        found: Negative | str = answer.failure
        if isinstance(answer.value, Rewrites):
            found = read_negative(planned, answer.value)
        if isinstance(found, Negative):
            candidates.append(make_candidate(planned, found, attempt))
            continue
        failure = Failure(
            step=STEP,
            query_id=planned.query_id,
            level=planned.level,
            attempt=attempt,
            reason=found or "the model gave no answer",
        )
        failures.append(failure)
    return candidates, failures


def read_negative(planned: Planned, answer: Rewrites) -> Negative | str:
    """Return what an answer has for a plan, or why it has nothing that can be used."""
    found = [one for one in answer.negr if one.level == planned.level]
    if len(found) != 1:
        return f"the answer has {len(found)} queries of level {planned.level}, one is needed"
    if set(found[0].applied_categories) != set(planned.categories):
        named, wanted = ", ".join(found[0].applied_categories), ", ".join(planned.categories)
        return f"the answer applies {named}, planned are {wanted}"
    return found[0]


def make_candidate(planned: Planned, negative: Negative, attempt: int) -> Candidate:
    """Return a candidate with its categories in the order of the plan."""
    return Candidate(
        id=f"{planned.query_id}/{planned.level}/{attempt}",
        query_id=planned.query_id,
        level=planned.level,
        categories=planned.categories,
        attempt=attempt,
        text=" ".join(negative.irrel_query.split()),
        refusal=negative.refusal,
        reasons=negative.reasons_of(planned.categories),
    )
