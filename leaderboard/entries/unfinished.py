"""Why a run is not finished: queries it did not ask, replies that are not there, older results."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rarft.harness.report.schema import Results, number_of
from rarft.harness.stages.run_record import RUN
from rarft.leaderboard.entries.refusal import EntryRefused

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def unfinished(results: Results, rows: Rows) -> tuple[str, ...]:
    """Return each reason why an entry of a run could not be recomputed in full, by task."""
    reasons = []
    for task in results.tasks:
        asked = _tasks(results.provenance).get(task) or {}
        n_rows = asked.get("n_rows")
        if isinstance(n_rows, int) and len(rows[task]) < n_rows:
            reasons.append(f"{task}: {len(rows[task]):,} of {n_rows:,} queries were asked")
        found = Counter(row["status"] for row in rows[task])
        if found["missing"]:
            reasons.append(f"{task}: {found['missing']:,} replies are missing")
        if found["unjudged"]:
            reasons.append(f"{task}: {found['unjudged']:,} replies are unjudged")
    return tuple(reasons)


def check_current(run: Path, results: Results, rows: Rows) -> None:
    """Make sure that results, samples and run are of one scoring.

    Raises:
        EntryRefused: run.json tells of a later run than results.json, or the samples have other
            queries than it counts.
    """
    again = f"score it again with rarft-eval score {run}"
    record = _run_record(run)
    for name in ("tasks", "prompts") if record else ():
        if record.get(name) != results.provenance.get(name):
            raise EntryRefused(
                "unfinished_run",
                f"{run}: got a results.json of another run than run.json tells of, expected a run "
                f"that came to its end; finish it, or {again}",
            )
    for task in results.tasks:
        n_queries = number_of(results.results[task], "n_queries")
        if n_queries is not None and n_queries != len(rows[task]):
            raise EntryRefused(
                "run_files",
                f"{run}: got {len(rows[task])} samples of {task}, expected the {n_queries:g} that "
                f"results.json counts; {again}",
            )


def _run_record(run: Path) -> dict[str, Any]:
    """Return run.json, empty where a run was copied without it."""
    path = run / RUN
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise EntryRefused(
            "run_files", f"{path}: got a damaged file, expected JSON; run the command again"
        ) from error
    return record if isinstance(record, dict) else {}


def _tasks(provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    found = provenance.get("tasks")
    return found if isinstance(found, Mapping) else {}
