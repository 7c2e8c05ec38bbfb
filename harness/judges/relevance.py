"""The LLM's reading of a reply: does it ground or refuse, and which span does it give.

The first step of the official protocol. The answer is taken by its meaning: a time alone does not
make a reply relevant, and a reply that accepts the query and names no time is grounded without a
span, whose IoU counts 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rarft.harness.judges.applies import Value
from rarft.harness.judges.case import Case
from rarft.harness.judges.judged_text import judged_text, relevance_text
from rarft.harness.parsing.spans import Pair, make_spans
from rarft.harness.types import Measure, Prediction, Span

Seconds = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Verdict = Literal["relevant", "irrelevant"]
SpanPair = Annotated[list[Seconds], Field(min_length=2, max_length=2)]


class Relevance(BaseModel):
    """What the judge answers about relevance; `span` is [start, end] in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    relevance: Verdict
    span: SpanPair | None


def relevance_texts(case: Case) -> dict[str, str]:
    """Return what fills the prompt."""
    return {"response": relevance_text(case.reply.text or "")}


def read_relevance(answer: BaseModel, case: Case) -> Mapping[Measure, Value]:
    """Return the prediction that the judge's answer stands for."""
    assert isinstance(answer, Relevance)
    return {"relevance": predict(case, relevance=answer.relevance, span=answer.span)}


def predict(case: Case, *, relevance: Verdict, span: list[float] | None) -> Prediction:
    """Put the judge's verdict in the place of the rule's, and keep what only the rule reads.

    A reversed span is swapped and flagged, none is clamped. [0, 0] and [-1, -1] are no span. Of a
    model that was shown a clip the times are moved to the file's, as the rule judge does.

    Example:
        >>> from rarft.harness.types import Query, Reply
        >>> query = Query(id="0", task="t", video="v.mp4", text="q", relevant=True, record="0")
        >>> case = Case(query=query, reply=Reply(text="7 down to 3"), text="7 down to 3",
        ...             prediction=Prediction(kind="unparsed", reason="one time"))
        >>> read = predict(case, relevance="relevant", span=[7.0, 3.0])
        >>> read.spans, read.flags
        ((Span(start_s=3.0, end_s=7.0),), ('reversed',))
        >>> predict(case, relevance="irrelevant", span=None).explanation
        '7 down to 3'
    """
    rule = case.prediction
    kept_flags = tuple(flag for flag in rule.flags if flag == "unclosed_tag")
    if relevance == "irrelevant":
        return Prediction(
            kind="refused",
            explanation=judged_text(case.reply.text or "", rule, text="answer"),
            correction=rule.correction,
            format_ok=rule.format_ok,
            flags=kept_flags,
            candidates=rule.candidates,
        )
    clip = case.query.clip
    shown_s = clip.duration_s if clip else case.query.duration_s
    found = make_spans([Pair(span[0], span[1])] if span else [], duration_s=shown_s)
    shift_s = clip.start_s if clip and case.reply.n_frames is not None else 0.0
    spans = tuple(Span(s.start_s + shift_s, s.end_s + shift_s) for s in found.spans)
    flags = (*found.flags, *kept_flags, *(() if spans else ("no_time",)))
    return Prediction(
        kind="grounded",
        spans=spans,
        explanation=rule.explanation,
        correction=rule.correction,
        format_ok=rule.format_ok,
        flags=flags,
    )
