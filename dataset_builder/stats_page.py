"""The page of a build's statistics: one HTML file without a script, in the look of the reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markupsafe import Markup

from rarft.dataset_builder.output.tally import NO_LEVEL, ordered
from rarft.dataset_builder.stats import BuildStats, stats_tables
from rarft.dataset_builder.stats_plots import series_histogram, share_histogram
from rarft.harness.atomic_file import write_atomic
from rarft.harness.audit.plots import count_bars
from rarft.harness.report.html_page import page_environment, page_style
from rarft.harness.taxonomy import CATEGORIES, LEVELS

_TEMPLATES: Final = Path(__file__).parent / "output" / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A drawing with its caption and the names of its colours."""

    caption: str
    drawing: Markup
    keys: tuple[str, ...] = ()


def write_stats_page(stats: BuildStats, path: Path) -> None:
    """Write the page; the same build gives the same bytes.

    Raises:
        UserError: the file cannot be written.
    """
    page = (
        page_environment(_TEMPLATES)
        .get_template("stats.html.j2")
        .render(
            style=page_style(),
            name=stats.name,
            tally=stats.tally,
            plots=stats_plots(stats),
            tables=stats_tables(stats),
        )
    )
    write_atomic(path, page.encode("utf-8", errors="replace"))


def stats_plots(stats: BuildStats) -> list[Plot]:
    """Return the plots for which there is something to draw."""
    tally = stats.tally
    classes = {"relevant": tally.words[True], "irrelevant": tally.words[False]}
    names = (*LEVELS, NO_LEVEL)
    edited = {name: tally.edited_words[name] for name in names if name in tally.edited_words}
    rejected = {name: int(n) for name, n in stats.facts.rejected_candidates.items()}
    drawn = [
        ("Irrelevant queries by level", _bars(ordered(tally.levels, names), "level"), ()),
        (
            "Irrelevant queries by category",
            _bars(ordered(tally.categories, CATEGORIES), "category"),
            (),
        ),
        (
            "Words of a query, as shares of each class",
            series_histogram(classes, label="Words of a query", axis="words"),
            tuple(name for name, counts in classes.items() if counts),
        ),
        (
            "Words that differ from the relevant query, as shares of each level",
            series_histogram(edited, label="Words edited by level", axis="words edited"),
            tuple(edited),
        ),
        (
            "Length of spans over that of their videos",
            share_histogram(tally.span_shares, label="Length of spans", axis="share of the video"),
            (),
        ),
        (
            "Queries a video",
            series_histogram(
                {"videos": tally.queries_a_video}, label="Queries a video", axis="queries"
            ),
            (),
        ),
        ("Findings of verification by reason", _bars(rejected, "reason"), ()),
    ]
    return [
        Plot(caption=caption, drawing=drawing, keys=keys)
        for caption, drawing, keys in drawn
        if drawing is not None
    ]


def _bars(counts: dict[str, int], what: str) -> Markup | None:
    return count_bars(counts, marked=(), label=f"Counts by {what}") if counts else None
