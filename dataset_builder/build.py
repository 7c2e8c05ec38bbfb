"""A whole build: rows, categories, plans, rewrites until enough are accepted, balance, splits.

Each step reads the files of the one before and appends to its own; a build that was stopped goes on
where it stopped, and one that is finished asks nobody again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarft.dataset_builder.build_accept import accepted_rows, missing_queries
from rarft.dataset_builder.build_balance import Balanced, balance
from rarft.dataset_builder.build_calls import Asked
from rarft.dataset_builder.build_draw import (
    Material,
    draw,
    make_material,
    prepare,
    spend,
)
from rarft.dataset_builder.build_record import (
    costs,
    inputs_digest,
    read_record,
    rejections,
    write_record,
)
from rarft.dataset_builder.build_rows import make_rows, read_relevant
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.categorize import failed_queries, read_categories
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.plan import levels_of, plans_of
from rarft.dataset_builder.rewrite_relevant import read_paraphrases
from rarft.dataset_builder.row_files import read_rows
from rarft.dataset_builder.split import split_rows
from rarft.dataset_builder.store import (
    ACCEPTED,
    MISSING,
    REJECTED_ROWS,
    Missing,
    row_of,
    write_lines,
)
from rarft.dataset_builder.types import Row
from rarft.harness.stages.append_log import encode_row
from rarft.harness.stages.append_log import read_rows as read_log
from rarft.harness.stages.run_lock import hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """How far a build is: what it holds, what is missing by reason, and what this run has asked."""

    counts: dict[str, Any]
    missing: Counter[str]
    asked: Asked

    @property
    def is_over(self) -> bool:
        """Say whether the build has to be continued by another run."""
        return self.asked.is_over


def build(building: Building) -> Built:
    """Make or continue a build.

    Raises:
        BusyError: another process works in the folder.
        UserError: the source, the model or a check cannot be used; what is stored stays stored.
    """
    with hold(building.directory), DraftStore(building.directory) as store:
        finished = _finished(building)
        if finished is not None:
            return finished
        write_record(building.directory, building.config)
        make_rows(building)
        rows = read_relevant(building)
        material = make_material(building, rows, store)
        active, asked = _draw_enough(building, material)
        building = spend(building, asked)
        balanced = balance(building, active, material, is_over=asked.is_over)
        return finish(building, active, material, balanced, asked + balanced.asked)


def _finished(building: Building) -> Built | None:
    """Return a build to which nothing was added since it was complete, None where there is work."""
    directory = building.directory
    record = read_record(directory) or {}
    written = all((directory / name).exists() for name in (ACCEPTED, MISSING))
    if not record.get("complete") or not written or building.effort.retry_failed:
        return None
    if record.get("inputs_sha256") != inputs_digest(directory, building.config):
        return None
    required = ("query_id", "level", "reason")
    missing = Counter(row["reason"] for row in read_log(directory / MISSING, required=required))
    return Built(counts=record["counts"], missing=missing, asked=Asked())


def _draw_enough(building: Building, material: Material) -> tuple[Sequence[Row], Asked]:
    """Draw for the first rows, and for further ones while too few queries lack nothing."""
    rows, wanted = material.rows, building.config.n_queries
    active = rows if wanted is None else rows[:wanted]
    total = Asked()
    while True:
        asked = prepare(building, active)
        building = spend(building, asked)
        total = total + asked
        drawn = draw(building, active, material)
        building, total = spend(building, drawn), total + drawn
        n_short = (wanted or 0) - _n_complete(building, active, material)
        if wanted is None or n_short <= 0 or len(active) == len(rows) or total.is_over:
            return active, total
        active = rows[: len(active) + n_short]


def _n_complete(building: Building, active: Sequence[Row], material: Material) -> int:
    return sum(
        all(
            material.store.usable((row.query.id, level))
            for level in levels_of(number, building.config)
        )
        for number, row in enumerate(active)
    )


def finish(
    building: Building, active: Sequence[Row], material: Material, balanced: Balanced, asked: Asked
) -> Built:
    """Write accepted.jsonl, missing.jsonl and build.json."""
    directory, config, chosen = building.directory, building.config, balanced.chosen
    texts = read_paraphrases(building) if balanced.is_paraphrased else {}
    accepted = split_rows(
        accepted_rows(active, chosen, texts, config), config.splits, seed=config.seed
    )
    counts = write_accepted(building, accepted)
    missing = write_missing(
        building,
        missing_queries(
            active,
            plans_of(building),
            read_categories(building),
            failed_queries(building),
            material.store,
            chosen,
            config,
        ),
    )
    is_short = config.n_queries is not None and counts["n_relevant"] < config.n_queries
    if is_short and not asked.is_over:
        asked = asked + Asked(
            note=f"{counts['n_relevant']} of the {config.n_queries} complete queries asked for: "
            "the source has no further rows; give more rows, or a larger --max_candidates"
        )
    facts = {
        "complete": not asked.is_over and not is_short,
        "counts": {
            "n_source_rows": len(material.rows),
            "n_rejected_source_rows": _n_lines(directory / REJECTED_ROWS),
            **counts,
            "n_missing": missing.total(),
        },
        "missing": dict(_kinds(missing).most_common()),
        "rejected_candidates": rejections(directory),
        "costs": costs(directory),
        "guessability": balanced.facts,
        "inputs_sha256": inputs_digest(directory, config),
    }
    write_record(directory, config, facts)
    return Built(counts=facts["counts"], missing=missing, asked=asked)  # type: ignore[arg-type]


def _kinds(reasons: Counter[str]) -> Counter[str]:
    """Return the counts of reasons without what differs from query to query."""
    kinds: Counter[str] = Counter()
    for reason, count in reasons.items():
        kinds[reason.partition(":")[0]] += count
    return kinds


def _n_lines(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as lines:
        return sum(1 for _ in lines)


def write_accepted(building: Building, rows: Iterable[Row]) -> dict[str, Any]:
    """Write the rows a build ends with; return their counts."""
    levels: Counter[str] = Counter()
    splits: Counter[str] = Counter()

    def line(row: Row) -> bytes:
        levels[row.query.level or "none"] += 1
        splits[row.origin.split] += 1
        return encode_row(row.to_json())

    write_lines(building.directory / ACCEPTED, map(line, rows))
    n_relevant = levels["original"]
    return {
        "n_relevant": n_relevant,
        "n_irrelevant": levels.total() - n_relevant,
        "levels": dict(levels),
        "splits": dict(splits),
    }


def write_missing(building: Building, missing: Iterable[Missing]) -> Counter[str]:
    """Write what is planned and not there; return how often for which reason."""
    reasons: Counter[str] = Counter()

    def line(one: Missing) -> bytes:
        reasons[one.reason] += 1
        return encode_row(row_of(one))

    write_lines(building.directory / MISSING, map(line, missing))
    return reasons


def split_again(building: Building) -> dict[str, Any]:
    """Put the accepted rows of a build in other splits; return their counts.

    Raises:
        UserError: the build has no accepted rows, or the config has no splits.
    """
    directory, config = building.directory, building.config
    with hold(directory):
        rows = read_rows(directory / ACCEPTED)
        counts = write_accepted(building, split_rows(rows, config.splits, seed=config.seed))
        known = read_record(directory) or {}
        known["counts"] = {**known.get("counts", {}), **counts}
        write_record(directory, config, known)
        return counts
