"""The output forms: a literal table from form to function.

A form is one function from Body to Prediction, or to None where the reply does not have the form's
own shape; `generic` then reads it. Adding a form is one function and one line of FORM_READERS.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Literal, get_args

from rarft.harness.parsing.body import Body, readable
from rarft.harness.parsing.clauses import find_named_pairs
from rarft.harness.parsing.json_spans import read_json
from rarft.harness.parsing.numbers import find_times, has_time_tokens
from rarft.harness.parsing.pairs import Care, find_pairs
from rarft.harness.parsing.shapes import (
    is_answer,
    is_answer_correction,
    is_answer_list,
    is_time_tag,
)
from rarft.harness.parsing.spans import Pair, order_flags
from rarft.harness.parsing.structured import read_structured_text
from rarft.harness.parsing.tags import without_markup
from rarft.harness.parsing.units import (
    find_frame_pairs,
    find_listed_pairs,
    find_percent_pairs,
    frame_pairs,
    percent_pairs,
)
from rarft.harness.parsing.verdict import Answer, decide, refused
from rarft.harness.types import Prediction

Form = Literal[
    "generic",
    "answer_tag",
    "answer_correction",
    "answer_list",
    "time_tag",
    "json_pairs",
    "prose",
    "clauses",
    "clock",
    "percent",
    "time_tokens",
    "multi_prose",
    "frames",
    "structured",
    "free_text",
]
FORMS: Final[tuple[Form, ...]] = get_args(Form)


def read_section(body: Body, *names: str) -> Prediction | None:
    """Read the last filled section of these names, or return None where there is none."""
    section = body.last(*names)
    if section is None:
        return None
    prediction = read_text(section.text, body, tagged="answer" in names)
    if prediction.reason == "empty":
        prediction = replace(prediction, reason=f"empty <{section.name}>")
    if section.closed:
        return prediction
    return replace(prediction, flags=order_flags((*prediction.flags, "unclosed_tag")))


def read_text(text: str, body: Body, *, tagged: bool = False, care: Care = "careful") -> Prediction:
    """Read JSON, pairs or named times from a text, or its refusal."""
    plain = readable(without_markup(text))
    answer = Answer(plain, tagged=tagged, duration_s=body.duration_s, original=text)
    value = read_json(plain, anywhere=True)
    if value is not None and value.pairs:
        return decide(replace(answer, text=value.blanked(plain)), value.pairs)
    if value is not None and value.alone(plain):
        return refused(value.reason or text)
    return decide(answer, find_pairs(plain, care=care) or find_named_pairs(plain))


def _generic(body: Body) -> Prediction:
    prediction = _read_answer(body) or read_section(body, "time", "glue")
    if prediction is None:
        prediction = read_text(body.prose, body)
    exact = (is_answer_correction, is_answer, is_answer_list, is_time_tag)
    return replace(prediction, format_ok=any(is_exact(body.exact) for is_exact in exact))


def _read_answer(body: Body) -> Prediction | None:
    """Read the answer, or the spans beside an answer that is only a letter."""
    prediction = read_section(body, "answer")
    if prediction is None or prediction.kind != "unparsed":
        return prediction
    return read_section(body, "time", "glue") or prediction


def _answer_tag(body: Body) -> Prediction | None:
    prediction = _read_answer(body)
    return prediction and replace(prediction, format_ok=is_answer(body.exact))


def _answer_correction(body: Body) -> Prediction | None:
    prediction = _read_answer(body)
    return prediction and replace(prediction, format_ok=is_answer_correction(body.exact))


def _answer_list(body: Body) -> Prediction | None:
    prediction = read_section(body, "glue")
    if prediction is None or prediction.kind == "unparsed":
        prediction = read_section(body, "answer") or prediction
    return prediction and replace(prediction, format_ok=is_answer_list(body.exact))


def _time_tag(body: Body) -> Prediction | None:
    prediction = read_section(body, "time")
    return prediction and replace(prediction, format_ok=is_time_tag(body.exact))


def _json_pairs(body: Body) -> Prediction | None:
    value = read_json(body.prose, anywhere=True)
    if value is None:
        return None
    prediction = read_text(body.prose, body)
    return replace(prediction, format_ok=value.alone(body.prose) and prediction.kind != "unparsed")


def _prose(body: Body) -> Prediction | None:
    return _read_pairs(body, find_pairs(body.prose, care="declared"), n_pairs=1)


def _clauses(body: Body) -> Prediction | None:
    return _read_pairs(body, find_named_pairs(body.prose), n_pairs=1)


def _clock(body: Body) -> Prediction | None:
    pairs = find_pairs(body.prose, care="declared") or find_named_pairs(body.prose)
    return _read_pairs(body, [pair for pair in pairs if pair.unit == "clock"], n_pairs=1)


def _time_tokens(body: Body) -> Prediction | None:
    return _prose(body) if has_time_tokens(body.exact) else None


def _multi_prose(body: Body) -> Prediction | None:
    pairs = find_pairs(body.prose, care="declared") or find_listed_pairs(body.prose)
    return _read_pairs(body, pairs)


def _percent(body: Body) -> Prediction | None:
    text, pairs = find_percent_pairs(body.prose)
    if not pairs:
        return None
    scaled, reason = percent_pairs(pairs, duration_s=body.duration_s)
    return _read_scaled(body, text, scaled, reason)


def _frames(body: Body) -> Prediction | None:
    text, pairs = find_frame_pairs(body.prose)
    if not pairs:
        return None
    scaled, reason = frame_pairs(pairs, frame_times_s=body.frame_times_s)
    return _read_scaled(body, text, scaled, reason)


def _structured(body: Body) -> Prediction:
    return read_structured_text(body.exact, duration_s=body.duration_s)


def _free_text(body: Body) -> Prediction:
    prediction = _generic(body)
    return replace(prediction, format_ok=prediction.kind != "unparsed")


def _read_pairs(
    body: Body, pairs: Sequence[Pair], *, n_pairs: int | None = None
) -> Prediction | None:
    """Decide about untagged prose that has the form's pairs; tagged answers are left to generic."""
    if not pairs or body.last("answer", "time", "glue") is not None:
        return None
    answer = Answer(body.prose, duration_s=body.duration_s)
    prediction = decide(answer, pairs)
    return replace(
        prediction,
        format_ok=prediction.kind == "grounded" and _is_plain(body, body.prose, pairs, n_pairs),
    )


