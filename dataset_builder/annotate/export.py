"""Which rows are exported, and in whose words.

Without a named annotator a row goes out only if all who decided it accepted it, with the same
relevance; its fields are those that were saved last. Named annotators come first to last: of each
row, the first of them who decided it is followed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from rarft.dataset_builder.annotate.annotation import row_of_annotation
from rarft.dataset_builder.annotate.store import Saved
from rarft.dataset_builder.types import Row

Outcome = Literal["accepted", "rejected", "undecided", "disagreed"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("accepted", "rejected", "undecided", "disagreed")


def exported_rows(
    annotated: Iterable[tuple[Row, Sequence[Saved]]],
    *,
    counts: Counter[Outcome],
    annotators: Sequence[str] = (),
) -> Iterator[Row]:
    """Yield the accepted rows as their annotators left them; `counts` gains what became of each."""
    for row, saved in annotated:
        outcome, chosen = choose(saved, annotators=annotators)
        counts[outcome] += 1
        if outcome == "accepted" and chosen is not None:
            yield row_of_annotation(chosen.annotation, row)


def choose(
    saved: Sequence[Saved], *, annotators: Sequence[str] = ()
) -> tuple[Outcome, Saved | None]:
    """Return what becomes of a row, and whose annotation of it is followed."""
    decided = [one for one in saved if one.annotation.decision != "open"]
    if annotators:
        by_name = {one.annotator: one for one in decided}
        decided = [by_name[name] for name in annotators if name in by_name][:1]
    if not decided:
        return "undecided", None
    if len({one.annotation.decision for one in decided}) > 1:
        return "disagreed", None
    last = max(decided, key=lambda one: (one.saved_at, one.annotator))
    if last.annotation.decision == "rejected":
        return "rejected", last
    if len({one.annotation.relevant for one in decided}) > 1:
        return "disagreed", None
    return "accepted", last
