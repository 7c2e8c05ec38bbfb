"""The judges that need no network, asked a second time: about some replies, or about all."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, Literal

from rarft.harness.judges.applies import without_call
from rarft.harness.judges.case import Case
from rarft.harness.judges.encoder import DEFAULT_ENCODER
from rarft.harness.judges.judge_config import LLM_JUDGES
from rarft.harness.types import Judgement, Measure
from rarft.leaderboard.entries.refusal import shown
from rarft.leaderboard.verification.claims import Claims
from rarft.leaderboard.verification.judgements import Judged, differing
from rarft.leaderboard.verification.own_encoder import encoder_fault, own_encoder_identity
from rarft.leaderboard.verification.verified import Check

Rejudge = Literal["none", "some", "all"]
"""How many judgements are made again: none, a hundred of each measure of each task, or all."""

N_SOME: Final = 100
TOLERANCE: Final = 1e-3
"""Encoders compute in single precision, and differently on every processor."""
_LOADING_S: Final = 10.0
"""What loading the sentence encoder takes, once a process."""
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

    A judge that this machine lacks is said, and its judgements are taken.

    Raises:
        EntryRefused: a judge says something else than is stored.
    """
    checks = []
    for measure, pairs in judged.items():
        if claims.config.judging.judge_of(measure) in LLM_JUDGES or not pairs:
            continue
        chosen = _chosen(measure, pairs, rejudge)
        # They all name the judge of the results.
        why = _unavailable(measure, pairs[0][1].model, say) if chosen else ""
        if chosen and not why:
            seconds = len(chosen) * _MS_A_TEXT[measure] / 1000
            say(
                f"{task}: judging {measure} of {len(chosen):,} replies again, about {seconds:.0f} s"
            )
            _compare(task, chosen, _judge_again(measure, [case for case, _ in chosen]), claims)
            detail = f"{len(chosen):,} of {len(pairs):,} judgements of {measure} made again"
            checks.append(Check(name="judgements", task=task, outcome="passed", detail=detail))
        n_left = len(pairs) - (0 if why else len(chosen))
        if n_left:
            detail = f"{n_left:,} judgements of {measure}{why} are within their range, and as given"
            checks.append(Check(name="judgements", task=task, outcome="taken", detail=detail))
    return checks


def _unavailable(measure: Measure, model: str, say: Say) -> str:
    """Say whose judge is not here, as it goes on after "judgements"; empty where it is."""
    if measure == "categories":
        from rarft.harness.judges.local_categories import load_weights

        is_ours = model == load_weights(None).identity
        return "" if is_ours else " by weights that are not the package's"
    own = own_encoder_identity()
    if own and model != own:
        return " by an encoder that is not the package's"
    if own and not encoder_fault.cache_info().currsize:
        say(f"loading the sentence encoder, about {_LOADING_S:.0f} s the first time")
    fault = encoder_fault() if own else "it is not installed"
    if fault:
        say(f"{measure} is not judged again: the package's encoder cannot be loaded ({fault})")
        return ", whose encoder cannot be loaded here,"
    return ""


def _chosen(
    measure: Measure, pairs: Sequence[tuple[Case, Judgement]], rejudge: Rejudge
) -> Sequence[tuple[Case, Judgement]]:
    if rejudge == "none":
        return []
    # What is known without the judge has been compared already.
    unknown = [pair for pair in pairs if without_call(measure, pair[0]) is None]
    if rejudge == "all":
        return unknown
    # No seed: who knows beforehand which replies are judged again can spare those.
    return random.SystemRandom().sample(unknown, min(N_SOME, len(unknown)))


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
