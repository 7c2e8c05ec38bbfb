"""The LLM's score of an explanation: how faithful its reasoning is to the reference, 0 to 5.

The prompt is the paper's Table 16; its output is our JSON object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rarft.harness.judges.applies import Value
from rarft.harness.judges.case import Case, JudgeText
from rarft.harness.judges.judged_text import reference_text
from rarft.harness.types import Measure

Points = Annotated[float, Field(ge=0, le=5, allow_inf_nan=False, strict=True)]


class Score(BaseModel):
    """What the judge answers about reasoning, from 0 to 5."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    score: Points


def reasoning_texts(text: JudgeText) -> Callable[[Case], dict[str, str]]:
    """Return the function of a case that fills the prompt: the explanation and the reference."""
    return lambda case: {
        "response": case.text,
        "reference": reference_text(case.query, text=text),
    }


def read_reasoning(answer: BaseModel, case: Case) -> Mapping[Measure, Value]:
    """Return the score that the judge's answer gives."""
    assert isinstance(answer, Score)
    return {"reasoning": answer.score}
