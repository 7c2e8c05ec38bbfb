"""What a verifier found out about an entry that it did not refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import rarft
from rarft.harness.metrics import QueryOutcome
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.leaderboard.types import SCHEMA_VERSION, Entry, Tier

Found = Literal["passed", "taken", "lacking"]
"""passed: done again with the same result; taken: believed, as nothing can be done again; lacking:
why the entry is not recomputed in full."""

LEFT_OUT: Final = "left_out"
"""The name of checks about what figures leave out: lacking, the task is not ranked."""

ORDER: Final[tuple[Tier, ...]] = ("reported", "partial", "recomputed")
"""Tiers from the one that can be trusted least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at; `detail` is a sentence, `task` is empty for the whole entry."""

    name: str
    outcome: Found
    detail: str
    task: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the check as a JSON object."""
        return {
            "name": self.name,
            "task": self.task,
            "outcome": self.outcome,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedTask:
    """One task of an entry, with the verifier's own queries and what became of those asked.

    `floors` holds the figures of what needs no video, from the verifier's own rows.
    """

    task: LoadedTask
    outcomes: tuple[QueryOutcome, ...]
    floors: Mapping[str, Mapping[str, Any]]
    checks: tuple[Check, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why the task is not recomputed in full, empty where it is."""
        return tuple(check.detail for check in self.checks if check.outcome == "lacking")

    @property
    def tier(self) -> Tier:
        """Return how far the task's figures can be trusted."""
        return "partial" if self.reasons else "recomputed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """An entry whose figures follow from its samples."""

    entry: Entry
    tasks: Mapping[str, VerifiedTask]
    checks: tuple[Check, ...]

    @property
    def tier(self) -> Tier:
        """Return the lowest tier of the tasks."""
        return min((one.tier for one in self.tasks.values()), key=ORDER.index)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why the entry is not recomputed in full, with the task of each reason."""
        return tuple(
            f"{name}: {reason}" for name, one in self.tasks.items() for reason in one.reasons
        )

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object; docs/leaderboard_entries.md describes it."""
        checks = [*self.checks, *(check for one in self.tasks.values() for check in one.checks)]
        return {
            "schema_version": SCHEMA_VERSION,
            "entry": self.entry.slug,
            "tier": self.tier,
            "tiers": {name: one.tier for name, one in self.tasks.items()},
            "reasons": list(self.reasons),
            "checks": [check.to_json() for check in checks],
            "manifest_sha256": self.entry.manifest_sha256,
            "submitted_by_rarft": self.entry.rarft_version,
            "verified_by_rarft": rarft.__version__,
        }
