"""Read an entry: everything that could harm a reader is refused, nothing is believed yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rarft.leaderboard.entries.about import parse_about
from rarft.leaderboard.entries.manifest import (
    ABOUT,
    RESULTS,
    TRAIN,
    read_listed,
    read_manifest,
    samples_name,
)
from rarft.leaderboard.entries.parquet_layout import TableSize, check_size
from rarft.leaderboard.entries.read_results import check_texts, parse_entry_results
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.entries.safe_files import open_folder
from rarft.leaderboard.entries.safe_json import read_json
from rarft.leaderboard.entries.sample_table import read_sample_table, table_size
from rarft.leaderboard.types import Entry


def read_entry(path: Path) -> Entry:
    """Read the directory of an entry.

    Raises:
        EntryRefused: a file is not listed, missing, another than listed, too large, malformed, or
            holds what no entry holds; `reason` says which.
    """
    with open_folder(path) as folder:
        manifest = read_manifest(folder)
        about, tier = parse_about(read_listed(folder, manifest, ABOUT), place=str(path / ABOUT))
        results = parse_entry_results(
            read_listed(folder, manifest, RESULTS), place=str(path / RESULTS)
        )
        _check_tasks(path, results.tasks, manifest.tasks)
        train = None
        if TRAIN in manifest.files:
            train = _train(read_listed(folder, manifest, TRAIN), str(path / TRAIN))
        tables = {task: read_listed(folder, manifest, samples_name(task)) for task in results.tasks}
    places = {task: str(path / samples_name(task)) for task in tables}
    # All of them before any is unpacked: a hundred files could share out what one may not hold.
    sizes = (table_size(content, place=places[task]) for task, content in tables.items())
    check_size(sum(sizes, TableSize()), place=str(path))
    samples = {
        task: read_sample_table(content, place=places[task]) for task, content in tables.items()
    }
    return Entry(
        path=path,
        slug=manifest.slug,
        about=about,
        results=results,
        samples=samples,
        train=train,
        manifest_sha256=manifest.sha256,
        rarft_version=manifest.rarft_version,
        claimed_tier=tier,
    )


def _train(content: bytes, place: str) -> dict[str, Any]:
    record = read_json(content, place=place)
    if not isinstance(record, dict):
        raise EntryRefused(
            "schema", f"{place}: got {shown(record)}, expected a JSON object; make the entry again"
        )
    check_texts(record, place=place)
    return record


def _check_tasks(path: Path, scored: tuple[str, ...], sampled: tuple[str, ...]) -> None:
    for task in scored:
        if task not in sampled:
            raise EntryRefused(
                "missing_file",
                f"{path}: got no {samples_name(task)}, expected the samples of every task of "
                f"{RESULTS}; make the entry again",
            )
    for task in sampled:
        if task not in scored:
            raise EntryRefused(
                "unlisted_file",
                f"{path}: got {samples_name(task)}, expected samples of the tasks of {RESULTS} "
                "only; remove it",
            )
