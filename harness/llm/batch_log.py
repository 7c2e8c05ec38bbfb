"""batches.jsonl: what was sent by the Batch API, written before and after each step.

The first row of a batch is on disk before the server is told of it; later rows hold what changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from rarft.harness.stages.append_log import AppendLog, read_rows

LOG_NAME: Final = "batches.jsonl"
UNKNOWN: Final = "unknown"
LOST: Final = "lost"
ENDED: Final = ("completed", "failed", "expired", "cancelled", LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBatch:
    """One batch as the log knows it.

    `local_id` names it on this machine and in the server's metadata. `status` is the server's, or
    "unknown" until the server has said that it holds the batch, or "lost" where it does not.
    `usd` is the estimated cost until the batch has ended and then the real one; None is unknown.
    """

    local_id: str
    digests: tuple[str, ...]
    begun_s: float
    usd: float | None
    batch_id: str = ""
    status: str = UNKNOWN
    reason: str = ""

    @property
    def has_ended(self) -> bool:
        """Say whether nothing more comes of it."""
        return self.status in ENDED

    def results_path(self, directory: Path, kind: str) -> Path:
        """Return where its "output" or "errors" file is kept."""
        return directory / "batches" / f"{self.local_id}.{kind}.jsonl"


def waiting_digests(directory: Path) -> frozenset[str]:
    """Return the requests of the batches that have not ended, as far as the log knows.

    Raises:
        UserError: the file cannot be read.
    """
    if not (directory / LOG_NAME).is_file():
        return frozenset()
    log = BatchLog(directory)
    log.close()
    return frozenset(digest for b in log.batches if not b.has_ended for digest in b.digests)


def planned_usd(directory: Path) -> float:
    """Return what the batches of a directory cost, as estimated until they have ended.

    A batch without a known price counts nothing.

    Raises:
        UserError: the file cannot be read.
    """
    if not (directory / LOG_NAME).is_file():
        return 0.0
    log = BatchLog(directory)
    log.close()
    return sum(batch.usd or 0.0 for batch in log.batches)


class BatchLog:
    """The open log with its batches, in the order in which they were begun.

    Raises:
        UserError: the file cannot be read or written.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        path = directory / LOG_NAME
        self._log = AppendLog(path)
        self._batches: dict[str, SentBatch] = {}
        for row in read_rows(path, required=("local_id",)):
            self._fold(row)

    @property
    def batches(self) -> Sequence[SentBatch]:
        """Return every batch."""
        return list(self._batches.values())

    def begin(self, batch: SentBatch) -> None:
        """Write down that a batch is about to be made."""
        self._write(
            {
                "local_id": batch.local_id,
                "begun_s": batch.begun_s,
                "usd": batch.usd,
                "digests": list(batch.digests),
            }
        )

    def update(self, batch: SentBatch, **changes: Any) -> SentBatch:
        """Write down what has changed of a batch, if anything, and return it as it is now."""
        if replace(batch, **changes) != batch:
            self._write({"local_id": batch.local_id, **changes})
        return self._batches[batch.local_id]

    def close(self) -> None:
        """Close the file."""
        self._log.close()

    def _write(self, row: dict[str, Any]) -> None:
        self._log.append([row])
        self._fold(row)

    def _fold(self, row: dict[str, Any]) -> None:
        name = row["local_id"]
        changes = {k: v for k, v in row.items() if k not in ("schema_version", "local_id")}
        if name in self._batches:
            self._batches[name] = replace(self._batches[name], **changes)
        else:
            changes["digests"] = tuple(changes["digests"])
            self._batches[name] = SentBatch(local_id=name, **changes)
