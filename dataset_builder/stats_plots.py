"""The plots of a build's page: bars of counts, and histograms of several series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from rarft.harness.report.svg import drawing, element, text, title

_WIDTH: Final = 390
_LEFT: Final = 52
_RIGHT: Final = _WIDTH - 10
_TOP, _BOTTOM = 12, 190
_MAX_TICKS: Final = 10
_MAX_BAR: Final = 36.0
MAX_SLOTS: Final = 40
"""So many values have a bar of their own; the last bar holds all larger ones."""


def series_histogram(
    series: Mapping[str, Mapping[int, int]], *, label: str, axis: str
) -> Markup | None:
    """Draw the share of each series that has each value, bars of one value side by side.

    Shares make series of different size comparable.

    Args:
        series: by name, how often each value occurs.
        label: what a screen reader says.
        axis: what the values are.
    """
    filled = {name: counts for name, counts in series.items() if sum(counts.values())}
    if not filled:
        return None
    first = min(min(counts) for counts in filled.values())
    last = max(max(counts) for counts in filled.values())
    n_slots = min(last - first + 1, MAX_SLOTS)
    shares = {name: _shares(counts, first, n_slots) for name, counts in filled.items()}
    highest = max(max(one) for one in shares.values())
    is_cut = last - first + 1 > n_slots
    slot = (_RIGHT - _LEFT) / n_slots
    parts = _grid(highest)
    for side, (name, one) in enumerate(shares.items()):
        width = min(0.86 * slot / len(shares), _MAX_BAR)
        left = (slot - width * len(shares)) / 2 + side * width
        for place, share in enumerate(one):
            height = (_BOTTOM - _TOP) * share / highest
            above = " or more" if is_cut and place == n_slots - 1 else ""
            parts.append(
                element(
                    "rect",
                    [title(f"{name}, {first + place}{above}: {100 * share:.1f} %")],
                    x=_LEFT + place * slot + left,
                    y=_BOTTOM - height,
                    width=width,
                    height=height,
                    class_=f"run{side % 6} area",
                )
            )
    step = -(-n_slots // _MAX_TICKS)
    for place in range(0, n_slots, step):
        x = _LEFT + (place + 0.5) * slot
        label_text = f"{first + place}"
        parts.append(text(label_text, x=x, y=_BOTTOM + 16, text_anchor="middle", class_="tick"))
    parts += _named(axis)
    return drawing(parts, width=_WIDTH, height=_BOTTOM + 40, label=label)


def share_histogram(bins: tuple[int, ...], *, label: str, axis: str) -> Markup | None:
    """Draw counts of fractions from 0 to 1 in bins of equal width."""
    n_all = sum(bins)
    if not n_all:
        return None
    highest = max(bins) / n_all
    slot = (_RIGHT - _LEFT) / len(bins)
    parts = _grid(highest)
    for place, count in enumerate(bins):
        height = (_BOTTOM - _TOP) * count / n_all / highest
        edges = f"{place / len(bins):.2f} to {(place + 1) / len(bins):.2f}"
        bar = element(
            "rect",
            [title(f"{edges}: {count:,}")],
            x=_LEFT + (place + 0.07) * slot,
            y=_BOTTOM - height,
            width=0.86 * slot,
            height=height,
            class_="run0 area",
        )
        parts.append(bar)
    for step in (0, 0.25, 0.5, 0.75, 1):
        x = _LEFT + (_RIGHT - _LEFT) * step
        parts.append(text(f"{step:g}", x=x, y=_BOTTOM + 16, text_anchor="middle", class_="tick"))
    parts += _named(axis)
    return drawing(parts, width=_WIDTH, height=_BOTTOM + 40, label=label)


def _shares(counts: Mapping[int, int], first: int, n_slots: int) -> list[float]:
    n_all = sum(counts.values())
    shares = [0.0] * n_slots
    for value, count in counts.items():
        shares[min(value - first, n_slots - 1)] += count / n_all
    return shares


def _grid(highest: float) -> list[Markup]:
    parts = []
    for step in range(5):
        y = _BOTTOM - (_BOTTOM - _TOP) * step / 4
        parts.append(element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"))
        label = f"{100 * highest * step / 4:.0f} %"
        parts.append(text(label, x=_LEFT - 8, y=y + 4, text_anchor="end", class_="tick"))
    return parts


def _named(axis: str) -> list[Markup]:
    middle = (_LEFT + _RIGHT) / 2
    return [text(axis, x=middle, y=_BOTTOM + 34, text_anchor="middle", class_="tick")]
