"""The candidates of a build with what is found against them: read once, appended to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from rarft.dataset_builder.store import (
    CANDIDATES,
    FAILURES,
    VERDICTS,
    Failure,
    PlanKey,
    failure_from_row,
    read_candidates,
    read_verdicts,
    row_of,
)
from rarft.dataset_builder.types import Candidate, Finding, Verdict
from rarft.harness.stages.append_log import AppendLog, read_rows

GUESSABLE: Final = "guessable"


class DraftStore:
    """Candidates by plan, failed attempts and verdicts.

    A candidate with no finding, or not verified yet, is alive. One that is merely guessable is no
    longer alive, but is taken where nothing better is had.

    Raises:
        UserError: a file is damaged or cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        self._candidates: dict[PlanKey, list[Candidate]] = defaultdict(list)
        self._failures: dict[tuple[str, str], list[Failure]] = defaultdict(list)
        for candidate in read_candidates(directory):
            self._candidates[candidate.query_id, candidate.level].append(candidate)
        for row in read_rows(directory / FAILURES, required=("step", "query_id", "reason")):
            failure = failure_from_row(row)
            if failure.step == "rewrite":
                self._failures[failure.query_id, failure.level].append(failure)
        self._verdicts = read_verdicts(directory)
        self._candidate_log = AppendLog(directory / CANDIDATES)
        self._failure_log = AppendLog(directory / FAILURES)
        self._verdict_log = AppendLog(directory / VERDICTS)

    def candidates(self, key: PlanKey) -> Sequence[Candidate]:
        """Return the candidates of a plan, in the order in which they came."""
        return self._candidates.get(key, [])

    def failures(self, key: PlanKey) -> Sequence[Failure]:
        """Return the attempts at a plan that gave no candidate."""
        return self._failures.get(key, [])

    def n_attempts(self, key: PlanKey) -> int:
        """Return how much of the candidate budget of a plan is used."""
        return len(self.candidates(key)) + len(self.failures(key))

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

    def keys(self) -> list[PlanKey]:
        """Return the plans that have candidates."""
        return list(self._candidates)

    def unverified(self, keys: Iterable[PlanKey]) -> list[Candidate]:
        """Return the candidates of plans that have no verdict."""
        return [one for key in keys for one in self.candidates(key) if one.id not in self._verdicts]

    def put(
        self,
        candidates: Sequence[tuple[Candidate, Mapping[str, Any]]],
        failures: Sequence[tuple[Failure, Mapping[str, Any]]],
    ) -> None:
        """Store candidates and failed attempts durably, each with what it has cost."""
        self._candidate_log.append([_with_usage(one, usage) for one, usage in candidates])
        self._failure_log.append([_with_usage(one, usage) for one, usage in failures])
        for candidate, _ in candidates:
            self._candidates[candidate.query_id, candidate.level].append(candidate)
        for failure, _ in failures:
            self._failures[failure.query_id, failure.level].append(failure)

    def judge(
        self, verdicts: Sequence[Verdict], *, usage: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        """Store verdicts durably, with the usage by candidate; what was found stays found."""
        known_usage = usage or {}
        self._verdict_log.append(
            [_with_usage(one, known_usage.get(one.candidate_id, {})) for one in verdicts]
        )
        for one in verdicts:
            known = self._verdicts.get(one.candidate_id)
            findings = (*known.findings, *one.findings) if known else one.findings
            self._verdicts[one.candidate_id] = Verdict(
                candidate_id=one.candidate_id, findings=tuple(dict.fromkeys(findings))
            )

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


def _with_usage(noun: Candidate | Failure | Verdict, usage: Mapping[str, Any]) -> dict[str, Any]:
    return row_of(noun, usage=dict(usage)) if usage else row_of(noun)
