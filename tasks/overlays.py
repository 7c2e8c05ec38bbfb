"""Corrections to an annotation file, kept beside it: which rows, what they said, what is right.

An overlay is JSONL, one correction a line. It names rows by the id that the loader gives them and
holds spans only, so that it repeats nothing of the annotation but the times it replaces.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import AnnotationError

SCHEMA_VERSION: Final = 1
Reason = Literal["clip_end_added", "clip_shift", "other_query", "more_windows", "differs"]
REASONS: Final[dict[Reason, str]] = {
    "clip_end_added": "the end of the clip was added to the end where its start belongs",
    "clip_shift": "the span is off by the start of the clip",
    "other_query": "the span is that of another query of the same record",
    "more_windows": "the original has further windows",
    "differs": "the original says otherwise",
}
"""Every reason of a correction, with what was wrong."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Pair = tuple[Annotated[float, Field(ge=0)], float]
Pairs = Annotated[tuple[Pair, ...], Field(min_length=1)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class OriginalRow(_Row):
    """Where the right value stands: a file, its digest and the number of the row, from 0."""

    file: str
    row: Annotated[int, Field(ge=0)]
    sha256: Sha256


class CorrectedFile(_Row):
    """The annotation file that is corrected, and the digest it must have."""

    file: str
    sha256: Sha256


class Correction(_Row):
    """One corrected row; `old` and `new` are [start, end] pairs in seconds.

    Example:
        >>> digest = "0" * 64
        >>> Correction(id="00000-0", old=((1.0, 9.0),), new=((1.0, 2.0),), reason="differs",
        ...            source=OriginalRow(file="a.json", row=0, sha256=digest),
        ...            annotation=CorrectedFile(file="b.json", sha256=digest)).schema_version
        1
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    id: Annotated[str, Field(min_length=1)]
    old: Pairs
    new: Pairs
    reason: Reason
    source: OriginalRow
    annotation: CorrectedFile

    @field_validator("old", "new")
    @classmethod
    def _check_order(cls, pairs: Pairs) -> Pairs:
        if any(end < start for start, end in pairs):
            raise ValueError("a span ends before it starts")
        return pairs


def read_overlay(path: Path) -> tuple[Correction, ...]:
    """Read the corrections of a file.

    Raises:
        AnnotationError: the file cannot be read, a line is no correction, a row is corrected
            twice, the lines are of several annotation files, or there is none.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as problem:
        raise AnnotationError(
            f"{path}: got {problem.strerror}, expected a readable file of corrections; make it "
            "again with `rarft-data corrections make`"
        ) from None
    found: dict[str, Correction] = {}
    digest = None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        one = _correction(line, where=f"{path}:{number}")
        digest = digest or one.annotation.sha256
        if one.id in found or one.annotation.sha256 != digest:
            what = f"row {one.id} twice" if one.id in found else "a second annotation file"
            raise AnnotationError(
                f"{path}:{number}: got {what}, expected one correction a row of one file; make "
                "the file again with `rarft-data corrections make`"
            )
        found[one.id] = one
    if not found:
        raise AnnotationError(
            f"{path}: got no correction, expected at least one; make the file again with "
            "`rarft-data corrections make`"
        )
    return tuple(found.values())


def _correction(line: bytes, *, where: str) -> Correction:
    try:
        return Correction.model_validate_json(line)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "(whole line)"
        reason = " ".join(first["msg"].split())
        raise AnnotationError(
            f"{where}: got a line that is no correction (field {field}: {reason}), expected id, "
            "old, new, reason, source and annotation; make the file again with "
            "`rarft-data corrections make`"
        ) from None


def write_overlay(path: Path, corrections: Iterable[Correction]) -> None:
    """Write corrections one a line, or leave the file that was there.

    Raises:
        UserError: the file cannot be written.
    """
    lines = (one.model_dump_json() + "\n" for one in corrections)
    write_atomic(path, "".join(lines).encode())


def corrections_digest(corrections: Iterable[Correction]) -> str:
    """Return the digest of what rows are corrected to, whichever original file says so.

    Times are compared as milliseconds, the rows in the order of their ids.
    """
    rows = sorted(
        f"{one.id} " + " ".join(f"{start:.3f}-{end:.3f}" for start, end in one.new) + "\n"
        for one in corrections
    )
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def overlay_summary(path: Path, corrections: Iterable[Correction]) -> dict[str, Any]:
    """Return what a load report says of an overlay: file, digest, counts and original files."""
    listed = tuple(corrections)
    reasons = Counter(one.reason for one in listed)
    sources = {one.source.file: one.source.sha256 for one in listed}
    return {
        "file": path.name,
        "digest": corrections_digest(listed),
        "n_corrected": len(listed),
        "reasons": dict(sorted(reasons.items())),
        "meanings": {reason: REASONS[reason] for reason in sorted(reasons)},
        "sources": sources,
    }
