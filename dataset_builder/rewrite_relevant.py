"""Relevant queries in other words, by the model that writes the irrelevant ones.

Where both sides are written by one model, its style no longer tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from rarft.dataset_builder.build_calls import Asked, ask_step, usage_of
from rarft.dataset_builder.build_checks import rules_of
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import llm_settings
from rarft.dataset_builder.keyed_log import KeyedLog
from rarft.dataset_builder.on_demand import picked
from rarft.dataset_builder.step_prompt import step_prompt
from rarft.dataset_builder.store import FAILURES, PARAPHRASES, Failure, read_failures, row_of
from rarft.dataset_builder.types import Row
from rarft.dataset_builder.verify.edits import edits_between
from rarft.dataset_builder.verify.limits import Rules
from rarft.dataset_builder.verify.query_rules import length_finding, other_meaning_finding
from rarft.harness.llm import LLMAnswer
from rarft.harness.stages.append_log import AppendLog

STEP: Final = "paraphrase"


class Paraphrase(BaseModel):
    """What the model answers: the same query in other words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str = Field(min_length=1)


def read_paraphrases(building: Building) -> KeyedLog[str]:
    """Return the stored texts by the id of the relevant query."""
    return KeyedLog(
        building.directory / PARAPHRASES,
        required=("query_id", "text"),
        key=lambda row: str(row["query_id"]),
        read=lambda rows: str(rows[-1]["text"]),
    )


def paraphrase(building: Building, rows: Sequence[Row]) -> Asked:
    """Ask for every relevant query in other words; one that fails keeps its own.

    Raises:
        UserError: no answer can be had; what came is stored.
    """
    done = read_paraphrases(building)
    failed = () if building.effort.retry_failed else read_failures(building.directory, STEP)
    left = picked(
        rows,
        (
            number
            for number, row in enumerate(rows)
            if row.query.id not in done and row.query.id not in failed
        ),
    )
    if not left:
        return Asked()
    config = building.config
    rules = rules_of(config)
    prompt = step_prompt(STEP, config.prompts.get(STEP))
    with (
        AppendLog(building.directory / PARAPHRASES) as paraphrases,
        AppendLog(building.directory / FAILURES) as failures,
    ):

        def keep(answers: Sequence[tuple[Row, LLMAnswer]]) -> None:
            told = [(row, one, fault_of(row, one, rules)) for row, one in answers]
            paraphrases.append([_row(row, one) for row, one, fault in told if not fault])
            failures.append([_failure(row, one, fault) for row, one, fault in told if fault])

        return ask_step(
            STEP,
            left,
            lambda row: prompt.request({"related_query": row.query.text}, Paraphrase),
            keep,
            llm_settings(config, building.effort),
            building.effort,
            building.directory,
            show_progress=building.show_progress,
        )


def fault_of(row: Row, answer: LLMAnswer, rules: Rules) -> str:
    """Say why an answer cannot stand for a relevant query, "" where it can.

    One whose words say something else would be a wrong label, so it is not taken even where a
    synonym that no list has is all that is the matter.
    """
    if not isinstance(answer.value, Paraphrase):
        return answer.failure or "the model gave no answer"
    text = answer.value.query
    finding = length_finding(text, row.query, rules) or other_meaning_finding(
        edits_between(row.query.text, text)
    )
    return finding.detail if finding else ""


def _row(row: Row, answer: LLMAnswer) -> dict[str, object]:
    assert isinstance(answer.value, Paraphrase)
    text = " ".join(answer.value.query.split())
    return {"query_id": row.query.id, "text": text, "usage": usage_of(answer)}


def _failure(row: Row, answer: LLMAnswer, fault: str) -> dict[str, object]:
    failure = Failure(step=STEP, query_id=row.query.id, attempt=0, reason=fault)
    return row_of(failure, usage=usage_of(answer))
