"""Verified entries as rows and tasks of the board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rarft.harness.replies import Policy
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.types import Query
from rarft.leaderboard.ranking.conditions import Asked, shared_condition
from rarft.leaderboard.site_data.board_rows import BoardRow, BoardTask
from rarft.leaderboard.site_data.floor_rows import FloorReplies, floor_rows, replies_of_floors
from rarft.leaderboard.verification.verified import Verified

OPEN_LICENCES: Final = frozenset(
    {"Apache-2.0", "MIT", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0"}
)
_REPORTED: Final = ("tier", "tiers", "reasons", "checks", "verified_by_rarft")


def verified_row(verified: Verified) -> BoardRow:
    """Return the row of a verified entry."""
    entry = verified.entry
    report: Mapping[str, Any] = verified.to_json()
    return BoardRow(
        id=entry.slug,
        kind="entry",
        tier=verified.tier,
        about=entry.about,
        results=entry.results,
        outcomes={name: one.outcomes for name, one in verified.tasks.items()},
        samples=entry.samples,
        train=entry.train,
        manifest_sha256=entry.manifest_sha256,
        rarft_version=entry.rarft_version,
        verification={key: report[key] for key in _REPORTED if key in report},
    )


def verified_tasks(entries: Sequence[Verified]) -> dict[str, LoadedTask]:
    """Return the tasks of the entries, each once."""
    return {name: one.task for entry in entries for name, one in entry.tasks.items()}


def with_floors(
    rows: Sequence[BoardRow], tasks: Mapping[str, LoadedTask], *, texts: bool = False
) -> tuple[tuple[BoardTask, ...], tuple[BoardRow, ...]]:
    """Return the tasks of the board, and its rows with those of the floors.

    Args:
        rows: the rows of the entries.
        tasks: their tasks.
        texts: whether texts are shown that the licence of their task does not let be shown.
    """
    queries = {name: task.queries for name, task in tasks.items()}
    replies = {name: replies_of_floors(asked) for name, asked in queries.items()}
    board_tasks = [
        _board_task(task, replies[name], texts=texts or may_show_texts(task.metadata))
        for name, task in tasks.items()
    ]
    return tuple(board_tasks), (*rows, *_floors(rows, queries, replies))


def may_show_texts(metadata: Mapping[str, Any]) -> bool:
    """Return whether the licence of a task lets its texts be shown to anybody.

    A file of a repository quotes the sentences of datasets that have licences of their own, which
    the licence of the repository says nothing of.

    Example:
        >>> may_show_texts({"licence": "Apache-2.0", "annotation": "generated"})
        True
        >>> may_show_texts({"licence": "Apache-2.0", "repository": "JINSUBY/RA-RFT"})
        False
    """
    return metadata.get("licence") in OPEN_LICENCES and not metadata.get("repository")


def _board_task(task: LoadedTask, replies: FloorReplies, *, texts: bool) -> BoardTask:
    metadata = task.metadata
    version = metadata.get("version")
    return BoardTask(
        name=task.name,
        title=str(metadata.get("description") or task.name),
        version=f"{version:g}" if isinstance(version, int | float) else str(version or ""),
        licence=str(metadata.get("licence") or ""),
        queries=task.queries,
        blind_right=replies.blind_right(task.queries),
        texts=texts,
        private=texts and not may_show_texts(metadata),
    )


def _floors(
    rows: Sequence[BoardRow],
    queries: Mapping[str, Sequence[Query]],
    replies: Mapping[str, FloorReplies],
) -> tuple[BoardRow, ...]:
    """Return the floors on the queries, and by the policy, that the entries are ranked on."""
    n_asked: dict[str, int] = {}
    policies: list[Policy] = []
    for name, asked in queries.items():
        held = {
            row.id: Asked(n_queries=len(row.outcomes[name]), policy=row.policy)
            for row in rows
            if name in row.outcomes
        }
        condition = shared_condition(held, n_in_task=len(asked))
        n_asked[name] = condition.n_queries if condition else len(asked)
        policies += [condition.policy] if condition else []
    # No floor is unparsed, so that policies agree on it; a row has one all the same.
    policy: Policy = max(policies, key=policies.count) if policies else "paper"
    return floor_rows(queries, replies, n_asked=n_asked, policy=policy)
