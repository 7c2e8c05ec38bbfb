"""One row of a samples file as a Sample: types, ranges, and what belongs together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rarft.harness.replies import Status
from rarft.harness.taxonomy import CATEGORIES
from rarft.harness.types import Kind
from rarft.leaderboard.entries.limits import (
    MAX_FPS,
    MAX_FRAMES,
    MAX_LINE,
    MAX_QUERY_ID,
    MAX_SECONDS,
    MAX_SPANS,
    MAX_TEXT,
    MAX_TOKENS,
)
from rarft.leaderboard.entries.refusal import EntryRefused, RefusalReason, shown
from rarft.leaderboard.entries.safe_json import read_json
from rarft.leaderboard.entries.safe_text import check_text
from rarft.leaderboard.types import Sample

HIGHEST: Final = {"similarity": 1.0, "correction": 1.0, "reasoning": 5.0}
"""The scores of each measure go from 0 to this."""
MAX_ROW_DEPTH: Final = 6
_STATUSES: Final = frozenset(get_args(Status))

_Span = Annotated[list[float], Field(min_length=2, max_length=2)]
_Spans = Annotated[list[_Span], Field(max_length=MAX_SPANS)]
_Line = Annotated[str, Field(max_length=MAX_LINE)]


class PredictionRow(BaseModel):
    """The keys of a prediction, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    kind: Kind
    spans: _Spans
    explanation: str
    correction: str | None
    format_ok: bool
    flags: Annotated[list[_Line], Field(max_length=50)]
    reason: Annotated[str, Field(max_length=MAX_TEXT)]
    candidates: _Spans = Field(default_factory=list)


