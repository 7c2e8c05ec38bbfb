"""The categories along which each relevant query could be rewritten: the paper's first LLM step.

Source: RA-RFT (CVPR 2026), Section 3.3 and Table 13: the top three of the 11 categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from rarft.dataset_builder.build_calls import Asked, ask_step, usage_of
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import llm_settings
from rarft.dataset_builder.keyed_log import KeyedLog
from rarft.dataset_builder.on_demand import picked
from rarft.dataset_builder.step_prompt import step_prompt
from rarft.dataset_builder.store import (
    CATEGORIES,
    FAILURES,
    Failure,
    categorized_from_row,
    read_failures,
    row_of,
)
from rarft.dataset_builder.types import Categorized, Row
from rarft.harness.judges.categories import CategoryPath
from rarft.harness.llm import LLMAnswer
from rarft.harness.stages.append_log import AppendLog

STEP: Final = "categorize"


class Eligible(BaseModel):
    """One category that a rewrite could change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: CategoryPath
    reason: str


class EligibleCategories(BaseModel):
    """What the model answers: Table 13's output."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    eligible_categories: list[Eligible] = Field(min_length=1)


def read_categories(building: Building) -> KeyedLog[Categorized]:
    """Return the categories that are stored, by query.

    Raises:
        UserError: a row is damaged.
    """
    return KeyedLog(
        building.directory / CATEGORIES,
        required=("query_id", "categories", "reasons"),
        key=lambda row: str(row["query_id"]),
        read=lambda rows: categorized_from_row(rows[-1]),
    )


def failed_queries(building: Building) -> KeyedLog[Failure]:
    """Return the queries whose categories the model could not be brought to name."""
    return read_failures(building.directory, STEP)


def categorize(building: Building, rows: Sequence[Row]) -> Asked:
    """Ask for the categories of every relevant query that has none yet.

    A query whose answer could not be used is not asked again, unless failures are retried.

    Raises:
        UserError: no answer can be had; what came is stored.
    """
    known = read_categories(building)
    failed = () if building.effort.retry_failed else failed_queries(building)
    left = picked(
        rows,
        (
            number
            for number, row in enumerate(rows)
            if row.query.id not in known and row.query.id not in failed
        ),
    )
    if not left:
        return Asked()
    config = building.config
    prompt = step_prompt(STEP, config.prompts.get(STEP))
    with (
        AppendLog(building.directory / CATEGORIES) as categories,
        AppendLog(building.directory / FAILURES) as failures,
    ):

        def keep(answers: Sequence[tuple[Row, LLMAnswer]]) -> None:
            categories.append([_row(row, one) for row, one in answers if one.value is not None])
            failures.append([_failure(row, one) for row, one in answers if one.value is None])

        return ask_step(
            STEP,
            left,
            lambda row: prompt.request({"related_query": row.query.text}, EligibleCategories),
            keep,
            llm_settings(config, building.effort),
            building.effort,
            building.directory,
            show_progress=building.show_progress,
        )


def _row(row: Row, answer: LLMAnswer) -> dict[str, object]:
    assert isinstance(answer.value, EligibleCategories)
    distinct = {one.path: one.reason for one in reversed(answer.value.eligible_categories)}
    ordered = dict.fromkeys(one.path for one in answer.value.eligible_categories)
    made = Categorized(
        query_id=row.query.id,
        categories=tuple(ordered),
        reasons=tuple(distinct[path] for path in ordered),
    )
    return row_of(made, usage=usage_of(answer))


def _failure(row: Row, answer: LLMAnswer) -> dict[str, object]:
    failure = Failure(step=STEP, query_id=row.query.id, attempt=0, reason=answer.failure)
    return row_of(failure, usage=usage_of(answer))
