"""What `rarft-eval tasks` and `rarft-eval models` print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from rarft.harness.models import card_paths, read_card
from rarft.harness.task_index import task_config, task_manager


def tasks_listing(include_path: Sequence[Path] = ()) -> Table:
    """Return every task with its version, counts, licence and videos."""
    manager = task_manager(include_path)
    table = Table("task", "version", "relevant", "irrelevant", "licence", "videos", box=None)
    for name in sorted(manager.all_subtasks):
        metadata = task_config(manager, name).get("metadata") or {}
        counts = metadata.get("counts") or {}
        cells = (counts.get("relevant"), counts.get("irrelevant"))
        table.add_row(
            name,
            str(metadata.get("version", "–")),
            *("–" if cell is None else f"{cell:,}" for cell in cells),
            str(metadata.get("licence", "–")),
            str(metadata.get("videos", "–")),
        )
    for name in sorted(manager.all_groups):
        members = task_config(manager, name)["task"]
        table.add_row(name, "group", "", "", "", ", ".join(map(str, members)))
    return table


def models_listing(include_path: Sequence[Path] = ()) -> Table:
    """Return every model card with its family, backend, checkpoint and licence."""
    table = Table("model", "family", "backend", "checkpoint", "licence", box=None)
    for name, path in sorted(card_paths(include_path).items()):
        card = read_card(path)
        shown = f"{name} ({card.status})" if card.status else name
        table.add_row(shown, card.family, card.backend, card.checkpoint or "–", card.licence)
    return table
