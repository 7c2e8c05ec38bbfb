"""The plots of the audit page: who is given which probability, the ROC curve, the categories."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from rarft.harness.report.svg import drawing, element, text, title

RELEVANT, IRRELEVANT = "run0", "run4"
"""The colour classes of the two classes of queries."""
_WIDTH: Final = 390
_LEFT: Final = 44
_RIGHT: Final = _WIDTH - 10
_LABEL_WIDTH: Final = 148


def guess_histogram(counts: Mapping[str, Sequence[Any]], *, task: str) -> Markup:
    """Draw how many queries of each class were given each P(relevant)."""
    top, bottom = 12, 204
    highest = max([1, *counts["relevant"], *counts["irrelevant"]])
    parts = []
    for step in range(5):
        y = bottom - (bottom - top) * step / 4
        parts.append(element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"))
        label = f"{highest * step / 4:.0f}"
        parts.append(text(label, x=_LEFT - 8, y=y + 4, text_anchor="end", class_="tick"))
    n_bins = len(counts["relevant"])
    slot = (_RIGHT - _LEFT) / n_bins
    for place in range(n_bins):
        edges = f"P {counts['edges'][place]:g} to {counts['edges'][place + 1]:g}"
        for side, (name, tone) in enumerate((("relevant", RELEVANT), ("irrelevant", IRRELEVANT))):
            count = counts[name][place]
            height = (bottom - top) * count / highest
            bar = element(
                "rect",
                [title(f"{edges}: {count} {name}")],
                x=_LEFT + (place + 0.08 + 0.42 * side) * slot,
                y=bottom - height,
                width=0.42 * slot,
                height=height,
                class_=f"{tone} area",
            )
            parts.append(bar)
    parts += _x_ticks(bottom, "P(relevant) from the words alone")
    label = f"P(relevant) given to the relevant and the irrelevant queries of {task}"
    return drawing(parts, width=_WIDTH, height=bottom + 40, label=label)


def roc_curve(points: Sequence[Sequence[float]], *, task: str, auc: float) -> Markup:
    """Draw the ROC curve over the diagonal of guessing."""
    top, bottom = 8, 8 + _RIGHT - _LEFT
    parts = []
    for step in (0, 0.25, 0.5, 0.75, 1):
        y = bottom - (bottom - top) * step
        x = _LEFT + (_RIGHT - _LEFT) * step
        parts.append(element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(element("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        parts.append(text(f"{step:g}", x=_LEFT - 8, y=y + 4, text_anchor="end", class_="tick"))
    parts.append(element("line", x1=_LEFT, y1=bottom, x2=_RIGHT, y2=top, class_="diagonal"))
    path = " ".join(
        f"{_LEFT + (_RIGHT - _LEFT) * x:.1f},{bottom - (bottom - top) * y:.1f}" for x, y in points
    )
    curve = element("polyline", [title(f"AUC {auc:.3f}")], points=path, class_=f"{RELEVANT} curve")
    parts += [curve, *_x_ticks(bottom, "irrelevant queries taken for relevant")]
    label = f"ROC curve of the words of {task}, AUC {auc:.3f}"
    return drawing(parts, width=_WIDTH, height=bottom + 40, label=label)


def count_bars(counts: Mapping[str, int], *, marked: Collection[str], label: str) -> Markup:
    """Draw one bar a name; the marked ones have another colour."""
    pitch, top = 21, 4
    highest = max([1, *counts.values()])
    right = _WIDTH - 46
    parts = []
    for place, (name, count) in enumerate(counts.items()):
        middle = top + (place + 0.5) * pitch
        length = (right - _LABEL_WIDTH) * count / highest
        bar = element(
            "rect",
            [title(f"{name}: {count}")],
            x=_LABEL_WIDTH,
            y=middle - 7,
            width=length,
            height=14,
            class_=f"{IRRELEVANT if name in marked else RELEVANT} area",
        )
        short = name.rsplit("/", 1)[-1]
        parts += [
            text(short, x=_LABEL_WIDTH - 10, y=middle + 4, text_anchor="end"),
            bar,
            text(f"{count:,}", x=_LABEL_WIDTH + length + 6, y=middle + 4, class_="tick"),
        ]
    return drawing(parts, width=_WIDTH, height=top + pitch * len(counts) + 6, label=label)


def _x_ticks(bottom: float, label: str) -> list[Markup]:
    middle = (_LEFT + _RIGHT) / 2
    parts = [text(label, x=middle, y=bottom + 34, text_anchor="middle", class_="tick")]
    for step in (0, 0.25, 0.5, 0.75, 1):
        x = _LEFT + (_RIGHT - _LEFT) * step
        parts.append(text(f"{step:g}", x=x, y=bottom + 16, text_anchor="middle", class_="tick"))
    return parts
