"""The nouns every stage exchanges: frozen, JSON-able, units in the names.

Intervals are half-open seconds: a Span covers [start_s, end_s). This is the only place it is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rarft.harness.taxonomy import Level

Kind = Literal["grounded", "refused", "unparsed"]
Measure = Literal["relevance", "categories", "similarity", "reasoning", "correction"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open interval [start_s, end_s) of seconds from the beginning of the video.

    Raises:
        ValueError: a bound is not finite, or the end lies before the start.

    Example:
        >>> Span(2.0, 5.5).duration_s
        3.5
    """

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_s) and math.isfinite(self.end_s)):
            raise ValueError(f"got {self}, expected finite seconds")
        if self.end_s < self.start_s:
            raise ValueError(f"got {self}, expected start_s <= end_s")

    @property
    def duration_s(self) -> float:
        """Return the length in seconds."""
        return self.end_s - self.start_s


def spans_from_pairs(pairs: Iterable[Iterable[float]]) -> tuple[Span, ...]:
    """Build spans from [start, end] pairs, as JSON stores them."""
    return tuple(Span(float(start), float(end)) for start, end in pairs)


def pairs_from_spans(spans: Iterable[Span]) -> list[list[float]]:
    """Return spans as [start, end] pairs, as JSON stores them."""
    return [[span.start_s, span.end_s] for span in spans]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question about one video, with its reference.

    `video` is the base name of the file. `spans` is empty when the query is irrelevant or the
    annotation has none. `refusal` is the reference refusal without tags, empty when there is none.
    `record` names the annotation record, so that a relevant query finds its irrelevant partner.
    """

    id: str
    task: str
    video: str
    text: str
    relevant: bool
    record: str
    spans: tuple[Span, ...] = ()
    clip: Span | None = None
    duration_s: float | None = None
    level: Level | None = None
    categories: tuple[str, ...] = ()
    refusal: str = ""
    relevant_query: str | None = None
    provenance: str = ""

    def to_doc(self) -> dict[str, Any]:
        """Return the query as one JSON-able dataset row, without the task."""
        return {
            "id": self.id,
            "video": self.video,
            "text": self.text,
            "relevant": self.relevant,
            "record": self.record,
            "spans": pairs_from_spans(self.spans),
            "clip": [self.clip.start_s, self.clip.end_s] if self.clip else None,
            "duration_s": self.duration_s,
            "level": self.level,
            "categories": list(self.categories),
            "refusal": self.refusal,
            "relevant_query": self.relevant_query,
            "provenance": self.provenance,
        }


def query_from_doc(doc: Mapping[str, Any], *, task: str) -> Query:
    """Build a Query from a dataset row; only id, video, text and relevant are required."""
    clip = doc.get("clip")
    return Query(
        id=str(doc["id"]),
        task=task,
        video=doc["video"],
        text=doc["text"],
        relevant=bool(doc["relevant"]),
        record=str(doc.get("record") or doc["id"]),
        spans=spans_from_pairs(doc.get("spans") or ()),
        clip=Span(*clip) if clip else None,
        duration_s=doc.get("duration_s"),
        level=doc.get("level"),
        categories=tuple(doc.get("categories") or ()),
        refusal=doc.get("refusal") or "",
        relevant_query=doc.get("relevant_query"),
        provenance=doc.get("provenance") or "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model returned for one request: text, or a structured answer, or a failure.

    A structured answer has `text=None` and `relevant` set; `spans` may then be empty although
    `relevant` is true, which means the span is unknown. `failure` holds the reason of a request
    that could not be answered, `missing` marks one that a replayed file does not hold; nothing else
    is then meaningful. `n_at_once` is the size of the batch where memory was short and it had to be
    smaller than asked for.
    """

    text: str | None = None
    relevant: bool | None = None
    spans: tuple[Span, ...] = ()
    relevance_score: float | None = None
    failure: str | None = None
    missing: bool = False
    n_prompt_tokens: int | None = None
    n_new_tokens: int | None = None
    n_frames: int | None = None
    effective_fps: float | None = None
    seconds: float | None = None
    n_at_once: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a reply says, before any scoring policy.

    `kind` is never merged: refused, unparsed and a wrong span are three things. `spans` of a
    grounded prediction are in the order of the reply; metrics use the first. `candidates` are the
    spans that a reply which does not ground would have given, where the model tells; only figures
    over all thresholds of its relevance score use them. `flags` name what was unusual: reversed,
    zero_length, before_start, beyond_end, several_spans, unclosed_tag, and no_time where a judge
    took a reply for relevant that names no time. `reason` says why a reply is unparsed.
    """

    kind: Kind
    spans: tuple[Span, ...] = ()
    explanation: str = ""
    correction: str | None = None
    format_ok: bool = False
    flags: tuple[str, ...] = ()
    reason: str = ""
    candidates: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one judge says of one reply: a value, or unscored with the reason; never a silent 0.

    `value` is a Prediction for relevance, category paths for categories, and a number for
    similarity (0 to 1), reasoning (0 to 5) and correction (0 to 1). It is None exactly when
    `reason` says why the reply is unscored. `model` names what stands behind the judge: an LLM, an
    encoder, or the digest of weights.
    """

    measure: Measure
    judge: str
    version: str
    model: str = ""
    value: Prediction | tuple[str, ...] | float | None = None
    reason: str = ""
