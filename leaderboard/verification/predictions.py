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
from rarft.leaderboard.verification.floor_answers import FLOOR_NAMES
from rarft.leaderboard.verification.shown_frames import COUNTING, check_shown_frames
from rarft.leaderboard.verification.verified import Check

_SPEAKING: Final = ("hf", "openai", "vllm")
"""Backends whose every reply is text."""
_BY_LLM: Final = ("spans", "flags")
"""Of what a language model reads as grounded, these come from its own answer."""

_Way = Literal["read", "judged", "own"]
"""How a prediction came about: the rule read it, a language model judged it, or the model answered
without words."""


def check_predictions(task: str, answered: Sequence[Answered], claims: Claims) -> tuple[Check, ...]:
    """Read every reply again and compare.

    Raises:
        EntryRefused: a stored prediction does not follow from its reply.
    """
    _check_silence(task, answered, claims)
    frames = check_shown_frames(task, answered, claims)
    ways: Counter[_Way] = Counter()
    n_otherwise = 0
    for one in answered:
        if one.prediction is None:
            continue
        expected, way = _expected(one, claims)
        if expected != one.prediction:
            raise _differs(task, one, expected, claims)
        ways[way] += 1
        n_otherwise += way == "judged" and _is_otherwise(one, claims)
    return (*_checks(task, ways, n_otherwise, claims), *frames)


def _expected(one: Answered, claims: Claims) -> tuple[Prediction, _Way]:
    """Return what a reply says, and how that is known."""
    stored = one.prediction
    assert stored is not None
    if not one.speaks:
        return _own_answer(stored), "own"
    rule = _read(one, claims)
    if claims.config.repeats > 1 and stored.kind != "grounded":
        # The other samples of a repeated query, which agree on a span, are not in an entry.
        rule = replace(rule, candidates=stored.candidates)
    if claims.config.judging.judge_of("relevance") in LLM_JUDGES:
        return _judged(one, rule, stored)
    return rule, "read"


def _is_otherwise(one: Answered, claims: Claims) -> bool:
    """Return whether a language model takes a reply for something else than the rule does."""
    rule, stored = _read(one, claims), one.prediction
    assert stored is not None
    return (rule.kind, rule.spans[:1]) != (stored.kind, stored.spans[:1])


def _read(one: Answered, claims: Claims) -> Prediction:
    query, shown = one.query, (one.sample.n_frames, one.sample.effective_fps)
    # Frames change how few replies are read; the others need not be read once a video.
    if claims.form != COUNTING and query.clip is None:
        shown = (None, None)
    return _rule(one.sample.reply, claims.form, query.duration_s, query.clip, *shown)


# Models repeat themselves, most of all where they refuse.
@lru_cache(maxsize=512)
def _rule(
    text: str,
    form: Form,
    duration_s: float | None,
    clip: Span | None,
    n_frames: int | None,
    effective_fps: float | None,
) -> Prediction:
    reply = Reply(text=text, n_frames=n_frames, effective_fps=effective_fps)
    return judge_reply(reply, form=form, duration_s=duration_s, clip=clip)


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
    # Replies made elsewhere may all be spans, whatever form is named for those with words.
    is_elsewhere = backend == "replay" and not any(one.speaks for one in scored)
    if backend in _SPEAKING or (claims.form != "structured" and not is_elsewhere):
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


def _checks(task: str, ways: Counter[_Way], n_otherwise: int, claims: Claims) -> list[Check]:
    checks = []
    if ways["read"]:
        detail = f"{ways['read']:,} replies read again by form {claims.form}"
        checks.append(Check(name="replies", task=task, outcome="passed", detail=detail))
    if ways["judged"]:
        judge = claims.config.judging.judge_model
        detail = (
            f"{ways['judged']:,} replies are relevant or not, and where, as {judge} has it, "
            f"{n_otherwise:,} of them otherwise than the rule reads them"
        )
        checks.append(Check(name="replies", task=task, outcome="taken", detail=detail))
    if ways["own"] and claims.config.model not in FLOOR_NAMES:
        detail = f"{ways['own']:,} answers without words are the model's own"
        checks.append(Check(name="replies", task=task, outcome="taken", detail=detail))
    if claims.config.repeats > 1:
        detail = "relevance scores and spans of repeated queries rest on replies not in an entry"
        checks.append(Check(name="repeats", task=task, outcome="taken", detail=detail))
    return checks
