"""Judges: each a function over a stored reply, named and versioned in every result.

A function that shares its module's name, such as `llm_judge`, is imported from that module.
"""

from rarft.harness.judges.applies import without_call
from rarft.harness.judges.case import Case
from rarft.harness.judges.encoder import (
    DEFAULT_ENCODER,
    ENCODERS,
    OFFICIAL_ENCODER,
    encoder_identity,
)
from rarft.harness.judges.judged_text import reference_text, relevance_text
from rarft.harness.judges.llm_judge import LLMJudge, judgements_of
from rarft.harness.judges.similarity import judge_correction, judge_similarity, similarities

__all__ = [
    "DEFAULT_ENCODER",
    "ENCODERS",
    "OFFICIAL_ENCODER",
    "Case",
    "LLMJudge",
    "encoder_identity",
    "judge_correction",
    "judge_similarity",
    "judgements_of",
    "reference_text",
    "relevance_text",
    "similarities",
    "without_call",
]
