"""The tasks as the verifier has them, and whether an entry's are the same.

A task is found by its name among the packaged ones and those of the verifier's own folders; no
folder, loader or argument of an entry is ever used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import NotFoundError
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.loaded_task import LoadedTask, load_tasks
from rarft.harness.stages.run_record import task_provenance
from rarft.harness.task_index import PACKAGED_TASKS, resolve_tasks, task_manager
from rarft.leaderboard.entries.refusal import EntryRefused, RefusalReason, shown
from rarft.leaderboard.entries.results_file import cleaned
from rarft.leaderboard.verification.claims import Claims, part

_REASONS: Final[dict[str, RefusalReason]] = {
    "version": "task_version",
    "rows_sha256": "task_rows",
    "n_rows": "task_rows",
    "n_asked": "count_differs",
}
"""Why an entry is refused whose task differs in a field; the others are provenance."""
_COMPARED: Final = (
    *("version", "rows_sha256", "n_rows", "n_asked", "annotation", "repository", "commit", "blob"),
    *("licence", "prompt_mode"),
)
"""What names a task's rows; a file with other line ends may hold the same rows."""


class TaskShelf:
    """The verifier's tasks, each loaded once: entries of one leaderboard share them.

    `include_path` and `metadata` are the verifier's own.
    """

    def __init__(
        self, include_path: Sequence[Path] = (), metadata: Mapping[str, Any] | None = None
    ) -> None:
        self.include_path = tuple(include_path)
        self._metadata = dict(metadata or {})
        self._tasks: dict[tuple[Any, ...], LoadedTask] = {}
        self._manager: Any = None

    def find(self, name: str, claims: Claims) -> LoadedTask:
        """Return a task with as many queries asked as the flags of an entry say.

        Raises:
            EntryRefused: there is no task of that name here.
            AnnotationError: its annotation is not on this machine, or malformed.
        """
        config = claims.config
        key = (name, config.limit, config.prompt_mode)
        if key not in self._tasks:
            self._check_name(name, claims)
            own = RunConfig(
                model="",
                tasks=(name,),
                include_path=tuple(map(str, self.include_path)),
                metadata=self._arguments(name),
                limit=config.limit,
                prompt_mode=config.prompt_mode,
            )
            (self._tasks[key],) = load_tasks(own)
        return self._tasks[key]

    def _arguments(self, name: str) -> dict[str, Any]:
        """Return the arguments of a task's loader; no video is looked at, and none is made."""
        file = Path(self._manager.task_index[name].yaml_path)
        is_packaged = file.is_relative_to(PACKAGED_TASKS)
        return ({"render": False} if is_packaged else {}) | self._metadata

    def _check_name(self, name: str, claims: Claims) -> None:
        if self._manager is None:
            self._manager = task_manager(self.include_path, self._metadata)
        try:
            names = resolve_tasks([name], self._manager)
        except NotFoundError:
            names = []
        if names != [name]:
            raise EntryRefused(
                "unknown_task",
                f"{claims.place}: got results of task {shown(name)}, expected a task that is known "
                "here; give its folder with --include_path",
            )


def check_task(task: LoadedTask, claims: Claims) -> None:
    """Compare a task with the one that an entry was made for.

    Raises:
        EntryRefused: version, rows or the number of queries are others.
    """
    stated = part(claims.provenance, "tasks", task.name)
    own = task_provenance(task)
    for field in _COMPARED:
        if not _same(stated.get(field), own[field]):
            raise _differs(task, claims, _REASONS.get(field), field, stated.get(field), own[field])
    n_samples = {"original": own["n_rows"], "effective": own["n_asked"]}
    results = claims.results
    beside: dict[str, tuple[RefusalReason, Mapping[str, Any], Any]] = {
        "versions": ("task_version", results.versions, own["version"]),
        "n-samples": ("count_differs", results.n_samples, n_samples),
        "load_reports": ("provenance_differs", results.load_reports, cleaned(task.load_report)),
    }
    for section, (reason, stated_by_task, expected) in beside.items():
        got = stated_by_task.get(task.name)
        if not _same(got, expected):
            raise _differs(task, claims, reason, section, got, expected)


def _same(stated: Any, own: Any) -> bool:
    return stated == own and isinstance(stated, bool) == isinstance(own, bool)


def _differs(
    task: LoadedTask,
    claims: Claims,
    reason: RefusalReason | None,
    field: str,
    got: Any,
    expected: Any,
) -> EntryRefused:
    return EntryRefused(
        reason or "provenance_differs",
        f"{claims.place}: {task.name}: {field}: got {shown(got)}, expected {shown(expected)}; run "
        "the model on this version of the task and submit it again",
    )
