"""What figures leave out: who leaves out what is hard scores more.

Queries without a reply leave every mean. Those that have one can leave some: of groundings without
a span no IoU is known, a query without a relevance score is in no curve, a judgement without a
value in no mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rarft.harness.judges.judge_config import LLM_JUDGES
from rarft.harness.metrics.explanations import MEASURE_OF
from rarft.harness.report.columns import unscored_share
from rarft.leaderboard.verification.answered import Answered
from rarft.leaderboard.verification.claims import Claims
from rarft.leaderboard.verification.floor_answers import FLOOR_NAMES
from rarft.leaderboard.verification.verified import LEFT_OUT, Check, Found

MAX_LEFT_OUT: Final = 0.01
"""The share that may be left out; of replies that are missing or unjudged, none."""
FEW_RESAMPLES: Final = 1_000
"""Below this an interval depends on its seed, and a seed can be searched for."""


def check_left_out(task: str, answered: Sequence[Answered], claims: Claims) -> list[Check]:
    """Say what figures leave out, and keep an entry from its tier where that is much."""
    scored = [one for one in answered if one.prediction is not None]
    checks = [*_without_reply(task, answered), *_unscored(task, claims)]
    if claims.config.model not in FLOOR_NAMES:
        checks += _without_span(task, scored) + _without_score(task, scored)
    n_resamples = claims.config.n_resamples
    if n_resamples < FEW_RESAMPLES:
        detail = f"intervals are of {n_resamples:,} resamples, fewer than {FEW_RESAMPLES:,}"
        checks.append(Check(name="intervals", task=task, outcome="taken", detail=detail))
    return checks


def _without_reply(task: str, answered: Sequence[Answered]) -> list[Check]:
    found = Counter(one.sample.status for one in answered)
    allowed = {"missing": 0.0, "unjudged": 0.0, "failed": MAX_LEFT_OUT * len(answered)}
    return [
        _left_out(
            task,
            f"{found[status]:,} of {len(answered):,} queries are {status}",
            is_much=found[status] > most,
        )
        for status, most in allowed.items()
        if found[status]
    ]


def _unscored(task: str, claims: Claims) -> list[Check]:
    scores = claims.results.results[task]
    checks = []
    for measure in MEASURE_OF.values():
        share = unscored_share(scores, measure)
        if share and claims.config.judging.judge_of(measure) in LLM_JUDGES:
            detail = f"{100 * share:.1f}% of the judgements of {measure} have no value"
            checks.append(_left_out(task, detail, is_much=share > MAX_LEFT_OUT))
    return checks


def _without_span(task: str, scored: Sequence[Answered]) -> list[Check]:
    """Look at groundings of relevant queries whose IoU is unknown for want of a span."""
    grounded = [
        one
        for one in scored
        if one.query.relevant and one.query.spans and _is_grounded(one) and not _has_no_time(one)
    ]
    n_without = sum(not (one.prediction and one.prediction.spans) for one in grounded)
    if not n_without:
        return []
    if n_without == len(grounded):
        detail = "no grounding tells a span, so that no IoU of them is known"
        return [_left_out(task, detail, is_much=False)]
    detail = f"{n_without:,} of {len(grounded):,} right groundings tell no span and leave mIoU"
    return [_left_out(task, detail, is_much=n_without > MAX_LEFT_OUT * len(grounded))]


def _without_score(task: str, scored: Sequence[Answered]) -> list[Check]:
    n_with = sum(one.sample.relevance_score is not None for one in scored)
    if not n_with:
        return []
    n_without = len(scored) - n_with
    detail = f"{n_with:,} relevance scores are as the entry gives them"
    checks = [Check(name="scores", task=task, outcome="taken", detail=detail)]
    if n_without:
        detail = f"{n_without:,} of {len(scored):,} replies have no relevance score, the others do"
        is_much = n_without > MAX_LEFT_OUT * len(scored)
        checks.append(_left_out(task, detail, is_much=is_much))
    return checks


def _left_out(task: str, detail: str, *, is_much: bool) -> Check:
    outcome: Found = "lacking" if is_much else "taken"
    return Check(name=LEFT_OUT, task=task, outcome=outcome, detail=detail)


def _is_grounded(one: Answered) -> bool:
    return one.prediction is not None and one.prediction.kind == "grounded"


def _has_no_time(one: Answered) -> bool:
    # Its IoU is 0 and leaves nothing.
    return one.prediction is not None and "no_time" in one.prediction.flags
