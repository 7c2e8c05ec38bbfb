"""Replace a group whose video cannot be used by another group, alike in every process.

The copies of a group may lie in several processes, and a file may be damaged on one machine only:
what fails anywhere is replaced everywhere, by rows drawn from the seed and the failed row.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from rarft.harness.errors import UserError, VideoError
from rarft.trainer.prompts import video_source
from rarft.trainer.video_rows import VideoRow, VideoStore

Row = Mapping[str, Any]
GatherObjects = Callable[[list[Any]], list[Any]]

MAX_DRAWS: Final = 20

_logger = logging.getLogger(__name__)


class Rows(Protocol):
    """The rows of an epoch, by position; a `datasets.Dataset` is one."""

    def __len__(self) -> int:
        """Return how many rows there are."""

    def __getitem__(self, position: int, /) -> Any:
        """Return one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """A batch every video of which is there; `videos` stand beside their rows."""

    rows: list[Row]
    videos: list[VideoRow | None]


class Redraw:
    """Draws substitutes, and counts what it replaced.

    `reasons` holds why each video that failed did, by its path; `n_redrawn` counts the groups.
    """

    def __init__(self, store: VideoStore, gather: GatherObjects, *, seed: int) -> None:
        self.reasons: dict[str, str] = {}
        self.n_redrawn = 0
        self._store = store
        self._gather = gather
        self._seed = seed

    def usable(self, batch: Sequence[Row], rows: Rows) -> Usable:
        """Return the batch with every row replaced whose video fails in any process.

        Args:
            batch: The rows of this process, copies included.
            rows: Where substitutes are drawn from.

        Raises:
            UserError: no usable row was found in 20 draws.
        """
        current = list(batch)
        for draw in range(MAX_DRAWS):
            loaded = self._load(current)
            failed = self._failed(current, loaded)
            if not failed:
                videos = [None if isinstance(one, VideoError) else one for one in loaded]
                return Usable(rows=current, videos=videos)
            self._count(failed)
            current = [
                self._substitute(row, rows, draw=draw) if _identity(row) in failed else row
                for row in current
            ]
        reason = next(reversed(self.reasons.values()))
        raise UserError(
            f"got {MAX_DRAWS} rows one after the other whose video cannot be used (the last: "
            f"{reason}), expected videos; check the folder"
        )

    def _load(self, batch: Sequence[Row]) -> list[VideoRow | VideoError | None]:
        sources = [video_source(row["prompt"]) for row in batch]
        loaded = iter(self._store.load_all([source for source in sources if source is not None]))
        return [None if source is None else next(loaded) for source in sources]

    def _failed(
        self, batch: Sequence[Row], loaded: Sequence[VideoRow | VideoError | None]
    ) -> dict[str, tuple[str, str]]:
        """Return path and reason of the rows that cannot be used in some process."""
        failed = {
            _identity(row): (str(getattr(video_source(row["prompt"]), "path", "")), str(outcome))
            for row, outcome in zip(batch, loaded, strict=True)
            if isinstance(outcome, VideoError)
        }
        everywhere: dict[str, tuple[str, str]] = {}
        for one in self._gather([failed]):
            everywhere |= one
        return everywhere

    def _count(self, failed: Mapping[str, tuple[str, str]]) -> None:
        self.n_redrawn += len(failed)
        for path, reason in failed.values():
            if path not in self.reasons:
                _logger.warning("skipped a video and drew another row for its group: %s", reason)
            self.reasons[path] = reason

    def _substitute(self, row: Row, rows: Rows, *, draw: int) -> Row:
        drawn = random.Random(f"{self._seed} {draw} {_identity(row)}")
        substitute: Row = rows[drawn.randrange(len(rows))]
        return substitute


def _identity(row: Row) -> str:
    return json.dumps([row.get("query_id"), row["prompt"]], sort_keys=True)
