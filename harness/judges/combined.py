"""Relevance, span, categories and score from one call instead of three.

The judge sees the reference while it decides on relevance, which the three calls keep from it, and
only an irrelevant query has one; `rarft-eval agreement` says what this changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from rarft.harness.judges.applies import Value, applies
from rarft.harness.judges.case import Case, JudgeText
from rarft.harness.judges.categories import CategoryPaths
from rarft.harness.judges.judged_text import reference_text, relevance_text
from rarft.harness.judges.reasoning import Points
from rarft.harness.judges.relevance import SpanPair, Verdict, predict
from rarft.harness.metrics.explanations import has_reference
from rarft.harness.types import Measure


class Combined(BaseModel):
    """What the judge answers about everything; the score may be null."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    relevance: Verdict
    span: SpanPair | None
    categories: CategoryPaths
    score: Points | None


class CombinedByReference(Combined):
    """What the judge answers where there is a reference: every refusal has a score."""

    @model_validator(mode="after")
    def _has_the_score_it_owes(self) -> Self:
        if self.relevance == "irrelevant" and self.score is None:
            raise ValueError("expected a score from 0 to 5 of an irrelevant reply")
        return self


def combined_schema(case: Case) -> type[Combined]:
    """Return the schema of the answer about a case."""
    return CombinedByReference if has_reference("reasoning", case.query) else Combined


def combined_texts(text: JudgeText) -> Callable[[Case], dict[str, str]]:
    """Return the function of a case that fills the prompt.

    Where relevance is read from other words than the explanation, both are shown.
    """

    def texts(case: Case) -> dict[str, str]:
        response = relevance_text(case.reply.text or "")
        if case.query.relevant:
            return {"response": response, "reference": ""}
        reference = reference_text(case.query, text=text)
        if case.text.split() == response.split():
            return {"response": response, "reference": reference}
        return {"response": response, "explanation": case.text, "reference": reference}

    return texts


def read_combined(answer: BaseModel, case: Case) -> Mapping[Measure, Value | None]:
    """Return every measure that applies once the judge's own verdict is known.

    A reply that the judge takes for relevant explains nothing, so neither its categories nor its
    score is read. None is a score that the judge owes.
    """
    assert isinstance(answer, Combined)
    prediction = predict(case, relevance=answer.relevance, span=answer.span)
    values: dict[Measure, Value | None] = {"relevance": prediction}
    judged = replace(case, prediction=prediction)
    if applies("categories", judged):
        values["categories"] = tuple(answer.categories)
    if applies("reasoning", judged):
        values["reasoning"] = answer.score
    return values
