"""Find task YAMLs and resolve the patterns a user gives with `--tasks`.

Packaged tasks are found as data files, never imported. Patterns match tasks only; a group is
chosen by its exact name. lm-eval would match both and stop at "duplicate task" (0.4.13).
"""

from __future__ import annotations

import difflib
import fnmatch
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rarft
from rarft.harness.errors import NotFoundError, UserError

PACKAGED_TASKS = Path(rarft.__file__).parent / "tasks"


def task_manager(
    include_path: Sequence[Path] = (), metadata: Mapping[str, Any] | None = None
) -> Any:
    """Return an lm-eval TaskManager over the packaged tasks and the user's folders.

    Raises:
        UserError: a folder does not exist, or one of its YAML files cannot be read.
    """
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    check_folders(include_path)
    return TaskManager(
        include_path=[str(PACKAGED_TASKS), *map(str, include_path)],
        include_defaults=False,
        metadata=dict(metadata or {}),
    )


def check_folders(include_path: Sequence[Path]) -> None:
    """Check the user's folders of tasks and cards.

    Raises:
        UserError: a folder does not exist, or one of its YAML files cannot be read.
    """
    for folder in include_path:
        _check_folder(folder)


def _check_folder(folder: Path) -> None:
    """Read every YAML of a folder: lm-eval skips one it cannot read without a word."""
    from lm_eval.tasks._yaml_loader import load_yaml

    if not folder.is_dir():
        raise NotFoundError(
            f"got --include_path {folder}, expected a folder of task or model YAMLs; check it"
        )
    for path in sorted(folder.rglob("*.yaml")):
        try:
            load_yaml(path, resolve_func=False)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"{path}: got a YAML that cannot be read ({reason}); mend it"
            ) from error


def task_config(manager: Any, name: str) -> dict[str, Any]:
    """Return a task's YAML, its includes merged and its functions unresolved."""
    from lm_eval.tasks._yaml_loader import load_yaml

    path = manager.task_index[name].yaml_path
    return dict(load_yaml(path, resolve_func=False, recursive=True))


def resolve_tasks(patterns: str | Sequence[str], manager: Any) -> list[str]:
    """Return the task names that patterns such as `hi_*,human_annotated` stand for, in order.

    Raises:
        NotFoundError: a pattern matches nothing; the nearest name is suggested.
    """
    if isinstance(patterns, str):
        patterns = patterns.split(",")
    leaves: list[str] = sorted(manager.all_subtasks)
    chosen: dict[str, None] = {}
    for pattern in filter(None, (pattern.strip() for pattern in patterns)):
        names = _match(pattern, leaves, manager)
        if not names:
            raise NotFoundError(_unknown_task(pattern, [*leaves, *manager.all_groups]))
        chosen.update(dict.fromkeys(names))
    if not chosen:
        raise NotFoundError(
            "got no task, expected --tasks with names or patterns; see `rarft-eval tasks`"
        )
    return list(chosen)


def _match(pattern: str, leaves: Sequence[str], manager: Any) -> list[str]:
    if pattern in leaves:
        return [pattern]
    if pattern in manager.all_groups:
        members = task_config(manager, pattern)["task"]
        return [name for member in members for name in _match(str(member), leaves, manager)]
    return fnmatch.filter(leaves, pattern)


def _unknown_task(pattern: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(pattern, names, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else "see `rarft-eval tasks`"
    return f"got an unknown task '{pattern}', expected one of {', '.join(names)}; {hint}"
