"""The plots of single queries: predicted against true bounds, timelines, shares of outcomes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import Final

from markupsafe import Markup

from rarft.harness.report.outcomes import OUTCOME_LABELS, OUTCOMES, Outcome, outcome_of
from rarft.harness.report.schema import Sample
from rarft.harness.report.svg import drawing, element, mark, text, title

_SIDE: Final = 300
_LEFT: Final = 44
_TOP: Final = 8
MAX_POINTS: Final = 1_000
TIMELINE_HEIGHT: Final = 10


def span_scatter(samples: Sequence[Sample], *, label: str) -> Markup | None:
    """Draw predicted against true bounds in seconds: starts as circles, ends as diamonds.

    Only relevant queries that were grounded have both; None when there is none. At most 1,000
    queries are drawn, the first ones. The axes reach as far as the true bounds and durations;
    predictions beyond are drawn at the edge.
    """
    pairs = [
        (one, one.spans[0], one.prediction.spans[0])
        for one in samples
        if one.relevant and one.spans and one.prediction and one.prediction.spans
    ][:MAX_POINTS]
    if not pairs:
        return None
    longest_s = max(max(true[1], sample.duration_s or 0.0) for sample, true, _ in pairs)
    step_s = _tick_step(longest_s)
    limit_s = step_s * max(1, math.ceil(longest_s / step_s))
    parts = _scatter_axes(limit_s, step_s)
    for sample, true, predicted in pairs:
        class_ = f"point {outcome_of(sample).replace('_', '-')}"
        marks = [
            mark(shape, *_place(true[bound], predicted[bound], limit_s), size=3.2)
            for bound, shape in ((0, 0), (1, 2))
        ]
        parts.append(element("g", [title(_span_hint(sample)), *marks], class_=class_))
    return drawing(
        parts,
        width=_LEFT + _SIDE + 12,
        height=_TOP + _SIDE + 40,
        label=f"Predicted against true bounds, {label}",
    )


def timeline(sample: Sample, *, end_s: float | None) -> Markup | None:
    """Draw the true span above the predicted one over the length of the video.

    `end_s` is the length; without it the strip ends with the last span. None when there is
    nothing to draw.
    """
    predicted = sample.prediction.spans if sample.prediction else ()
    ends = [end for _, end in (*sample.spans, *(() if end_s else predicted))]
    length_s = max([end_s or 0.0, *ends])
    if not (sample.spans or predicted) or length_s <= 0:
        return None
    outcome = outcome_of(sample)
    parts = [element("rect", x=0, y=0, width=100, height=TIMELINE_HEIGHT, class_="track")]
    parts += _boxes(sample.spans, length_s, y=1, class_="true")
    parts += _boxes(predicted[:1], length_s, y=5.5, class_=f"area {outcome.replace('_', '-')}")
    hint = _span_hint(sample)
    return drawing(
        [title(hint), *parts], width=100, height=TIMELINE_HEIGHT, label=hint, stretched=True
    )


def outcome_shares(samples: Iterable[Sample]) -> dict[Outcome, int]:
    """Count the outcomes that occur, in the order of OUTCOMES."""
    counts = Counter(outcome_of(sample) for sample in samples)
    return {outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]}


def outcome_bar(shares: Mapping[Outcome, int], *, label: str) -> Markup:
    """Draw the shares of the outcomes as one stacked strip."""
    total = sum(shares.values())
    parts = []
    x = 0.0
    for outcome, count in shares.items():
        width = 100 * count / total
        hint = title(f"{OUTCOME_LABELS[outcome]}: {count} of {total}")
        class_ = f"area {outcome.replace('_', '-')}"
        parts.append(element("rect", [hint], x=x, y=0, width=width, height=10, class_=class_))
        x += width
    written = ", ".join(f"{OUTCOME_LABELS[key]} {count}" for key, count in shares.items())
    return drawing(parts, width=100, height=10, label=f"{label}: {written}", stretched=True)


def _boxes(
    spans: Iterable[tuple[float, float]], length_s: float, *, y: float, class_: str
) -> list[Markup]:
    boxes = []
    for start_s, end_s in spans:
        # A span too short to see, or beyond the end, is still drawn, one percent wide.
        left = min(99.0, max(0.0, 100 * start_s / length_s))
        right = max(left + 1, min(100.0, 100 * end_s / length_s))
        boxes.append(element("rect", x=left, y=y, width=right - left, height=3.5, class_=class_))
    return boxes


def _span_hint(sample: Sample) -> str:
    true = ", ".join(f"{start:g}–{end:g} s" for start, end in sample.spans) or "none"
    spans = sample.prediction.spans if sample.prediction else ()
    predicted = ", ".join(f"{start:g}–{end:g} s" for start, end in spans) or "none"
    iou = "" if sample.iou is None else f", IoU {sample.iou:.2f}"
    return f"{sample.query_id}: true {true}, predicted {predicted}{iou}"


def _place(true_s: float, predicted_s: float, limit_s: float) -> tuple[float, float]:
    across, up = (min(1.0, max(0.0, bound_s / limit_s)) for bound_s in (true_s, predicted_s))
    return _LEFT + _SIDE * across, _TOP + _SIDE * (1 - up)


def _tick_step(limit_s: float) -> float:
    step = 1.0
    for factor in cycle((2.0, 2.5, 2.0)):
        if limit_s / step <= 5:
            break
        step *= factor
    return step


def _scatter_axes(limit_s: float, step_s: float) -> list[Markup]:
    bottom, right = _TOP + _SIDE, _LEFT + _SIDE
    parts = []
    for number in range(round(limit_s / step_s) + 1):
        value_s = number * step_s
        x, y = _place(value_s, value_s, limit_s)
        parts += [
            element("line", x1=x, x2=x, y1=_TOP, y2=bottom, class_="grid"),
            element("line", x1=_LEFT, x2=right, y1=y, y2=y, class_="grid"),
            text(f"{value_s:g}", x=x, y=bottom + 16, text_anchor="middle", class_="tick"),
            text(f"{value_s:g}", x=_LEFT - 8, y=y + 4, text_anchor="end", class_="tick"),
        ]
    middle_y = _TOP + _SIDE / 2
    return [
        *parts,
        element("line", x1=_LEFT, y1=bottom, x2=right, y2=_TOP, class_="diagonal"),
        text("true (s)", x=_LEFT + _SIDE / 2, y=bottom + 34, text_anchor="middle"),
        text(
            "predicted (s)",
            x=12,
            y=middle_y,
            text_anchor="middle",
            transform=f"rotate(-90 12 {middle_y:g})",
        ),
    ]
