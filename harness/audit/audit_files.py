"""audit.json and guessability_<task>.jsonl: the same tasks, flags and versions give equal bytes.

Numbers are rounded to six digits, below which the last bits of a fit can differ between machines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rarft.harness.atomic_file import write_atomic
from rarft.harness.audit.benchmark import N_FOLDS, TaskAudit
from rarft.harness.stages.append_log import encode_row

SCHEMA_VERSION: Final = 1
N_DIGITS: Final = 6


def audit_record(
    audits: Sequence[TaskAudit], *, seed: int, n_resamples: int, limit: float | None
) -> dict[str, Any]:
    """Return what audit.json holds."""
    record = {
        "schema_version": SCHEMA_VERSION,
        "config": {
            "tasks": [audit.task.name for audit in audits],
            "seed": seed,
            "n_folds": N_FOLDS,
            "n_resamples": n_resamples,
            "limit": limit,
        },
        "versions": {name: version(name) for name in ("rarft", "scikit-learn")},
        "tasks": {audit.task.name: audit.record for audit in audits},
    }
    rounded: dict[str, Any] = _rounded(record)
    return rounded


def write_audit(audits: Sequence[TaskAudit], record: Mapping[str, Any], directory: Path) -> None:
    """Write audit.json, and one file of guesses per task; files of other tasks are removed.

    Raises:
        UserError: a file cannot be written.
    """
    for audit in audits:
        if audit.probabilities is not None:
            rows = b"".join(map(encode_row, _guess_rows(audit)))
            write_atomic(directory / f"guessability_{audit.task.name}.jsonl", rows)
    kept = {audit.task.name for audit in audits if audit.probabilities is not None}
    for path in directory.glob("guessability_*.jsonl"):
        if path.stem.removeprefix("guessability_") not in kept:
            path.unlink()
    text = json.dumps(record, indent=2, allow_nan=False)
    write_atomic(directory / "audit.json", text.encode("ascii") + b"\n")


def _guess_rows(audit: TaskAudit) -> Iterator[dict[str, Any]]:
    assert audit.probabilities is not None
    for query, probability in zip(audit.task.queries, audit.probabilities.tolist(), strict=True):
        yield {
            "query_id": query.id,
            "relevant": query.relevant,
            "p_relevant": round(probability, N_DIGITS),
            "guessed_right": (probability >= 0.5) == query.relevant,
        }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, N_DIGITS)
    if isinstance(value, Mapping):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value
