"""The files of a build folder, and how its nouns stand in them.

Every file of rows is append-only or takes its place at once, so that a build can be killed anywhere
and goes on. Keys beside those of the nouns ("usage") are left out in reading.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.keyed_log import KeyedLog, damaged
from rarft.dataset_builder.types import (
    Candidate,
    Categorized,
    Finding,
    Planned,
    Rejected,
    Verdict,
)
from rarft.harness.errors import UserError
from rarft.harness.stages.append_log import read_rows
from rarft.harness.taxonomy import Level

ROWS: Final = "rows.jsonl"
REJECTED_ROWS: Final = "rejected_rows.jsonl"
CATEGORIES: Final = "categories.jsonl"
PLAN: Final = "plan.jsonl"
CANDIDATES: Final = "candidates.jsonl"
VERDICTS: Final = "verdicts.jsonl"
FAILURES: Final = "failures.jsonl"
PARAPHRASES: Final = "paraphrases.jsonl"
BALANCE: Final = "balance.jsonl"
ACCEPTED: Final = "accepted.jsonl"
MISSING: Final = "missing.jsonl"
RECORD: Final = "build.json"
FAILURE_KEYS: Final = ("step", "query_id", "reason")
"""What every row of failures has."""

PlanKey = tuple[str, Level]
"""The id of a relevant query, and the level of the irrelevant one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An answer that could not be used: it counts as an attempt. `level` is "" but in rewriting."""

    step: str
    query_id: str
    attempt: int
    reason: str
    level: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An irrelevant query that was planned, or should have been, and why there is none."""

    query_id: str
    level: str
    reason: str


_Noun = Candidate | Categorized | Failure | Missing | Planned | Rejected | Verdict


def row_of(noun: _Noun, **more: Any) -> dict[str, Any]:
    """Return a noun as a row, with what else is to stand in it."""
    return {**asdict(noun), **more}


def candidate_from_row(row: Mapping[str, Any]) -> Candidate:
    """Read a candidate.

    Example:
        >>> made = Candidate(id="a/strong/0", query_id="a", level="strong", categories=("x",),
        ...                  attempt=0, text="a cat", refusal="There is no cat.")
        >>> candidate_from_row(row_of(made, usage={})) == made
        True
    """
    values = _known(row, Candidate)
    return Candidate(
        **values
        | {"categories": tuple(row["categories"]), "reasons": tuple(row.get("reasons") or ())}
    )


def categorized_from_row(row: Mapping[str, Any]) -> Categorized:
    """Read the categories of a query."""
    return Categorized(
        query_id=row["query_id"],
        categories=tuple(row["categories"]),
        reasons=tuple(row["reasons"]),
    )


def planned_from_row(row: Mapping[str, Any]) -> Planned:
    """Read a planned query."""
    return Planned(
        query_id=row["query_id"], level=row["level"], categories=tuple(row["categories"])
    )


def verdict_from_row(row: Mapping[str, Any]) -> Verdict:
    """Read a verdict."""
    findings = tuple(Finding(**_known(one, Finding)) for one in row["findings"])
    return Verdict(candidate_id=row["candidate_id"], findings=findings)


def failure_from_row(row: Mapping[str, Any]) -> Failure:
    """Read a failure."""
    return Failure(**_known(row, Failure))


def _known(row: Mapping[str, Any], kind: type) -> dict[str, Any]:
    names = {item.name for item in fields(kind)}
    return {key: value for key, value in row.items() if key in names}


def read_candidates(directory: Path) -> Iterator[Candidate]:
    """Yield a build's candidates.

    Raises:
        UserError: a row is damaged.
    """
    for row in read_rows(directory / CANDIDATES, required=("id", "query_id", "categories")):
        try:
            yield candidate_from_row(row)
        except (KeyError, TypeError) as error:
            raise damaged(directory / CANDIDATES, error) from error


def read_verdicts(directory: Path) -> KeyedLog[Verdict]:
    """Return a build's verdicts by candidate; several of one candidate are one.

    Raises:
        UserError: a row is damaged.
    """
    return KeyedLog(
        directory / VERDICTS,
        required=("candidate_id", "findings"),
        key=lambda row: str(row["candidate_id"]),
        read=_verdict_of,
    )


def _verdict_of(rows: Sequence[Mapping[str, Any]]) -> Verdict:
    findings = dict.fromkeys(one for row in rows for one in verdict_from_row(row).findings)
    return Verdict(candidate_id=rows[0]["candidate_id"], findings=tuple(findings))


def read_failures(directory: Path, step: str) -> KeyedLog[Failure]:
    """Return the last failure of a step at each query.

    Raises:
        UserError: a row is damaged.
    """
    return KeyedLog(
        directory / FAILURES,
        required=FAILURE_KEYS,
        key=lambda row: row["query_id"] if row["step"] == step else None,
        read=lambda rows: failure_from_row(rows[-1]),
    )


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write a whole file line by line, or leave the one that was there.

    Raises:
        UserError: it cannot be written, for example because the disk is full.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with draft.open("wb") as out:
            out.writelines(lines)
        draft.replace(path)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror}), expected a folder with room; mend "
            "that and run again, what is stored stays stored"
        ) from error
    finally:
        draft.unlink(missing_ok=True)
