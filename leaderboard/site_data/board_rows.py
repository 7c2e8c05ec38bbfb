"""What the board is made of: tasks with their queries, and rows with what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rarft.harness.metrics import QueryOutcome
from rarft.harness.replies import Policy
from rarft.harness.report.schema import Results
from rarft.harness.types import Query
from rarft.leaderboard.types import AboutEntry, RowKind, Sample, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTask:
    """One task of the board, from the builder's own annotation.

    `blind_right` says of each query whether the blind classifier tells its class; it is None where
    the classifier does not apply. `texts`: whether the annotation's texts are shown; `private`:
    whether they are although its licence does not let them be shown to anybody.
    """

    name: str
    title: str
    version: str
    licence: str
    queries: tuple[Query, ...]
    blind_right: Mapping[str, bool] | None = None
    texts: bool = False
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One row with samples: an entry, a floor, or the blind baseline.

    `outcomes` holds what became of each query that was asked, in the order of the task;
    `results` the figures, recomputed. `verification` is what the verifier says, JSON-able.
    """

    id: str
    kind: RowKind
    tier: Tier
    about: AboutEntry
    results: Results
    outcomes: Mapping[str, tuple[QueryOutcome, ...]]
    samples: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    train: Mapping[str, Any] | None = None
    manifest_sha256: str = ""
    rarft_version: str = ""
    verification: Mapping[str, Any] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        """Return how unparsed replies are scored."""
        return "strict" if self.results.config.get("policy") == "strict" else "paper"

    @property
    def is_floor(self) -> bool:
        """Whether the row is what needs no video."""
        return self.kind in ("floor", "blind")
