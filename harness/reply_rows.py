"""Replies and predictions as JSON rows, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rarft.harness.types import Prediction, Reply, pairs_from_spans, spans_from_pairs

_MEASURED = (
    *("n_prompt_tokens", "n_new_tokens", "n_frames", "effective_fps", "seconds", "n_at_once"),
)


def row_from_reply(reply: Reply) -> dict[str, Any]:
    """Return a reply as a row; `status` is ok, failed or missing.

    Example:
        >>> row_from_reply(Reply(text="<answer>1.0 to 2.0</answer>"))
        {'status': 'ok', 'text': '<answer>1.0 to 2.0</answer>'}
    """
    if reply.missing:
        return {"status": "missing"}
    if reply.failure is not None:
        return {"status": "failed", "failure": reply.failure}
    row: dict[str, Any] = {"status": "ok", "text": reply.text}
    if reply.relevant is not None:
        row["relevant"] = reply.relevant
        row["spans"] = pairs_from_spans(reply.spans)
    if reply.relevance_score is not None:
        row["relevance_score"] = reply.relevance_score
    measured = {name: getattr(reply, name) for name in _MEASURED}
    return row | {name: value for name, value in measured.items() if value is not None}


def reply_from_row(row: Mapping[str, Any]) -> Reply:
    """Read a reply back.

    Raises:
        KeyError: the row has no status, or a failed row no failure.
    """
    if row["status"] == "missing":
        return Reply(missing=True)
    if row["status"] == "failed":
        return Reply(failure=row["failure"])
    measured: dict[str, Any] = {name: row.get(name) for name in _MEASURED}
    return Reply(
        text=row.get("text"),
        relevant=row.get("relevant"),
        spans=spans_from_pairs(row.get("spans") or ()),
        relevance_score=row.get("relevance_score"),
        **measured,
    )


def row_from_prediction(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as a JSON object."""
    return {
        "kind": prediction.kind,
        "spans": pairs_from_spans(prediction.spans),
        "explanation": prediction.explanation,
        "correction": prediction.correction,
        "format_ok": prediction.format_ok,
        "flags": list(prediction.flags),
        "reason": prediction.reason,
        **(
            {"candidates": pairs_from_spans(prediction.candidates)} if prediction.candidates else {}
        ),
    }


def prediction_from_row(row: Mapping[str, Any]) -> Prediction:
    """Read a prediction back."""
    return Prediction(
        kind=row["kind"],
        spans=spans_from_pairs(row["spans"]),
        explanation=row["explanation"],
        correction=row["correction"],
        format_ok=row["format_ok"],
        flags=tuple(row["flags"]),
        reason=row["reason"],
        candidates=spans_from_pairs(row.get("candidates", ())),
    )
