"""What `rarft-eval tasks` and `rarft-eval models` print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from rarft.harness.models import card_paths, read_card
from rarft.harness.task_index import resolve_tasks, task_config, task_manager


def tasks_listing(include_path: Sequence[Path] = ()) -> Table:
    """Return every task with its version, counts, licence and description."""
    manager = task_manager(include_path)
    table = Table("task", "version", "relevant", "irrelevant", "licence", "description", box=None)
    for name in sorted(manager.all_subtasks):
        metadata = task_config(manager, name).get("metadata") or {}
        counts = metadata.get("counts") or {}
        cells = (counts.get("relevant"), counts.get("irrelevant"))
        table.add_row(
            name,
            str(metadata.get("version", "–")),
            *("–" if cell is None else f"{cell:,}" for cell in cells),
            str(metadata.get("licence", "–")),
            str(metadata.get("description", "–")),
        )
    for name in sorted(manager.all_groups):
        members = task_config(manager, name)["task"]
        table.add_row(name, "group", "", "", "", ", ".join(map(str, members)))
    return table


def task_details(name: str, include_path: Sequence[Path] = ()) -> Table:
    """Return all that one task states of itself: annotation, videos, citation, known issues.

    Raises:
        NotFoundError: there is no such task.
    """
    manager = task_manager(include_path)
    (task,) = resolve_tasks([name], manager)
    table = Table(task, "", box=None)
    for key, value in (task_config(manager, task).get("metadata") or {}).items():
        lines = value if isinstance(value, list) else [value]
        table.add_row(key, "\n".join("–" if line is None else str(line) for line in lines))
    return table


def models_listing(include_path: Sequence[Path] = ()) -> Table:
    """Return every model card with its family, backend, checkpoint and licence."""
    table = Table("model", "family", "backend", "checkpoint", "licence", box=None)
    for name, path in sorted(card_paths(include_path).items()):
        card = read_card(path)
        shown = f"{name} ({card.status})" if card.status else name
        table.add_row(shown, card.family, card.backend, card.checkpoint or "–", card.licence)
    return table
