"""The judges that need no network, asked a second time: about some replies, or about all."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, Literal

from rarft.harness.judges.case import Case
from rarft.harness.judges.encoder import DEFAULT_ENCODER, encoder_identity
from rarft.harness.judges.judge_config import LLM_JUDGES
from rarft.harness.types import Judgement, Measure
from rarft.leaderboard.entries.refusal import shown
from rarft.leaderboard.verification.claims import Claims
from rarft.leaderboard.verification.judgements import Judged, differing
from rarft.leaderboard.verification.verified import Check

Rejudge = Literal["none", "some", "all"]
"""How many judgements are made again: none; a hundred of the categories of each task; or all of
categories and similarities, for which a sentence encoder is loaded."""

N_SOME: Final = 100
TOLERANCE: Final = 1e-3
"""Encoders compute in single precision, and differently on every processor."""
_MS_A_TEXT: Final[dict[Measure, float]] = {
    "categories": 1.0,
    "similarity": 10.0,
    "correction": 10.0,
}

Say = Callable[[str], None]


def judged_again(
    task: str, judged: Judged, claims: Claims, *, rejudge: Rejudge, say: Say
) -> list[Check]:
    """Judge replies again and compare; the cost is said before.

    Raises:
        EntryRefused: a judge says something else than is stored.
        UserError: the encoder cannot be loaded.
    """
    checks = []
    for measure, pairs in judged.items():
        if claims.config.judging.judge_of(measure) in LLM_JUDGES or not pairs:
            continue
        # They all name the judge of the results.
        foreign = _foreign(measure, pairs[0][1].model)
        chosen = [] if foreign else _chosen(measure, pairs, rejudge)
        if chosen:
            seconds = len(chosen) * _MS_A_TEXT[measure] / 1000
            say(
                f"{task}: judging {measure} of {len(chosen):,} replies again, about {seconds:.0f} s"
            )
            _compare(task, chosen, _judge_again(measure, [case for case, _ in chosen]), claims)
            detail = f"{len(chosen):,} of {len(pairs):,} judgements of {measure} made again"
            checks.append(Check(name="judgements", task=task, outcome="passed", detail=detail))
        if len(chosen) < len(pairs):
            left = len(pairs) - len(chosen)
            why = f" of {foreign}" if foreign else ""
            detail = f"{left:,} judgements of {measure}{why} are within their range, and as given"
            checks.append(Check(name="judgements", task=task, outcome="taken", detail=detail))
    return checks


def _foreign(measure: Measure, model: str) -> str:
    """Name a judge that only the submitter has, empty where it is the package's."""
    if measure == "categories":
        from rarft.harness.judges.local_categories import load_weights

        is_ours = model == load_weights(None).identity
        return "" if is_ours else "weights that are not the package's"
    is_ours = model == encoder_identity(DEFAULT_ENCODER)
    return "" if is_ours else "an encoder that is not the package's"


def _chosen(
    measure: Measure, pairs: Sequence[tuple[Case, Judgement]], rejudge: Rejudge
) -> Sequence[tuple[Case, Judgement]]:
    if rejudge == "all":
        return pairs
    if rejudge == "none" or measure != "categories":
        return []
    # No seed: who knows beforehand which replies are judged again can spare those.
    return random.SystemRandom().sample(list(pairs), min(N_SOME, len(pairs)))


def _judge_again(measure: Measure, cases: Sequence[Case]) -> Sequence[Judgement]:
    if measure == "categories":
        from rarft.harness.judges.local_categories import judge_categories, load_weights

        return judge_categories(cases, weights=load_weights(None))
    from rarft.harness.judges.similarity import judge_correction, judge_similarity

    judge = judge_similarity if measure == "similarity" else judge_correction
    return judge(cases, encoder=DEFAULT_ENCODER)


def _compare(
    task: str,
    chosen: Sequence[tuple[Case, Judgement]],
    again: Sequence[Judgement],
    claims: Claims,
) -> None:
    for (case, stored), made in zip(chosen, again, strict=True):
        if not _same(stored, made):
            place = f"{claims.rows_of(task)}: query {shown(case.query.id)[1:-1]}"
            raise differing(place, stored.measure, _plain(stored.value), _plain(made.value))


def _same(stored: Judgement, made: Judgement) -> bool:
    if isinstance(stored.value, float | int) and isinstance(made.value, float | int):
        return abs(stored.value - made.value) <= TOLERANCE
    return stored.value == made.value


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
