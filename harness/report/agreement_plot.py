"""The Bland–Altman plot of two judges' scores: the mean of both against their difference.

Scores repeat, so the area of a mark is the number of queries at its place.
"""

from __future__ import annotations

from collections import Counter
from math import ceil, sqrt
from typing import Final

from markupsafe import Markup

from rarft.harness.report.agreement_record import Agreement, scores_of
from rarft.harness.report.svg import drawing, element, text, title

_WIDTH: Final = 460
_HEIGHT: Final = 320
_LEFT: Final = 44
_RIGHT: Final = 84
_TOP: Final = 14
_BOTTOM: Final = 44
_MAX_SCORE: Final = 5.0
_LARGEST: Final = 13.0
_SMALLEST: Final = 2.0


def bland_altman_plot(agreement: Agreement) -> Markup:
    """Draw the scores of two judges with their bias and limits of agreement.

    The differences are those of the first judge less the second.
    """
    first, second = scores_of(agreement)
    places = Counter(
        ((one + other) / 2, one - other) for one, other in zip(first, second, strict=True)
    )
    limits = agreement.limits
    marks = [abs(difference) for _, difference in places]
    if limits is not None:
        marks += [abs(bound) for bound in (limits.low, limits.high) if bound is not None]
    reach = max(1, ceil(max(marks, default=1.0)))
    parts = _grid(reach)
    most = max(places.values(), default=1)
    for (mean, difference), n in sorted(places.items()):
        hint = f"mean {mean:g}, difference {difference:+g}: {n} {'query' if n == 1 else 'queries'}"
        radius = max(_SMALLEST, _LARGEST * sqrt(n / most))
        circle = element(
            "circle", cx=_x(mean), cy=_y(difference, reach), r=radius, class_="run0 point"
        )
        parts.append(element("g", [title(hint), circle]))
    if limits is not None:
        lines = (("bias", limits.bias), ("+1.96 SD", limits.high), ("−1.96 SD", limits.low))
        for label, value in lines:
            if value is not None:
                parts += _line(label, value, reach)
    return drawing(
        parts,
        width=_WIDTH,
        height=_HEIGHT,
        label=f"Differences of the scores of {agreement.a} and {agreement.b} by their mean",
    )


def _x(mean: float) -> float:
    return _LEFT + mean / _MAX_SCORE * (_WIDTH - _LEFT - _RIGHT)


def _y(difference: float, reach: float) -> float:
    return _TOP + (reach - difference) / (2 * reach) * (_HEIGHT - _TOP - _BOTTOM)


def _line(label: str, value: float, reach: float) -> list[Markup]:
    y = _y(value, reach)
    class_ = "whisker" if label == "bias" else "diagonal"
    return [
        element("line", x1=_x(0), x2=_x(_MAX_SCORE), y1=y, y2=y, class_=class_),
        text(f"{label} {value:+.2f}", x=_x(_MAX_SCORE) + 5, y=y + 4, class_="tick"),
    ]


def _grid(reach: int) -> list[Markup]:
    parts = []
    for step in range(-reach, reach + 1):
        y = _y(step, reach)
        parts.append(element("line", x1=_x(0), x2=_x(_MAX_SCORE), y1=y, y2=y, class_="grid"))
        label = f"{step:+d}" if step else "0"
        parts.append(text(label, x=_LEFT - 8, y=y + 4, text_anchor="end", class_="tick"))
    for score in range(int(_MAX_SCORE) + 1):
        x = _x(score)
        parts.append(
            element("line", x1=x, x2=x, y1=_y(reach, reach), y2=_y(-reach, reach), class_="grid")
        )
        y = _HEIGHT - _BOTTOM + 17
        parts.append(text(str(score), x=x, y=y, text_anchor="middle", class_="tick"))
    middle = (_x(0) + _x(_MAX_SCORE)) / 2
    parts.append(text("mean of both scores", x=middle, y=_HEIGHT - 8, text_anchor="middle"))
    return parts
