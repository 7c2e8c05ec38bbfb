"""judgements.jsonl: one row a judgement, found again by everything it rests on.

A row's `basis` is the digest of what the judge was given and of the judge itself, so a judgement of
another reply, reference, prompt or model is never taken for this one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rarft.harness.errors import UserError
from rarft.harness.reply_rows import prediction_from_row, row_from_prediction
from rarft.harness.stages.append_log import AppendLog, read_rows
from rarft.harness.taxonomy import CATEGORIES
from rarft.harness.types import Judgement, Measure, Prediction

JUDGEMENTS = "judgements.jsonl"

JudgementKey = tuple[str, str, str]
"""Task, query id and request: the reply that is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A judgement to be stored; `usage` holds the tokens and USD it took, where it took any."""

    key: JudgementKey
    basis: str
    judgement: Judgement
    usage: Mapping[str, Any] = field(default_factory=dict)


def basis_digest(*parts: Any) -> str:
    """Return the digest of what a judgement rests on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class JudgementStore:
    """The judgements of an output directory: all are read at once, new ones are appended.

    Raises:
        UserError: the file is damaged or cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / JUDGEMENTS
        self._stored: dict[tuple[JudgementKey, Measure, str], Judgement] = {}
        for row in read_rows(path, required=("task", "query_id", "request")):
            # Rows without a basis are another version's: judging again costs nothing but time.
            if "basis" in row:
                key = (row["task"], row["query_id"], row["request"])
                judgement = _judgement(row, path)
                self._stored[key, judgement.measure, row["basis"]] = judgement
        self._log = AppendLog(path)

    def get(self, key: JudgementKey, measure: Measure, basis: str) -> Judgement | None:
        """Return a stored judgement that rests on the same basis."""
        return self._stored.get((key, measure, basis))

    def put(self, entries: Sequence[Entry]) -> None:
        """Store a group of judgements durably.

        Raises:
            UserError: there is no room for them.
        """
        self._log.append([_row(entry) for entry in entries])
        for entry in entries:
            self._stored[entry.key, entry.judgement.measure, entry.basis] = entry.judgement

    def __enter__(self) -> Self:
        """Return the open store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._log.close()


def _row(entry: Entry) -> dict[str, Any]:
    task, query_id, request = entry.key
    judgement = entry.judgement
    row: dict[str, Any] = {
        "task": task,
        "query_id": query_id,
        "request": request,
        "measure": judgement.measure,
        "judge": judgement.judge,
        "judge_version": judgement.version,
        "model": judgement.model,
        "basis": entry.basis,
    }
    if isinstance(judgement.value, Prediction):
        row["prediction"] = row_from_prediction(judgement.value)
    else:
        row["value"] = value_to_json(judgement)
    if judgement.reason:
        row["reason"] = judgement.reason
    return row | ({"usage": dict(entry.usage)} if entry.usage else {})


def value_to_json(judgement: Judgement) -> Any:
    """Return a judgement's value as JSON stores it; a prediction has a row of its own kind."""
    value = judgement.value
    return list(value) if isinstance(value, tuple) else value


def _check(row: Mapping[str, Any], value: Any) -> None:
    """Raise ValueError for what no judge of the measure writes."""
    measure = row["measure"]
    highest = {"similarity": 1.0, "correction": 1.0, "reasoning": 5.0}.get(measure)
    if value is None:
        is_right = bool(row["reason"])
    elif measure == "relevance":
        is_right = isinstance(value, Prediction)
    elif measure == "categories":
        is_right = isinstance(value, tuple) and set(value) <= set(CATEGORIES)
    else:
        is_number = isinstance(value, float | int) and not isinstance(value, bool)
        is_right = is_number and highest is not None and 0.0 <= value <= highest
    texts = (row["basis"], row["judge"], row["judge_version"], row["model"], row.get("reason", ""))
    if not is_right or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"value {value!r} of {measure}")


def _judgement(row: Mapping[str, Any], path: Path) -> Judgement:
    try:
        value = row.get("value")
        if "prediction" in row:
            value = prediction_from_row(row["prediction"])
        elif isinstance(value, list):
            value = tuple(value)
        _check(row, value)
        return Judgement(
            measure=row["measure"],
            judge=row["judge"],
            version=row["judge_version"],
            model=row["model"],
            value=value,
            reason=row.get("reason", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: got a judgement of query {row['query_id']} that cannot be read ({error!r}), "
            "expected one as the judge stage writes it; delete the line and run again"
        ) from error
