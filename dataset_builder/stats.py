"""What a build holds, as tables; the page with the plots is `stats_page`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarft.dataset_builder.output.found_build import BuildFacts, find_build, flat, with_measured
from rarft.dataset_builder.output.row_index import index_rows
from rarft.dataset_builder.output.tally import LIMITS, NO_LEVEL, Counting, Tally, ordered
from rarft.harness.taxonomy import CATEGORIES, LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStats:
    """The counts of a build's rows, and what build.json says of the rest."""

    name: str
    tally: Tally
    facts: BuildFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsTable:
    """One table of texts; the first column holds names."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read_stats(build: Path) -> BuildStats:
    """Count the rows of a build's folder, or of a file of rows.

    Raises:
        NotFoundError: there is no such build.
        UserError: a row is damaged, or an id comes twice.
    """
    found = find_build(build)
    counting = Counting()
    index_rows(found.rows, see=counting.add)
    tally = counting.tally()
    facts = with_measured(found, n_rows=tally.n_rows)
    return BuildStats(name=found.name, tally=tally, facts=facts)


def stats_tables(stats: BuildStats) -> list[StatsTable]:
    """Return what there is to say, without the tables that would be empty."""
    tally, facts = stats.tally, stats.facts
    levels = ordered(tally.levels, (*LEVELS, NO_LEVEL))
    categories = ordered(tally.categories, CATEGORIES)
    tables = [
        _table(
            "splits",
            ("split", "relevant", "irrelevant", "videos"),
            [(name, *map(_count, counts)) for name, counts in tally.splits.items()],
        ),
        _table(
            "levels",
            ("level", "queries", "mean words edited"),
            [(name, _count(n), _mean(tally.edited_words.get(name))) for name, n in levels.items()],
        ),
        _table(
            "categories",
            ("category", *levels, "all"),
            [
                (
                    name,
                    *(_count(tally.category_levels.get((name, level), 0)) for level in levels),
                    _count(n),
                )
                for name, n in categories.items()
            ],
        ),
        _table(
            "words of a query",
            ("queries", "mean", "fewest", "most"),
            [
                (name, _mean(words), str(min(words)), str(max(words)))
                for name, words in (
                    ("relevant", tally.words[True]),
                    ("irrelevant", tally.words[False]),
                )
                if words
            ],
        ),
        _table(
            "sources",
            ("source", "split", "rows", "licence"),
            [(one.source, one.split, _count(one.n_rows), one.licence) for one in tally.sources],
        ),
        _table(
            "known limits",
            ("what", "count"),
            [(LIMITS[name], _count(n)) for name, n in tally.limits.items()],
        ),
    ]
    tables += [
        _table(title, ("what", "value"), [(key, shown(one)) for key, one in flat(part).items()])
        for title, part in (
            ("rejected candidates", facts.rejected_candidates),
            ("missing queries", facts.missing),
            ("costs", facts.costs),
            ("guessability", facts.guessability),
        )
    ]
    return [table for table in tables if table.rows]


def shown(value: Any) -> str:
    """Return a figure as text.

    Example:
        >>> shown(0.5731234), shown(12000), shown(None)
        ('0.573123', '12,000', '–')
    """
    if value is None or value == "":
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(title: str, headings: Sequence[str], rows: Sequence[tuple[str, ...]]) -> StatsTable:
    return StatsTable(title=title, headings=tuple(headings), rows=tuple(rows))


def _count(value: int) -> str:
    return f"{value:,}"


def _mean(counts: Mapping[int, int] | None) -> str:
    if not counts:
        return "–"
    return f"{sum(value * n for value, n in counts.items()) / sum(counts.values()):.2f}"
