"""The tasks of a board: what each is called, how large it is, and which slices it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from rarft.harness.taxonomy import GROUPS, LEVELS
from rarft.leaderboard.site_data.board_rows import BoardTask
from rarft.leaderboard.site_data.group_figures import TaskGroup
from rarft.leaderboard.site_data.paper_figures import UNNAMED_SET
from rarft.tasks.metadata import TaskMetadata, official_task_files, read_metadata

CATEGORY_ORDER: Final = tuple(
    name
    for group, children in GROUPS.items()
    for name in (group, *(f"{group}/{child}" for child in children))
)
"""Each group followed by its categories."""
UNNAMED_TITLE: Final = "A set that its table does not name"


def task_record(
    task: BoardTask,
    *,
    keys: Iterable[str],
    groups: Sequence[TaskGroup],
    n_chunks: int,
    condition: str,
) -> dict[str, Any]:
    """Return the record of a task that rows with samples have; `keys` are the figures shown."""
    relevant = [query for query in task.queries if query.relevant]
    return {
        "name": task.name,
        "title": task.title,
        "kind": "task",
        "members": [task.name],
        "n_queries": len(task.queries),
        "n_relevant": len(relevant),
        "n_irrelevant": len(task.queries) - len(relevant),
        "n_videos": len({query.video for query in task.queries}),
        "version": task.version,
        "licence": task.licence,
        **slices_of(keys),
        "pairs": len({query.record for query in relevant}) * 2 == len(task.queries),
        "texts": task.texts,
        "n_chunks": n_chunks,
        "groups": _groups_of(task.name, groups),
        "condition": condition,
    }


def paper_task_record(
    name: str, *, keys: Iterable[str], groups: Sequence[TaskGroup]
) -> dict[str, Any]:
    """Return the record of a task that only the paper has figures of, with its published size."""
    metadata = official_tasks().get(name)
    relevant = (metadata.counts.relevant or 0) if metadata else 0
    irrelevant = (metadata.counts.irrelevant or 0) if metadata else 0
    return {
        "name": name,
        "title": metadata.description if metadata else UNNAMED_TITLE,
        "kind": "task",
        "members": [name],
        "n_queries": relevant + irrelevant,
        "n_relevant": relevant,
        "n_irrelevant": irrelevant,
        "n_videos": (metadata.counts.videos or 0) if metadata else 0,
        "version": f"{metadata.version:g}" if metadata else "",
        "licence": metadata.licence if metadata else "",
        **slices_of(keys),
        "pairs": bool(relevant) and relevant == irrelevant,
        "texts": False,
        "n_chunks": 0,
        "groups": _groups_of(name, groups),
        "condition": "",
    }


def group_record(group: TaskGroup, tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the record of a group, whose size is that of its tasks together."""
    members = [tasks[name] for name in group.members]
    sizes = ("n_queries", "n_relevant", "n_irrelevant", "n_videos")
    return {
        "name": group.name,
        "title": f"{group.title}: mean of {len(members)} tasks",
        "kind": "group",
        "members": list(group.members),
        "pattern": group.pattern,
        **{size: sum(one[size] for one in members) for size in sizes},
        "version": "",
        "licence": "",
        "levels": [],
        "categories": [],
        "pairs": all(one["pairs"] for one in members),
        "texts": False,
        "n_chunks": 0,
        "groups": [],
        "condition": "",
    }


def slices_of(keys: Iterable[str]) -> dict[str, list[str]]:
    """Return the levels and the categories that keys of figures name.

    Example:
        >>> slices_of(["f1_avg", "rt_iou/weak", "f1_irrelevant/Scene", "f1_irrelevant/strong"])
        {'levels': ['strong', 'weak'], 'categories': ['Scene']}
    """
    named = {key.partition("/")[2] for key in keys}
    return {
        "levels": [level for level in LEVELS if level in named],
        "categories": [name for name in CATEGORY_ORDER if name in named],
    }


@cache
def official_tasks() -> Mapping[str, TaskMetadata]:
    """Return what the packaged tasks state about themselves, in the order of the paper's tables."""
    found = {name: read_metadata(path) for name, path in official_task_files().items()}
    return dict(sorted(found.items(), key=lambda item: (item[1].paper_table, item[0])))


def published_sizes(tasks: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return how many queries of packaged tasks are relevant and irrelevant, 0 where unknown.

    Example:
        >>> published_sizes(["hi_tvgbench", "mine"])
        {'hi_tvgbench': (800, 800)}
    """
    counts = {name: official_tasks()[name].counts for name in tasks if name in official_tasks()}
    return {name: (one.relevant or 0, one.irrelevant or 0) for name, one in counts.items()}


def in_order(tasks: Iterable[str]) -> list[str]:
    """Return tasks in the order of the paper's tables, unknown ones in front, unnamed sets last.

    Example:
        >>> in_order(["unnamed_set", "ss_charades", "hi_charades", "synth_hi"])
        ['synth_hi', 'hi_charades', 'ss_charades', 'unnamed_set']
    """
    place = {name: index for index, name in enumerate(official_tasks(), start=1)}
    return sorted(
        dict.fromkeys(tasks), key=lambda name: (name == UNNAMED_SET, place.get(name, 0), name)
    )


def _groups_of(task: str, groups: Sequence[TaskGroup]) -> list[str]:
    return [group.name for group in groups if task in group.members]
