"""SVG elements as escaped markup; colours come from classes, so that themes apply.

Coordinates are user units of the viewBox, y downwards, rounded so that output is stable.
"""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def element(name: str, content: Iterable[Markup] = (), /, **attributes: str | float) -> Markup:
    """Return one element; `class_` is written `class`, `text_anchor` becomes `text-anchor`.

    Example:
        >>> element("line", x1=0, x2=2.5, class_="grid")
        Markup('<line x1="0" x2="2.5" class="grid"/>')
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
        if value != ""
    )
    inner = Markup("").join(content)
    if not inner:
        return Markup("<{}{}/>").format(Markup(name), written)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inner)


def text(content: str, /, **attributes: str | float) -> Markup:
    """Return a text element with escaped content.

    Example:
        >>> text("<1 s", x=3, y=4)
        Markup('<text x="3" y="4">&lt;1 s</text>')
    """
    return element("text", [escape(content)], **attributes)


def title(content: str) -> Markup:
    """Return a title, which browsers show as a tooltip."""
    return element("title", [escape(content)])


def drawing(
    content: Iterable[Markup], *, width: float, height: float, label: str, stretched: bool = False
) -> Markup:
    """Return an image of the given size whose label is read by screen readers.

    `stretched` drops the aspect ratio, for strips of rectangles that fill any width.
    """
    extra = {"preserveAspectRatio": "none"} if stretched else {}
    return element(
        "svg",
        content,
        viewBox=f"0 0 {_value(width)} {_value(height)}",
        class_="strip" if stretched else "plot",
        role="img",
        aria_label=label,
        **extra,
    )


def mark(shape: int, /, x: float, y: float, *, size: float = 4.5, class_: str = "") -> Markup:
    """Return one of four shapes, so that series differ by more than colour."""
    shape %= 4
    if shape == 0:
        return element("circle", cx=x, cy=y, r=size, class_=class_)
    if shape == 1:
        side = 1.8 * size
        return element(
            "rect", x=x - side / 2, y=y - side / 2, width=side, height=side, class_=class_
        )
    reach = 1.3 * size
    corners = (
        [(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)]
        if shape == 2
        else [(x, y - reach), (x + reach, y + 0.8 * reach), (x - reach, y + 0.8 * reach)]
    )
    points = " ".join(f"{_value(px)},{_value(py)}" for px, py in corners)
    return element("polygon", points=points, class_=class_)


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return value
    # Adding 0.0 turns a rounded negative zero into zero.
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")
