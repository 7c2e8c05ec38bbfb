"""Whether every prediction follows from its reply.

The rule is run again on every reply. Where a language model judged relevance, its verdict and span
are taken, and all that the rule adds to them is compared; of an answer without words the
prediction is the answer itself, and only its form is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import Final, Literal

from rarft.harness.judges.applies import without_call
from rarft.harness.judges.case import Case
from rarft.harness.judges.judge_config import LLM_JUDGES
from rarft.harness.judges.relevance import predict
from rarft.harness.judges.rule import judge_reply
from rarft.harness.parsing import Form, parse_structured
from rarft.harness.types import Prediction, Reply, Span
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.verification.answered import Answered
from rarft.leaderboard.verification.claims import Claims
from rarft.leaderboard.verification.verified import Check

_SPEAKING: Final = ("hf", "openai", "vllm")
"""Backends whose every reply is text."""
_NEEDS_TIMES: Final = "frames: the form needs frame_times_s"
_BY_LLM: Final = ("spans", "flags")
"""Of what a language model reads as grounded, these come from its own answer."""

_Way = Literal["read", "judged", "own", "frames"]
"""How a prediction came about: the rule read it, a language model judged it, the model answered
without words, or in frames whose times an entry does not hold."""


def check_predictions(task: str, answered: Sequence[Answered], claims: Claims) -> tuple[Check, ...]:
    """Read every reply again and compare.

    Raises:
        EntryRefused: a stored prediction does not follow from its reply.
    """
    _check_silence(task, answered, claims)
    is_moved = _is_moved(answered, claims)
    ways: Counter[_Way] = Counter()
    for one in answered:
        if one.prediction is None:
            continue
        expected, way = _expected(one, claims, is_moved=is_moved)
        if expected != one.prediction:
            raise _differs(task, one, expected, claims)
        ways[way] += 1
    return tuple(_checks(task, ways, claims))


def _expected(one: Answered, claims: Claims, *, is_moved: bool) -> tuple[Prediction, _Way]:
    """Return what a reply says, and how that is known."""
    stored = one.prediction
    assert stored is not None
    if not one.speaks:
        return _own_answer(stored), "own"
    rule = _read(one, claims, is_moved=is_moved)
    if claims.config.repeats > 1 and stored.kind != "grounded":
        # The other samples of a repeated query, which agree on a span, are not in an entry.
        rule = replace(rule, candidates=stored.candidates)
    if claims.config.judging.judge_of("relevance") in LLM_JUDGES:
        return _judged(one, rule, stored)
    if rule.reason == _NEEDS_TIMES and stored != rule:
        return stored, "frames"
    return rule, "read"


def _read(one: Answered, claims: Claims, *, is_moved: bool) -> Prediction:
    query = one.query
    return _rule(one.sample.reply, claims.form, query.duration_s, query.clip, is_moved)


# Models repeat themselves, most of all where they refuse.
@lru_cache(maxsize=512)
def _rule(
    text: str, form: Form, duration_s: float | None, clip: Span | None, is_moved: bool
) -> Prediction:
    # How many frames were shown matters only where times count from the start of a clip.
    reply = Reply(text=text, n_frames=1 if is_moved else None)
    return judge_reply(reply, form=form, duration_s=duration_s, clip=clip)


def _is_moved(answered: Sequence[Answered], claims: Claims) -> bool:
    """Return whether times were moved from the start of a clip: the same for a whole run.

    The first reply tells it that is read in two ways.
    """
    for one in answered:
        clip = one.query.clip
        if clip is None or not one.speaks or one.prediction is None or not one.prediction.spans:
            continue
        as_told, moved = (_read(one, claims, is_moved=is_moved) for is_moved in (False, True))
        if as_told.spans != moved.spans:
            return one.prediction.spans == moved.spans
    return False


def _own_answer(stored: Prediction) -> Prediction:
    """Return the prediction of an answer without words that has these spans."""
    if stored.kind == "unparsed":
        return parse_structured(Reply())
    is_relevant = stored.kind == "grounded"
    spans = stored.spans if is_relevant else stored.candidates
    return parse_structured(Reply(relevant=is_relevant, spans=spans))


def _judged(one: Answered, rule: Prediction, stored: Prediction) -> tuple[Prediction, _Way]:
    case = Case(query=one.query, reply=one.reply, prediction=rule, text="")
    if without_call("relevance", case) is not None:
        return rule, "read"
    is_refused = stored.kind == "refused"
    expected = predict(case, relevance="irrelevant" if is_refused else "relevant", span=None)
    if not is_refused:
        expected = replace(expected, **{name: getattr(stored, name) for name in _BY_LLM})
    return expected, "judged"


def _check_silence(task: str, answered: Sequence[Answered], claims: Claims) -> None:
    """Refuse answers without words of a model that speaks."""
    scored = [one for one in answered if one.prediction is not None]
    silent = next((one for one in scored if not one.speaks), None)
    if silent is None:
        return
    backend = claims.provenance.get("backend")
    is_mixed = claims.form != "structured" and any(one.speaks for one in scored)
    if backend in _SPEAKING or is_mixed:
        raise EntryRefused(
            "prediction_differs",
            f"{claims.rows_of(task)}: got a prediction for query {shown(silent.query.id)} without "
            "a reply, expected the words of a model that speaks; make the entry again",
        )


def _differs(task: str, one: Answered, expected: Prediction, claims: Claims) -> EntryRefused:
    stored = one.prediction
    field, got, right = next(
        (item.name, getattr(stored, item.name), getattr(expected, item.name))
        for item in fields(Prediction)
        if getattr(stored, item.name) != getattr(expected, item.name)
    )
    return EntryRefused(
        "prediction_differs",
        f"{claims.rows_of(task)}: query {shown(one.query.id)[1:-1]}: got the prediction's {field} "
        f"{shown(_plain(got))}, expected {shown(_plain(right))} of its reply; score the run again "
        "with this version of rarft and submit it again",
    )


def _plain(value: object) -> object:
    """Return spans as pairs, so that a message stays short."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    bounds = (getattr(value, "start_s", None), getattr(value, "end_s", None))
    return list(bounds) if bounds != (None, None) else value


def _checks(task: str, ways: Counter[_Way], claims: Claims) -> list[Check]:
    checks = []
    if ways["read"]:
        detail = f"{ways['read']:,} replies read again by form {claims.form}"
        checks.append(Check(name="replies", task=task, outcome="passed", detail=detail))
    if ways["judged"]:
        judge = claims.config.judging.judge_model
        detail = f"{ways['judged']:,} replies are relevant or not, and where, as {judge} has it"
        checks.append(Check(name="replies", task=task, outcome="taken", detail=detail))
    if ways["own"]:
        detail = f"{ways['own']:,} answers without words are the model's own"
        checks.append(Check(name="replies", task=task, outcome="taken", detail=detail))
    if ways["frames"]:
        detail = f"{ways['frames']:,} replies count frames, whose times an entry does not hold"
        checks.append(Check(name="replies", task=task, outcome="lacking", detail=detail))
    if claims.config.repeats > 1:
        detail = "relevance scores and spans of repeated queries rest on replies not in an entry"
        checks.append(Check(name="repeats", task=task, outcome="taken", detail=detail))
    return checks
