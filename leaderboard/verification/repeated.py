"""Whether what an entry says of repeated queries goes with the reply that it holds.

Of a query that was asked several times an entry holds the first reply; the others are in its
relevance score, the share of replies that ground, and in the span on which these agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rarft.harness.judges.judge_config import LLM_JUDGES
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.verification.answered import Answered
from rarft.leaderboard.verification.claims import Claims

TOLERANCE: Final = 1e-9


def check_repeats(task: str, answered: Sequence[Answered], claims: Claims) -> None:
    """Compare the scores and candidate spans of repeated queries with their first replies.

    Raises:
        EntryRefused: a score is no share, or leaves the first reply out.
    """
    if claims.config.repeats == 1:
        return
    # The rule counts, also where a language model decides about the first reply.
    is_by_rule = claims.config.judging.judge_of("relevance") not in LLM_JUDGES
    for one in answered:
        expected = _fault(one, claims.config.repeats, is_by_rule=is_by_rule)
        if expected:
            raise EntryRefused(
                "bad_sample",
                f"{claims.rows_of(task)}: got the relevance score {one.sample.relevance_score} of "
                f"query {shown(one.query.id)}, expected {expected}; make the entry again",
            )


def _fault(one: Answered, n_repeats: int, *, is_by_rule: bool) -> str:
    """Say what score is expected, empty where the one that is there can be."""
    score, prediction = one.sample.relevance_score, one.prediction
    if score is None:
        return ""
    n_grounding = round(score * n_repeats)
    if not 0 <= n_grounding <= n_repeats or abs(n_grounding / n_repeats - score) > TOLERANCE:
        return f"a share of its {n_repeats} replies"
    if prediction is None or not is_by_rule:
        return ""
    is_first_grounded = prediction.kind == "grounded"
    if is_first_grounded and n_grounding == 0:
        return "a share above 0, as its first reply grounds"
    if not is_first_grounded and n_grounding == n_repeats:
        return "a share below 1, as its first reply does not ground"
    if len(prediction.candidates) > min(n_grounding, 1):
        return f"a share that goes with {len(prediction.candidates)} candidate spans"
    return ""