class JudgementRow(BaseModel):
    """The keys of a judgement, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    judge: _Line
    version: _Line
    model: _Line
    value: float | Annotated[list[str], Field(max_length=50)] | None
    reason: str


_MAX_CHECKED: Final = 1_000
_CHECKED: Final[set[str]] = set()
"""Names of judges that were found right; they stay so."""

Measured = Literal["categories", "similarity", "reasoning", "correction"]
_MEASURES: Final = frozenset(get_args(Measured))


def sample_of(row: Mapping[str, Any], *, place: str) -> Sample:
    """Return a row as a sample; `place` names it in messages.

    Raises:
        EntryRefused: a field is of another type, out of range, or does not go with the others.
    """
    query_id = check_text(
        row["query_id"], place=f"{place}: query_id", max_chars=MAX_QUERY_ID, may_be_empty=False
    )
    place = f"{place}: query {shown(query_id)[1:-1]}"
    sample = Sample(
        query_id=query_id,
        status=row["status"],
        failure=row["failure"],
        reply=row["reply"] or "",
        relevance_score=_number(row["relevance_score"], f"{place}: relevance_score"),
        prediction=_prediction(row["prediction"], place),
        judgements=_judgements(row["judgements"], place),
        n_prompt_tokens=_count(
            row["n_prompt_tokens"], f"{place}: n_prompt_tokens", highest=MAX_TOKENS
        ),
        n_new_tokens=_count(row["n_new_tokens"], f"{place}: n_new_tokens", highest=MAX_TOKENS),
        n_frames=_count(row["n_frames"], f"{place}: n_frames", highest=MAX_FRAMES),
        effective_fps=_number(
            row["effective_fps"], f"{place}: effective_fps", lowest=0.0, highest=MAX_FPS
        ),
        seconds=_number(row["seconds"], f"{place}: seconds", lowest=0.0, highest=MAX_SECONDS),
    )
    fault = _disagreement(sample)
    if fault:
        raise _bad(f"{place}: {fault}; make the entry again")
    return sample


def _disagreement(sample: Sample) -> str:
    """Say what does not go together in a sample, empty where all does."""
    if sample.status not in _STATUSES:
        return f"got status {shown(sample.status)}, expected one of {', '.join(get_args(Status))}"
    if (sample.status == "scored") != (sample.prediction is not None):
        return (
            f"got status {sample.status} {'with' if sample.prediction else 'without'} a "
            "prediction, expected one exactly where the reply is scored"
        )
    if sample.status == "failed" and not (sample.failure or "").strip():
        return "got status failed without a reason, expected why"
    if sample.status in ("failed", "missing") and sample.reply:
        return f"got status {sample.status} with a reply, expected none"
    if sample.status in ("scored", "missing") and sample.failure:
        return f"got status {sample.status} with a reason why it failed, expected none"
    if sample.status != "scored" and sample.judgements:
        return f"got status {sample.status} with judgements, expected none"
    return ""


def _prediction(text: str | None, place: str) -> Mapping[str, Any] | None:
    if text is None:
        return None
    place = f"{place}: prediction"
    record = read_json(text, place=place, max_depth=MAX_ROW_DEPTH)
    _validated(PredictionRow, record, place, "bad_sample")
    for name in ("spans", "candidates"):
        for start_s, end_s in record.get(name, ()):
            if end_s < start_s:
                raise _bad(
                    f"{place}: {name}: got {start_s:g} to {end_s:g}, expected the start before the "
                    "end; make the entry again"
                )
    found: Mapping[str, Any] = record
    return found


def _judgements(text: str, place: str) -> Mapping[str, Any]:
    place = f"{place}: judgements"
    record = {} if text == "{}" else read_json(text, place=place, max_depth=MAX_ROW_DEPTH)
    if not isinstance(record, dict):
        raise _bad(f"{place}: got {shown(record)}, expected a JSON object; make the entry again")
    for measure, judgement in record.items():
        if measure not in _MEASURES:
            raise EntryRefused(
                "bad_judgement",
                f"{place}: got the measure {shown(measure)}, expected one of "
                f"{', '.join(get_args(Measured))}; make the entry again",
            )
        _validated(JudgementRow, judgement, f"{place}: {measure}", "bad_judgement")
        for name in ("judge", "version", "model"):
            _check_name(judgement[name], f"{place}: {measure}: {name}")
        if not _is_value(measure, judgement["value"], judgement["reason"]):
            raise EntryRefused(
                "bad_judgement",
                f"{place}: {measure}: got the value {shown(judgement['value'])}, expected "
                f"{_expected(measure)}, or null with a reason; make the entry again",
            )
    return record


def _check_name(text: str, place: str) -> None:
    # Thousands of rows have one judge.
    if text not in _CHECKED:
        check_text(text, place=place, max_chars=MAX_LINE)
        if len(_CHECKED) < _MAX_CHECKED:
            _CHECKED.add(text)


def _is_value(measure: str, value: Any, reason: str) -> bool:
    if value is None:
        return bool(reason.strip())
    if measure == "categories":
        return isinstance(value, list) and set(value) <= set(CATEGORIES)
    return not isinstance(value, list) and 0.0 <= value <= HIGHEST[measure]


def _expected(measure: str) -> str:
    if measure == "categories":
        return "a list of categories of the taxonomy"
    return f"a number from 0 to {HIGHEST[measure]:g}"


def _validated(model: type[BaseModel], record: object, place: str, reason: RefusalReason) -> None:
    try:
        model.model_validate(record)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(shown(part).strip("'") for part in fault["loc"]) or "the whole"
        raise EntryRefused(
            reason,
            f"{place}: {field}: {fault['msg'].lower()}, got {shown(fault['input'])}; "
            "make the entry again",
        ) from error


def _number(
    value: float | None, place: str, *, lowest: float = -math.inf, highest: float = math.inf
) -> float | None:
    if value is None:
        return None
    if not math.isfinite(value):
        raise EntryRefused(
            "not_finite", f"{place}: got {value}, expected a finite number; make the entry again"
        )
    if not lowest <= value <= highest:
        raise _bad(
            f"{place}: got {value:g}, expected {lowest:g} to {highest:g}; make the entry again"
        )
    return value


def _count(value: int | None, place: str, *, highest: int) -> int | None:
    if value is not None and not 0 <= value <= highest:
        raise _bad(f"{place}: got {value}, expected 0 to {highest}; make the entry again")
    return value


def _bad(message: str) -> EntryRefused:
    return EntryRefused("bad_sample", message)
