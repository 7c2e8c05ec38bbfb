"""Which text is asked about which video: exchanged until none may be true there."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rarft.dataset_builder.shuffle_truth import maybe_true
from rarft.dataset_builder.types import Row
from rarft.harness.audit.words import same_words_key
from rarft.harness.errors import UserError

MOST_TRIES: Final = 2_000


def exchange_until_false(
    sources: list[Row],
    slots: Sequence[str],
    true: Mapping[str, Sequence[str]],
    generator: random.Random,
) -> int:
    """Exchange sources in place until none may be true of its video; return how many were moved.

    Every source stays in use exactly once. A text is asked about a video at most once.

    Args:
        sources: The rows whose texts are asked. Shape: (n_slots,).
        slots: The video that each is asked about.
        true: The texts that are true of each video.
        generator: Decides with which others they are exchanged.

    Raises:
        UserError: no exchange helps.
    """
    pairs = _Pairs(sources=sources, slots=slots, true=true, asked={})
    for source, video in zip(sources, slots, strict=True):
        pairs.asked.setdefault(video, Counter())[same_words_key(source.query.text)] += 1
    misplaced = [index for index in range(len(slots)) if not pairs.is_fine(index)]
    n_moved = 0
    for index in misplaced:
        if pairs.is_fine(index):
            continue
        others = generator.sample(range(len(slots)), min(len(slots), MOST_TRIES))
        if not any(other != index and pairs.exchange(index, other) for other in others):
            raise UserError(
                f"got “{sources[index].query.text}”, which may be true of every video left for it, "
                "expected one where it is not; give rows of more videos, or another --seed"
            )
        n_moved += 1
    return n_moved


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Sources and the videos they are asked about, with the texts asked about each video."""

    sources: list[Row]
    slots: Sequence[str]
    true: Mapping[str, Sequence[str]]
    asked: dict[str, Counter[str]]

    def is_fine(self, index: int) -> bool:
        query, video = self.sources[index].query, self.slots[index]
        return (
            query.video != video
            and self.asked[video][same_words_key(query.text)] == 1
            and not any(maybe_true(query.text, text) for text in self.true.get(video, ()))
        )

    def exchange(self, index: int, other: int) -> bool:
        """Exchange two sources if the first is then fine, and the other as fine as before."""
        was_fine = self.is_fine(other)
        self._swap(index, other)
        if self.is_fine(index) and (self.is_fine(other) or not was_fine):
            return True
        self._swap(index, other)
        return False

    def _swap(self, index: int, other: int) -> None:
        for at, change in ((index, -1), (other, -1)):
            self._count(at, change)
        sources = self.sources
        sources[index], sources[other] = sources[other], sources[index]
        for at, change in ((index, 1), (other, 1)):
            self._count(at, change)

    def _count(self, at: int, change: int) -> None:
        key = same_words_key(self.sources[at].query.text)
        self.asked[self.slots[at]][key] += change
