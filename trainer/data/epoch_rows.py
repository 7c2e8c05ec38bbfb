"""The rows of an epoch: for each video one relevant and one irrelevant query.

Which ones depends on the seed and the epoch alone, so that every process and every resumed run
draws the same. Each row also carries the reference of the other, which the paper's equation 6 takes
for the negative: an irrelevant row the relevant span, a relevant row the refusal.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from rarft.harness.errors import UserError
from rarft.harness.models.card import Card
from rarft.harness.types import Query, pairs_from_spans
from rarft.trainer.config import Negatives
from rarft.trainer.data.pools import Topic, VideoPool, pools_digest
from rarft.trainer.prompts import training_row

MAX_STRANGERS: Final = 1000
SHUFFLED_REFUSAL: Final = "The video does not contain a segment that matches the query '{query}'."
"""The reference refusal of a shuffled query, for which nobody has written one."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How queries become prompts, and what tells whether a stranger's query holds in a video."""

    card: Card
    prompt: str
    negatives: Negatives
    holds: Callable[[Query, VideoPool], bool]
    seed: int


class EpochRows:
    """Two rows for each video, the relevant one at even positions; `set_epoch` draws anew."""

    def __init__(self, pools: Sequence[VideoPool], asking: Asking) -> None:
        if asking.negatives != "hard" and len(pools) < 2:
            raise UserError(
                f"got {len(pools)} video for negatives={asking.negatives}, expected at least 2: "
                "shuffled queries are those of other videos"
            )
        self.digest = pools_digest(pools)
        self._pools = pools
        self._asking = asking
        self._epoch = 0
        self._drawn: dict[int, tuple[Query, Query]] = {}

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the rows are of."""
        self._epoch = epoch
        self._drawn.clear()

    def __len__(self) -> int:
        """Return how many rows an epoch has."""
        return 2 * len(self._pools)

    def __getitem__(self, position: int, /) -> dict[str, Any]:
        """Return one row.

        Raises:
            IndexError: there is no such position.
        """
        if not 0 <= position < len(self):
            raise IndexError(f"got row {position} of {len(self)}")
        number = position // 2
        if number not in self._drawn:
            self._drawn[number] = self._pair(self._pools[number])
        relevant, irrelevant = self._drawn[number]
        is_relevant = position % 2 == 0
        row = training_row(
            relevant if is_relevant else irrelevant,
            video=self._pools[number].path,
            card=self._asking.card,
            prompt=self._asking.prompt,
        )
        if is_relevant:
            return {**row, "refusal": irrelevant.refusal}
        return {**row, "spans": pairs_from_spans(relevant.spans)}

    def _pair(self, pool: VideoPool) -> tuple[Query, Query]:
        name = f"{self._asking.seed} relevant {pool.key}"
        topic = draw(pool.topics, name=name, turn=self._epoch)
        return topic.relevant, self._irrelevant(pool, topic)

    def _irrelevant(self, pool: VideoPool, topic: Topic) -> Query:
        asking = self._asking
        is_shuffled = asking.negatives == "shuffled" or not topic.irrelevant
        if asking.negatives == "mixed" and topic.irrelevant:
            coin = random.Random(f"{asking.seed} {self._epoch} kind {pool.key}")
            is_shuffled = coin.random() < 0.5
        if is_shuffled:
            return self._shuffled(pool, topic)
        hard = draw(
            topic.irrelevant,
            name=f"{asking.seed} irrelevant {pool.key} {topic.relevant.id}",
            turn=self._epoch // len(pool.topics),
        )
        return replace(hard, relevant_query=topic.relevant.text)

    def _shuffled(self, pool: VideoPool, topic: Topic) -> Query:
        """Return a query of another video that this one does not show."""
        drawn = random.Random(f"{self._asking.seed} {self._epoch} shuffled {pool.key}")
        for _ in range(MAX_STRANGERS):
            other = drawn.choice(self._pools)
            stranger = drawn.choice(other.topics).relevant
            if stranger.video != topic.relevant.video and not self._asking.holds(stranger, pool):
                return replace(
                    topic.relevant,
                    id=f"{topic.relevant.id}~{other.key}~{stranger.id}",
                    text=stranger.text,
                    relevant=False,
                    spans=(),
                    level="shuffled",
                    categories=(),
                    refusal=SHUFFLED_REFUSAL.format(query=stranger.text.rstrip(" .")),
                    relevant_query=topic.relevant.text,
                )
        raise UserError(
            f"got no query that does not hold in {pool.key} among {MAX_STRANGERS:,} of other "
            "videos, expected one; give negatives=hard or more videos"
        )


def draw(items: Sequence[T], *, name: str, turn: int) -> T:
    """Return one item: none comes twice before all came, in an order drawn anew each round.

    Example:
        >>> [draw("abc", name="seed", turn=turn) for turn in range(3)] != ["a", "a", "a"]
        True
        >>> sorted(draw("abc", name="seed", turn=turn) for turn in range(3))
        ['a', 'b', 'c']
    """
    n_rounds, place = divmod(turn, len(items))
    order = list(range(len(items)))
    random.Random(f"{name} {n_rounds}").shuffle(order)
    return items[order[place]]
