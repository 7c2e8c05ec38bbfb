"""What `rarft-eval tasks` and `rarft-eval models` print.

Cells are plain text, whatever a YAML holds, and fold where a terminal or a pipe is narrow: a name
that is cut cannot be copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from rarft.harness.models import card_paths, read_card
from rarft.harness.models.backend_choice import backends_of
from rarft.harness.task_index import check_folders, resolve_tasks, task_config, task_manager


def tasks_listing(include_path: Sequence[Path] = ()) -> Table:
    """Return every task with its version, counts, licence and description, and every group.

    Raises:
        UserError: a folder does not exist, or one of its YAML files cannot be read.
    """
    manager = task_manager(include_path)
    table = _task_rows(sorted(manager.all_subtasks), manager)
    for name in sorted(manager.all_groups):
        members = task_config(manager, name)["task"]
        _add(table, name, "group", "", "", "", ", ".join(map(str, members)))
    return table


def task_details(name: str, include_path: Sequence[Path] = ()) -> Table:
    """Return all that one task states of itself, or the rows of a group's or a pattern's tasks.

    Raises:
        NotFoundError: there is no such task.
        UserError: a folder does not exist, or one of its YAML files cannot be read.
    """
    manager = task_manager(include_path)
    tasks = resolve_tasks(name, manager)
    if len(tasks) > 1 or name in manager.all_groups:
        return _task_rows(tasks, manager)
    table = _table(tasks[0], "")
    for key, value in (task_config(manager, tasks[0]).get("metadata") or {}).items():
        lines = value if isinstance(value, list) else [value]
        _add(table, key, "\n".join(map(_shown, lines)))
    return table


def models_listing(include_path: Sequence[Path] = ()) -> Table:
    """Return every model card with its family, backends, checkpoint, licence and verification.

    Of the backends that can run a card its own is the first; `--model_args backend=` takes another.

    Raises:
        UserError: a folder does not exist, or a card or another YAML cannot be read.
    """
    check_folders(include_path)
    table = _table("model", "family", "backends", "checkpoint", "licence", "verified")
    table.columns[0].no_wrap = True
    for name, path in sorted(card_paths(include_path).items()):
        card = read_card(path)
        shown = f"{name} ({card.status})" if card.status else name
        checkpoint, level = _shown(card.checkpoint), card.verified.level
        backends = ", ".join(backends_of(card))
        _add(table, shown, card.family, backends, checkpoint, card.licence, level)
    return table


def _task_rows(names: Iterable[str], manager: Any) -> Table:
    table = _table("task", "version", "relevant", "irrelevant", "licence", "description")
    for name in names:
        metadata = task_config(manager, name).get("metadata") or {}
        counts = metadata.get("counts") or {}
        _add(
            table,
            name,
            _shown(metadata.get("version")),
            _counted(counts.get("relevant")),
            _counted(counts.get("irrelevant")),
            _shown(metadata.get("licence")),
            _shown(metadata.get("description")),
        )
    return table


def _table(*names: str) -> Table:
    table = Table(box=None)
    for name in names:
        table.add_column(Text(name), overflow="fold")
    return table


def _add(table: Table, *cells: str) -> None:
    table.add_row(*map(Text, cells))


def _shown(value: object) -> str:
    return "–" if value is None else str(value)


def _counted(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else _shown(value)
