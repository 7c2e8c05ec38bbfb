"""Read answers of models that speak no text: spans, a relevance, or a score and its threshold."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from rarft.harness.parsing.json_spans import seconds_of
from rarft.harness.parsing.spans import Pair, make_spans
from rarft.harness.types import Prediction, Reply

_SPANS: Final = ("spans", "windows", "pred_relevant_windows", "relevant_windows", "span")
_SCORES: Final = ("relevance_score", "pred_class", "score")
_DEFAULT_THRESHOLD = 0.5


def parse_structured(reply: Reply) -> Prediction:
    """Return what a structured reply says.

    Args:
        reply: a Reply without text. `relevant` decides; spans may be empty although it is true.
            The spans of a reply that refuses are its candidates.

    Example:
        >>> parse_structured(Reply(relevant=True)).kind
        'grounded'
        >>> parse_structured(Reply(relevant=False)).kind
        'refused'
        >>> from rarft.harness.types import Span
        >>> parse_structured(Reply(relevant=False, spans=(Span(3.0, 9.0),))).candidates
        (Span(start_s=3.0, end_s=9.0),)
        >>> parse_structured(Reply()).reason
        'structured: the reply sets no relevance'
    """
    if reply.failure is not None:
        return Prediction(kind="unparsed", reason=f"failed: {reply.failure}")
    if reply.relevant is None:
        return Prediction(kind="unparsed", reason="structured: the reply sets no relevance")
    if not reply.relevant:
        return Prediction(kind="refused", format_ok=True, candidates=reply.spans)
    flags = make_spans(Pair(span.start_s, span.end_s) for span in reply.spans).flags
    return Prediction(kind="grounded", spans=reply.spans, flags=flags, format_ok=True)


def read_structured_text(text: str, *, duration_s: float | None = None) -> Prediction:
    """Read a JSON object of spans and relevance.

    `relevant` decides, else `relevance_score` (or `pred_class`) reaching `threshold`, else whether
    there is a span. Rows of windows may carry a score after start and end.

    Example:
        >>> read_structured_text('{"spans": [[3, 9]], "relevance_score": 0.7}').spans
        (Span(start_s=3.0, end_s=9.0),)
        >>> prediction = read_structured_text('{"spans": [[3, 9]], "relevant": false}')
        >>> prediction.kind, prediction.candidates
        ('refused', (Span(start_s=3.0, end_s=9.0),))
    """
    fields = _load(text)
    if fields is None:
        return Prediction(kind="unparsed", reason="structured: the reply is no JSON object")
    pairs = _pairs(fields)
    relevant = _relevance(fields)
    if pairs is None and relevant is not True:
        if relevant is None:
            return Prediction(kind="unparsed", reason="structured: no spans and no relevance")
        return Prediction(kind="refused", format_ok=True)
    found = make_spans(pairs or [], duration_s=duration_s)
    if relevant is False or (relevant is None and not found.spans):
        return Prediction(kind="refused", format_ok=True, candidates=found.spans)
    return Prediction(kind="grounded", spans=found.spans, flags=found.flags, format_ok=True)


def _load(text: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _pairs(fields: Mapping[str, Any]) -> list[Pair] | None:
    """Return the pairs of the first known key, or None where no key holds readable rows."""
    rows = next((fields[key] for key in _SPANS if isinstance(fields.get(key), list)), None)
    if rows is None:
        return None
    if len(rows) in (2, 3) and all(seconds_of(item) is not None for item in rows):
        rows = [rows]
    pairs = []
    for row in rows:
        if not isinstance(row, list) or len(row) not in (2, 3):
            return None
        start, end = seconds_of(row[0]), seconds_of(row[1])
        if start is None or end is None:
            return None
        pairs.append(Pair(start, end))
    return pairs


def _relevance(fields: Mapping[str, Any]) -> bool | None:
    if isinstance(fields.get("relevant"), bool):
        return bool(fields["relevant"])
    score = next(
        (s for s in (seconds_of(fields.get(key)) for key in _SCORES) if s is not None), None
    )
    if score is None:
        return None
    threshold = seconds_of(fields.get("threshold", _DEFAULT_THRESHOLD))
    if threshold is None or not math.isfinite(threshold):
        return None
    return score >= threshold
