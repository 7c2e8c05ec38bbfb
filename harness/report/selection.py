"""Which queries the sample browser shows, and in which order.

Runs are laid side by side: one entry per query, with the reply of every run that has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rarft.harness.report.outcomes import Outcome, outcome_of
from rarft.harness.report.runs import RunView
from rarft.harness.report.schema import Sample

MOST_TELLING: Final[tuple[Outcome, ...]] = (
    "wrong_grounding",
    "wrong_refusal",
    "wrong_span",
    "unparsed",
    "right_refusal",
    "right_span",
    "unscored_span",
    "unjudged",
    "failed",
    "missing",
)
"""Outcomes in the order in which the browser takes turns."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One query with the sample of each run, by the run's position."""

    task: str
    query: Sample
    by_run: Mapping[int, Sample]

    @property
    def outcomes(self) -> dict[int, Outcome]:
        """Return what became of the query in each run."""
        return {run: outcome_of(sample) for run, sample in self.by_run.items()}


def entries_of(runs: Sequence[RunView], task: str) -> list[Entry]:
    """Join the samples of all runs on one task by query, in the order of the task."""
    by_query: dict[str, dict[int, Sample]] = {}
    for index, run in enumerate(runs):
        for sample in run.samples.get(task, ()):
            by_query.setdefault(sample.query_id, {})[index] = sample
    return [Entry(task, next(iter(own.values())), own) for own in by_query.values()]


def most_telling(entries: Sequence[Entry], *, limit: int) -> list[Entry]:
    """Keep at most `limit` entries: where runs disagree first, then every outcome in turn.

    Taking turns keeps rare outcomes in sight. Within wrong spans the lowest IoU comes first.
    """
    disagreed = [one for one in entries if len(set(one.outcomes.values())) > 1]
    agreed = [one for one in entries if len(set(one.outcomes.values())) <= 1]
    return (_in_turns(disagreed) + _in_turns(agreed))[:limit]


def _in_turns(entries: Sequence[Entry]) -> list[Entry]:
    queues: dict[Outcome, list[Entry]] = {outcome: [] for outcome in MOST_TELLING}
    for entry in entries:
        queues[min(entry.outcomes.values(), key=MOST_TELLING.index)].append(entry)
    queues["wrong_span"].sort(key=_lowest_iou)
    longest = max(map(len, queues.values()), default=0)
    return [
        queue[turn] for turn in range(longest) for queue in queues.values() if turn < len(queue)
    ]


def _lowest_iou(entry: Entry) -> float:
    return min((one.iou for one in entry.by_run.values() if one.iou is not None), default=0.0)
