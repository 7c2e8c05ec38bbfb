"""What a data set holds for training, and what was left out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReport:
    """Counts of what is learned from, and of what is not, by reason."""

    name: str
    negatives: str
    n_videos: int
    n_relevant: int
    n_irrelevant: int
    n_rows: int
    left_out: Mapping[str, int]

    def lines(self) -> list[str]:
        """Return the report as lines of text.

        Example:
            >>> DataReport(name="a.json", negatives="hard", n_videos=2, n_relevant=2,
            ...            n_irrelevant=6, n_rows=4, left_out={"missing videos": 3}).lines()
            ['a.json: 2 videos, 2 relevant and 6 irrelevant queries, negatives hard, 4 rows an \
epoch', 'left out: 3 missing videos']
        """
        kept = (
            f"{self.name}: {self.n_videos:,} videos, {self.n_relevant:,} relevant and "
            f"{self.n_irrelevant:,} irrelevant queries, negatives {self.negatives}, "
            f"{self.n_rows:,} rows an epoch"
        )
        left_out = ", ".join(f"{count:,} {reason}" for reason, count in self.left_out.items())
        return [kept, f"left out: {left_out}"] if left_out else [kept]
