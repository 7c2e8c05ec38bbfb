"""Whether every judgement is one that the entry's judges could have made.

Which replies are judged, by whom, and what is known without asking a judge follow from replies and
references; `judged_again` asks the judges that need no network a second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rarft.harness.judges.applies import applies, without_call
from rarft.harness.judges.case import Case
from rarft.harness.judges.judge_config import LLM_JUDGES
from rarft.harness.judges.judged_text import judged_text
from rarft.harness.metrics.explanations import MEASURE_OF
from rarft.harness.types import Judgement, Measure
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.verification.answered import Answered
from rarft.leaderboard.verification.claims import Claims, part
from rarft.leaderboard.verification.verified import Check

Judged = Mapping[Measure, Sequence[tuple[Case, Judgement]]]
"""The replies that each measure applies to, with their judgements, in the order of the task."""

_IDENTITY: Final = ("judge", "version", "model")


def judged_replies(task: str, answered: Sequence[Answered], claims: Claims) -> Judged:
    """Return the replies that each judge of the entry judged.

    Raises:
        EntryRefused: a judgement is missing or is one too many, is by another judge than the
            entry names, or differs from what is known without a judge.
    """
    config = claims.config.judging
    measures = [one for one in MEASURE_OF.values() if one in config.judged]
    judged: dict[Measure, list[tuple[Case, Judgement]]] = {measure: [] for measure in measures}
    for one in answered:
        found = one.judgements
        case = _case(one, claims)
        wanted = [measure for measure in measures if case and applies(measure, case)]
        for measure in found:
            if measure not in wanted:
                raise _differs(task, one, measure, claims, "a judgement", "none of this reply")
        for measure in wanted:
            assert case is not None
            judgement = found.get(measure)
            if judgement is None:
                # A language model that was never asked leaves no judgement, and the query unscored.
                if config.judge_of(measure) in LLM_JUDGES:
                    continue
                raise _differs(task, one, measure, claims, "no judgement", "one of this reply")
            _check_judgement(task, one, case, judgement, claims)
            judged[measure].append((case, judgement))
    return judged


def judgement_checks(task: str, judged: Judged, claims: Claims) -> list[Check]:
    """Say how many judgements are taken from language models."""
    checks = []
    for measure, pairs in judged.items():
        if claims.config.judging.judge_of(measure) in LLM_JUDGES and pairs:
            model = claims.config.judging.judge_model
            detail = f"{len(pairs):,} judgements of {measure} are as {model} gave them"
            checks.append(Check(name="judgements", task=task, outcome="taken", detail=detail))
    return checks


def _case(one: Answered, claims: Claims) -> Case | None:
    """Return a reply beside its reference, None where nothing judges how it explains itself."""
    prediction = one.prediction
    if prediction is None or one.query.relevant or prediction.kind == "grounded":
        return None
    text = ""
    if one.speaks:
        choice = claims.config.judging.judge_text
        text = judged_text(one.sample.reply, prediction, text=choice)
    return Case(query=one.query, reply=one.reply, prediction=prediction, text=text)


def _check_judgement(
    task: str, one: Answered, case: Case, judgement: Judgement, claims: Claims
) -> None:
    measure = judgement.measure
    stated = part(claims.provenance, "judges", measure)
    by = [getattr(judgement, name) for name in _IDENTITY]
    named = [stated.get(name, "") for name in _IDENTITY]
    if by != named:
        raise _differs(task, one, measure, claims, f"the judge {by}", named)
    if judgement.value is None and claims.config.judging.judge_of(measure) not in LLM_JUDGES:
        raise _differs(task, one, measure, claims, "no value", "one, as this judge gives it always")
    known = without_call(measure, case)
    if known is not None and judgement.value != known:
        raise _differs(task, one, measure, claims, judgement.value, known)


def _differs(
    task: str, one: Answered, measure: Measure, claims: Claims, got: Any, expected: Any
) -> EntryRefused:
    query_id = shown(one.query.id)[1:-1]
    return differing(f"{claims.rows_of(task)}: query {query_id}", measure, got, expected)


def differing(place: str, measure: Measure, got: Any, expected: Any) -> EntryRefused:
    """Return the refusal of a judgement; texts that are our own are shown without quotes."""
    seen = [text if isinstance(text, str) else shown(text) for text in (got, expected)]
    return EntryRefused(
        "judgement_differs",
        f"{place}: {measure}: got {seen[0]}, expected {seen[1]}; judge the run again with this "
        "version of rarft and submit it again",
    )
