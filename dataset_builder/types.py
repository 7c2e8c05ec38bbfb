"""What the steps of a build exchange: frozen, JSON-able, one row of a file each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rarft.harness.taxonomy import Level
from rarft.harness.types import Query, query_from_doc

TASK = "rarft_data"
"""The task of queries that no task has loaded yet."""
Reason = Literal[
    "unchanged",
    "level",
    "category",
    "paraphrase",
    "true_elsewhere",
    "length",
    "refusal",
    "leak",
    "span",
    "guessable",
    "model",
]
"""Why a candidate is rejected; `detail` of the finding says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a row comes from and what may be done with it.

    `licence` is an SPDX identifier where there is one. `redistributable` is whether `publish` may
    give the annotation to others. `row` is the number of the row in its file, from 0.
    """

    source: str
    split: str
    licence: str
    citation: str
    redistributable: bool
    file: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One query about one video, normalised, with its origin.

    The keys of the JSON are those of `Query.to_doc()` and, as `origin`, those of `Origin`.
    """

    query: Query
    origin: Origin

    def to_json(self) -> dict[str, Any]:
        """Return the row as a JSON object."""
        return {**self.query.to_doc(), "origin": asdict(self.origin)}


def row_from_json(row: Mapping[str, Any]) -> Row:
    """Read what `Row.to_json` wrote.

    Example:
        >>> query = Query(id="a", task=TASK, video="v.mp4", text="a dog", relevant=True, record="a")
        >>> origin = Origin(source="mine", split="train", licence="MIT", citation="",
        ...                 redistributable=True)
        >>> row_from_json(Row(query=query, origin=origin).to_json()).query == query
        True
    """
    return Row(query=query_from_doc(row, task=TASK), origin=Origin(**row["origin"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row of a source file that could not be used; the build goes on without it."""

    source: str
    file: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorized:
    """The categories of a relevant query that a rewrite could change, the best first."""

    query_id: str
    categories: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One irrelevant query that is to be made: 1, 2 or 3 categories for strong, moderate, weak."""

    query_id: str
    level: Level
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A rewritten query with its refusal; `attempt` counts from 0 within its plan.

    `reasons` says for each of `categories` what was changed.
    """

    id: str
    query_id: str
    level: Level
    categories: tuple[str, ...]
    attempt: int
    text: str
    refusal: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's objection to a candidate."""

    reason: Reason
    detail: str
    check: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verification says of a candidate: accepted where nothing was found."""

    candidate_id: str
    findings: tuple[Finding, ...] = ()

    @property
    def accepted(self) -> bool:
        """Say whether nothing speaks against the candidate."""
        return not self.findings