def _read_scaled(body: Body, text: str, pairs: Sequence[Pair], reason: str) -> Prediction:
    """Decide about pairs that were not in seconds; `reason` says why they could not be turned."""
    prediction = decide(Answer(text, duration_s=body.duration_s, original=body.prose), pairs)
    if prediction.kind != "grounded":
        return prediction
    if reason:
        return Prediction(kind="unparsed", reason=reason)
    return replace(prediction, format_ok=_is_plain(body, text, pairs, 1))


def _is_plain(body: Body, text: str, pairs: Sequence[Pair], n_pairs: int | None) -> bool:
    """Return whether a reply is one line that holds the pairs, and no other number."""
    lines = body.exact.strip().splitlines()
    expected = len(pairs) if n_pairs is None else n_pairs
    return len(lines) == 1 and len(pairs) == expected and len(find_times(text)) == 2 * expected


FORM_READERS: Final[dict[Form, Callable[[Body], Prediction | None]]] = {
    "generic": _generic,
    "answer_tag": _answer_tag,
    "answer_correction": _answer_correction,
    "answer_list": _answer_list,
    "time_tag": _time_tag,
    "json_pairs": _json_pairs,
    "prose": _prose,
    "clauses": _clauses,
    "clock": _clock,
    "percent": _percent,
    "time_tokens": _time_tokens,
    "multi_prose": _multi_prose,
    "frames": _frames,
    "structured": _structured,
    "free_text": _free_text,
}


def read_form(body: Body, form: Form) -> Prediction:
    """Read a reply by its declared form, or by `generic` where that form's shape is absent."""
    prediction = FORM_READERS[form](body)
    if prediction is not None:
        return prediction
    return replace(_generic(body), format_ok=False)
