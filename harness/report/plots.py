"""The plots of figures: F1 per level and per category, models against their floors.

Each takes the rows of one task and returns an image. A model's place is its run, which sets its
colour and shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from rarft.harness.report.columns import Figure, figure_of, interval, percent
from rarft.harness.report.rows import FLOORS, Row
from rarft.harness.report.svg import drawing, element, mark, text, title

_WIDTH: Final = 390
_PLOT_LEFT: Final = 38
_LABEL_WIDTH: Final = 148
_FLOOR_REACH: Final = 4


def level_plot(rows: Sequence[Row], levels: Mapping[str, str], *, task: str) -> Markup:
    """Draw F1 within each level as bars with intervals, one bar per model, floors as lines."""
    top, bottom = 12, 204
    models = [row for row in rows if row.kind == "model"]
    slot = (_WIDTH - _PLOT_LEFT - 6) / max(1, len(levels))
    bar = min(34.0, 0.7 * slot / max(1, len(models)))
    parts = _horizontal_grid(top, bottom)
    for position, (key, label) in enumerate(levels.items()):
        centre = _PLOT_LEFT + (position + 0.5) * slot
        left = centre - bar * len(models) / 2
        for place, row in enumerate(models):
            if figure := figure_of(row.scores, key):
                x = left + (place + 0.5) * bar
                hint = f"{row.label}, {label}: {_written(figure)}"
                parts.append(_bar(figure, x, bar=bar, span=(top, bottom), run=row.run, hint=hint))
        half = max(bar * len(models) / 2 + _FLOOR_REACH, 20)
        parts += _floor_lines(rows, key, x=(centre - half, centre + half), y=(bottom, top))
        parts.append(text(label, x=centre, y=bottom + 18, text_anchor="middle"))
    return drawing(
        parts, width=_WIDTH, height=bottom + 28, label=f"F1 within each level of {task}, in percent"
    )


def category_plot(rows: Sequence[Row], categories: Mapping[str, str], *, task: str) -> Markup:
    """Draw F1-irrelevant within each category as marks with intervals, floors as lines."""
    models = [row for row in rows if row.kind == "model"]
    pitch = max(21, 11 * len(models) + 6)
    top = 4
    bottom = top + pitch * len(categories)
    left, right = _LABEL_WIDTH, _WIDTH - 14
    parts = _vertical_grid(left, right, top, bottom)
    for position, (key, label) in enumerate(categories.items()):
        middle = top + (position + 0.5) * pitch
        parts.append(text(label, x=left - 10, y=middle + 4, text_anchor="end"))
        half = pitch / 2
        parts += _floor_lines(
            rows, key, x=(left, right), y=(middle - half, middle + half), across=True
        )
        for place, row in enumerate(models):
            if figure := figure_of(row.scores, key):
                y = middle + 11 * (place - (len(models) - 1) / 2)
                hint = f"{row.label}, {label}: {_written(figure)}"
                parts.append(_dot(figure, y, span=(left, right), run=row.run, hint=hint))
    return drawing(
        parts,
        width=_WIDTH,
        height=bottom + 24,
        label=f"F1 irrelevant within each category of {task}, in percent",
    )


def _written(figure: Figure) -> str:
    bounds = interval(figure)
    return f"{percent(figure.value)} %" + (f", 95% interval {bounds}" if bounds else "")


def _at(fraction: float, low: float, high: float) -> float:
    return low + (high - low) * fraction


def _bar(
    figure: Figure, x: float, *, bar: float, span: tuple[float, float], run: int, hint: str
) -> Markup:
    top, bottom = span
    y = _at(figure.value, bottom, top)
    parts = [
        title(hint),
        element(
            "rect",
            x=x - 0.44 * bar,
            y=y,
            width=0.88 * bar,
            height=max(0.0, bottom - y),
            class_=f"run{run % 6} area",
        ),
    ]
    if figure.low is not None and figure.high is not None:
        low, high = (_at(bound, bottom, top) for bound in (figure.low, figure.high))
        parts.append(element("line", x1=x, x2=x, y1=low, y2=high, class_="whisker"))
        for end in (low, high):
            parts.append(element("line", x1=x - 4, x2=x + 4, y1=end, y2=end, class_="whisker"))
    return element("g", parts)


def _dot(figure: Figure, y: float, *, span: tuple[float, float], run: int, hint: str) -> Markup:
    parts = [title(hint)]
    if figure.low is not None and figure.high is not None:
        low, high = (_at(bound, *span) for bound in (figure.low, figure.high))
        parts.append(element("line", x1=low, x2=high, y1=y, y2=y, class_=f"run{run % 6} range"))
    parts.append(mark(run, _at(figure.value, *span), y, class_=f"run{run % 6} area"))
    return element("g", parts)


def _floor_lines(
    rows: Sequence[Row],
    key: str,
    *,
    x: tuple[float, float],
    y: tuple[float, float],
    across: bool = False,
) -> list[Markup]:
    lines = []
    for row in rows:
        figure = figure_of(row.scores, key) if row.kind == "floor" else None
        if figure is None:
            continue
        hint = title(f"{row.label}: {_written(figure)}")
        class_ = f"floor {row.key.replace('_', '-')}"
        if across:
            at = _at(figure.value, *x)
            line = element("line", [hint], x1=at, x2=at, y1=y[0], y2=y[1], class_=class_)
        else:
            at = _at(figure.value, *y)
            line = element("line", [hint], x1=x[0], x2=x[1], y1=at, y2=at, class_=class_)
        lines.append(line)
    return lines


def _horizontal_grid(top: float, bottom: float) -> list[Markup]:
    parts = []
    for step in (0, 25, 50, 75, 100):
        y = _at(step / 100, bottom, top)
        parts.append(element("line", x1=_PLOT_LEFT, x2=_WIDTH - 6, y1=y, y2=y, class_="grid"))
        parts.append(text(str(step), x=_PLOT_LEFT - 8, y=y + 4, text_anchor="end", class_="tick"))
    return parts


def _vertical_grid(left: float, right: float, top: float, bottom: float) -> list[Markup]:
    parts = []
    for step in (0, 25, 50, 75, 100):
        x = _at(step / 100, left, right)
        parts.append(element("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        parts.append(text(str(step), x=x, y=bottom + 17, text_anchor="middle", class_="tick"))
    return parts


FLOOR_CLASSES: Final = {key.replace("_", "-"): label for key, label in FLOORS.items()}
"""The line style of each floor, for the legend."""
