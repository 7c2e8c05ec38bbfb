"""What a build says at its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rarft.dataset_builder.store import MISSING

if TYPE_CHECKING:
    from rarft.dataset_builder.build import Built

N_REASONS: Final = 5


def summary_lines(built: Built, directory: Path) -> Iterator[str]:
    """Yield what was built, what it cost now, what is missing and why."""
    counts, asked = built.counts, built.asked
    levels = ", ".join(
        f"{n} {level}" for level, n in counts["levels"].items() if level != "original"
    )
    yield (
        f"{counts['n_relevant']} relevant and {counts['n_irrelevant']} irrelevant queries "
        f"({levels or 'none'})"
    )
    cost = "no known price" if asked.usd is None else f"{asked.usd:.4f} USD"
    yield (
        f"{asked.n_asked} questions, {asked.n_cached} from the cache, {asked.n_calls} calls, "
        f"{asked.n_failed} without a usable answer, {cost}"
    )
    if built.missing:
        n_missing = built.missing.total()
        yield f"{n_missing} irrelevant queries are missing; {directory / MISSING} says why"
        for reason, count in built.missing.most_common(N_REASONS):
            yield f"  {count}: {reason}"
    if asked.note:
        yield asked.note
