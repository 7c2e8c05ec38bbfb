"""What a judge is given: one query with its reference, and one reply to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rarft.harness.types import Prediction, Query, Reply

JudgeText = Literal["answer", "official"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One reply beside the reference it is judged by.

    `prediction` is what the relevance judge reads in the reply. `text` is the judged text, chosen
    by `--judge_text`: the answer block, or everything but the correction.
    """

    query: Query
    reply: Reply
    prediction: Prediction
    text: str
