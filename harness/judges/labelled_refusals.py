"""Reference refusals with their categories, as tasks hold them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rarft.harness.errors import UserError
from rarft.harness.types import Query


@dataclass(frozen=True, slots=True)
class LabelledRefusals:
    """Refusals, the categories of each, and the video each is about; all of one length."""

    texts: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    videos: tuple[str, ...]

    def without_videos(self, videos: Iterable[str]) -> LabelledRefusals:
        """Return the refusals about other videos."""
        excluded = set(videos)
        rows = zip(self.texts, self.categories, self.videos, strict=True)
        return _refusals([row for row in rows if row[2] not in excluded])


def labelled_refusals(queries: Iterable[Query], *, tasks: str) -> LabelledRefusals:
    """Return the refusals of the irrelevant queries that have text and categories.

    Raises:
        UserError: there is none; `tasks` says where they were looked for.
    """
    rows = [
        (query.refusal, query.categories, query.video)
        for query in queries
        if not query.relevant and query.refusal.strip() and query.categories
    ]
    if not rows:
        raise UserError(
            f"got no irrelevant query with a refusal and categories in {tasks}, expected some; "
            "name tasks that have them, for example hi_charades"
        )
    return _refusals(rows)


def _refusals(rows: list[tuple[str, tuple[str, ...], str]]) -> LabelledRefusals:
    return LabelledRefusals(
        texts=tuple(text for text, _, _ in rows),
        categories=tuple(categories for _, categories, _ in rows),
        videos=tuple(video for _, _, video in rows),
    )
