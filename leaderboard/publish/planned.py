"""What is published where: every file is known, and checked, before the first one leaves."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Place = Literal["dataset", "space", "pages"]
"""A dataset of the Hub, a static Space of it, or a folder from which GitHub Pages serves."""

CARD: Final = "README.md"
BOARD: Final = "data/board.json"
"""The file by which a built site is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file by its path at the place, with `/` between folders; its content, or where that is."""

    path: str
    content: Path | bytes

    @property
    def n_bytes(self) -> int:
        """Return the size of the content."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return self.content.stat().st_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Files for one place.

    `target` is the Hub's id, or a folder. What lies there below one of the folders in `replaces`
    and is not among the files is removed; "" stands for the whole place. `card` makes README.md of
    all paths that the place will hold.
    """

    place: Place
    target: str
    files: tuple[PlannedFile, ...]
    replaces: tuple[str, ...]
    card: Callable[[Collection[str]], str] | None = None

    @property
    def n_bytes(self) -> int:
        """Return the size of all files."""
        return sum(file.n_bytes for file in self.files)

    def with_card(self, already_there: Collection[str] = ()) -> tuple[PlannedFile, ...]:
        """Return the files and README.md, which counts in what is there already and stays."""
        if self.card is None:
            return self.files
        stays = set(already_there) - set(self.gone(already_there))
        paths = sorted(stays | {file.path for file in self.files})
        return (*self.files, PlannedFile(path=CARD, content=self.card(paths).encode()))

    def gone(self, already_there: Collection[str]) -> tuple[str, ...]:
        """Return what is removed of the paths that lie there.

        Example:
            >>> files = (PlannedFile(path="entries/a/entry.json", content=b"{}"),)
            >>> plan = Publication(place="dataset", target="me/board", files=files,
            ...                    replaces=("entries/a/",))
            >>> plan.gone(["entries/a/train.json", "entries/b/train.json"])
            ('entries/a/train.json',)
        """
        sent = {file.path for file in self.files}
        kept = sent if self.card is None else sent | {CARD}
        return tuple(
            path for path in already_there if path.startswith(self.replaces) and path not in kept
        )
