"""The candidates of a build with what is found against them: found on disk, appended to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

from rarft.dataset_builder.keyed_log import KeyedLog
from rarft.dataset_builder.on_demand import OnDemand
from rarft.dataset_builder.store import (
    CANDIDATES,
    FAILURE_KEYS,
    FAILURES,
    VERDICTS,
    Failure,
    PlanKey,
    candidate_from_row,
    failure_from_row,
    read_verdicts,
    row_of,
)
from rarft.dataset_builder.types import Candidate, Finding, Verdict
from rarft.harness.stages.append_log import AppendLog
from rarft.harness.taxonomy import Level

GUESSABLE: Final = "guessable"


class DraftStore:
    """Candidates by plan, failed attempts and verdicts; memory holds none of them.

    A candidate with no finding, or not verified yet, is alive. One that is merely guessable is no
    longer alive, but is taken where nothing better is had.

    Raises:
        UserError: a file is damaged or cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        self._candidates = KeyedLog(
            directory / CANDIDATES,
            required=("id", "query_id", "categories"),
            key=lambda row: _name((row["query_id"], row["level"])),
            read=lambda rows: [candidate_from_row(row) for row in rows],
        )
        self._failures = KeyedLog(
            directory / FAILURES,
            required=FAILURE_KEYS,
            key=_name_of_failure,
            read=lambda rows: [failure_from_row(row) for row in rows],
        )
        self._verdicts = read_verdicts(directory)
        self._candidate_log = AppendLog(directory / CANDIDATES)
        self._failure_log = AppendLog(directory / FAILURES)
        self._verdict_log = AppendLog(directory / VERDICTS)

    def candidates(self, key: PlanKey) -> Sequence[Candidate]:
        """Return the candidates of a plan, in the order in which they came."""
        return self._candidates.get(_name(key), [])

    def failures(self, key: PlanKey) -> Sequence[Failure]:
        """Return the attempts at a plan that gave no candidate."""
        return self._failures.get(_name(key), [])

    def n_attempts(self, key: PlanKey) -> int:
        """Return how much of the candidate budget of a plan is used."""
        name = _name(key)
        return self._candidates.n_rows(name) + self._failures.n_rows(name)

    def findings(self, candidate: Candidate) -> tuple[Finding, ...]:
        """Return what speaks against a candidate."""
        verdict = self._verdicts.get(candidate.id)
        return verdict.findings if verdict else ()

    def alive(self, key: PlanKey) -> list[Candidate]:
        """Return the candidates of a plan against which nothing was found."""
        return [one for one in self.candidates(key) if not self.findings(one)]

    def usable(self, key: PlanKey) -> list[Candidate]:
        """Return the verified candidates of a plan, those that are merely guessable among them."""
        return [
            one
            for one in self.candidates(key)
            if one.id in self._verdicts
            and all(finding.reason == GUESSABLE for finding in self.findings(one))
        ]

    def keys(self) -> Iterator[PlanKey]:
        """Yield the plans that have candidates."""
        return map(_key, self._candidates)

    def unverified(self, keys: Iterable[PlanKey]) -> Sequence[Candidate]:
        """Return the candidates of plans that have no verdict now, each read when asked for."""
        places = (
            place
            for key in keys
            for place, (one,) in self._candidates.placed(_name(key))
            if one.id not in self._verdicts
        )
        return OnDemand(places, lambda place: self._candidates.at(place)[0])

    def put(
        self,
        candidates: Sequence[tuple[Candidate, Mapping[str, Any]]],
        failures: Sequence[tuple[Failure, Mapping[str, Any]]],
    ) -> None:
        """Store candidates and failed attempts durably, each with what it has cost."""
        self._candidate_log.append([_with_usage(one, usage) for one, usage in candidates])
        self._failure_log.append([_with_usage(one, usage) for one, usage in failures])
        self._candidates.refresh()
        self._failures.refresh()

    def judge(
        self, verdicts: Sequence[Verdict], *, usage: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        """Store verdicts durably, with the usage by candidate; what was found stays found."""
        known_usage = usage or {}
        self._verdict_log.append(
            [_with_usage(one, known_usage.get(one.candidate_id, {})) for one in verdicts]
        )
        self._verdicts.refresh()

    def close(self) -> None:
        """Close the files."""
        for log in (self._candidate_log, self._failure_log, self._verdict_log):
            log.close()

    def __enter__(self) -> Self:
        """Return the open store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files."""
        self.close()


def _name(key: PlanKey) -> str:
    """Return a plan as one text; no level has a slash."""
    query_id, level = key
    return f"{level}/{query_id}"


def _name_of_failure(row: Mapping[str, Any]) -> str | None:
    return f"{row['level']}/{row['query_id']}" if row["step"] == "rewrite" else None


def _key(name: str) -> PlanKey:
    level, _, query_id = name.partition("/")
    return query_id, cast(Level, level)


def _with_usage(noun: Candidate | Failure | Verdict, usage: Mapping[str, Any]) -> dict[str, Any]:
    return row_of(noun, usage=dict(usage)) if usage else row_of(noun)
