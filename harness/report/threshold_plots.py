"""The plots over all thresholds of a relevance score: risk against coverage, and reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.metrics.reliability import ReliabilityBin, reliability
from rarft.harness.metrics.selective import risk_coverage
from rarft.harness.report.blocks import SELECTIVE_COLUMNS
from rarft.harness.report.columns import cell, figure_of
from rarft.harness.report.rows import Row
from rarft.harness.report.svg import drawing, element, mark, text, title

_SIDE: Final = 300
_LEFT: Final = 44
_TOP: Final = 24
_TICKS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
_MAX_CORNERS: Final = 400


@dataclass(frozen=True, slots=True)
class ThresholdPlot:
    """An image, and for each run in it, by position, its name with its figures."""

    image: Markup
    legend: dict[int, str]


def risk_coverage_plot(
    runs: Mapping[int, Sequence[QueryOutcome]], rows: Sequence[Row], *, task: str
) -> ThresholdPlot | None:
    """Draw the risk at every coverage, one line a run; None where no run has a curve.

    Coverage is the share of queries that are grounded; a long curve is thinned to 400 corners.

    Args:
        runs: the outcomes of the runs that have relevance scores, by position.
        rows: the rows of the task's table, which hold the figures for the legend.
        task: the task's name.
    """
    parts: list[Markup] = []
    legend = {}
    for run, outcomes in runs.items():
        curve = risk_coverage(outcomes)
        if curve is None:
            continue
        step = max(1, len(curve.coverage) // _MAX_CORNERS)
        kept = [*range(0, len(curve.coverage), step), len(curve.coverage) - 1]
        corners = [_place(float(curve.coverage[i]), float(curve.risk[i])) for i in kept]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        parts.append(element("polyline", points=points, class_=f"run{run % 6} curve"))
        parts.append(mark(run, *corners[-1], class_=f"run{run % 6} area"))
        row = _row_of(run, rows)
        legend[run] = ", ".join([row.label, *_figures(row)])
    if not parts:
        return None
    label = f"Risk against coverage on {task}"
    return ThresholdPlot(_plot(parts, label=label, x="coverage", y="risk"), legend)


def reliability_plot(
    runs: Mapping[int, Sequence[QueryOutcome]], rows: Sequence[Row], *, task: str
) -> ThresholdPlot | None:
    """Draw the share of relevant queries against their mean score, one mark a bin of a tenth.

    None where no run has scores that are probabilities. On the diagonal a score means what it says.

    Args:
        runs: the outcomes of the runs that have relevance scores, by position.
        rows: the rows of the task's table, which hold the names for the legend.
        task: the task's name.
    """
    parts: list[Markup] = []
    legend = {}
    for run, outcomes in runs.items():
        found = reliability(outcomes)
        if found is None:
            continue
        parts += [_bin(run, one) for one in found.bins if one.n_queries]
        error = found.expected_calibration_error
        legend[run] = f"{_row_of(run, rows).label}, ECE {error:.3f}"
    if not parts:
        return None
    start, end = _place(0.0, 0.0), _place(1.0, 1.0)
    diagonal = element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_="diagonal")
    label = f"Reliability of the relevance scores on {task}"
    image = _plot([diagonal, *parts], label=label, x="mean score", y="share relevant")
    return ThresholdPlot(image, legend)


def _row_of(run: int, rows: Sequence[Row]) -> Row:
    return next(row for row in rows if row.kind == "model" and row.run == run)


def _figures(row: Row) -> list[str]:
    """Write the stored figures over all thresholds; one that is not stored is left out."""
    return [
        f"{column.label} {cell(row.scores, column)}"
        for column in SELECTIVE_COLUMNS
        if column.kind == "number" and figure_of(row.scores, column.key) is not None
    ]


def _bin(run: int, one: ReliabilityBin) -> Markup:
    x, y = _place(one.mean_score or 0.0, one.share_relevant or 0.0)
    hint = (
        f"scores {one.low:.1f} to {one.high:.1f}: {one.n_queries} queries, mean score "
        f"{one.mean_score or 0.0:.2f}, {one.share_relevant or 0.0:.2f} relevant"
    )
    return element("g", [title(hint), mark(run, x, y, class_=f"run{run % 6} area")])


def _place(x: float, y: float) -> tuple[float, float]:
    return _LEFT + _SIDE * x, _TOP + _SIDE * (1.0 - y)


def _plot(parts: Sequence[Markup], *, label: str, x: str, y: str) -> Markup:
    grid: list[Markup] = []
    for tick in _TICKS:
        left, bottom = _place(0.0, tick)
        right, _ = _place(1.0, tick)
        grid.append(element("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="grid"))
        grid.append(text(f"{tick:g}", x=left - 8, y=bottom + 4, text_anchor="end", class_="tick"))
        at, floor = _place(tick, 0.0)
        grid.append(text(f"{tick:g}", x=at, y=floor + 17, text_anchor="middle", class_="tick"))
    middle, floor = _place(0.5, 0.0)
    grid.append(text(x, x=middle, y=floor + 34, text_anchor="middle"))
    grid.append(text(y, x=2, y=12, text_anchor="start"))
    return drawing([*grid, *parts], width=_LEFT + _SIDE + 14, height=_TOP + _SIDE + 42, label=label)
