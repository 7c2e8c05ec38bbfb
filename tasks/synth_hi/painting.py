"""The pictures a frame is made of: backgrounds, and objects as small images with soft edges.

Each is painted once and kept; a frame is a few pastes.
"""

from __future__ import annotations

import math
import random
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

from rarft.tasks.synth_hi.vocabulary import Colour, Part, Scene, Shape
from rarft.tasks.synth_hi.world import LANDMARK_RADIUS_PX, SIDE_PX

Rgb = tuple[int, int, int]
Point = tuple[float, float]

COLOUR_RGB: Final[dict[Colour, Rgb]] = {
    "red": (224, 24, 24),
    "green": (0, 150, 40),
    "blue": (25, 60, 235),
    "yellow": (255, 232, 20),
    "purple": (160, 30, 200),
    "orange": (255, 135, 0),
}
GREY: Final[Rgb] = (128, 128, 128)
BLACK: Final[Rgb] = (10, 10, 10)
WHITE: Final[Rgb] = (255, 255, 255)
_GROUND: Final[dict[Scene, tuple[Rgb, Rgb]]] = {
    "sand": ((228, 208, 164), (196, 172, 124)),
    "grass": ((150, 196, 120), (104, 158, 84)),
    "snow": ((240, 244, 250), (206, 216, 230)),
    "water": ((128, 190, 214), (190, 226, 238)),
    "brick": ((172, 112, 92), (214, 190, 176)),
}
_OVERSAMPLING: Final = 6
_MARGIN: Final = 1.5
_OUTLINE_PX: Final = 1.0


@lru_cache(maxsize=len(_GROUND))
def background(scene: Scene) -> Image.Image:
    """Return the picture of a scene without anything in it."""
    ground, marks = _GROUND[scene]
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), ground)
    draw = ImageDraw.Draw(image)
    rng = random.Random(f"synth_hi {scene}")
    if scene == "brick":
        for row, y in enumerate(range(0, SIDE_PX, 14)):
            draw.line((0, y, SIDE_PX, y), marks, 2)
            for x in range(14 * (row % 2), SIDE_PX, 28):
                draw.line((x, y, x, y + 14), marks, 2)
    elif scene == "water":
        for row, y in enumerate(range(6, SIDE_PX, 14)):
            wave = [(x, y + 3 * math.sin(x / 9 + row)) for x in range(0, SIDE_PX + 4, 4)]
            draw.line(wave, marks, 2)
    else:
        for _ in range({"sand": 220, "grass": 150, "snow": 60}[scene]):
            x, y = rng.randrange(SIDE_PX), rng.randrange(SIDE_PX)
            mark = {"sand": (x, y, x + 1, y), "grass": (x, y, x + 1, y + 6)}
            if scene == "snow":
                draw.ellipse((x, y, x + 5, y + 5), marks)
            else:
                draw.line(mark[scene], marks, 1)
    return image


@lru_cache(maxsize=4096)
def painted_object(
    shape: Shape, colour: Colour, part: Part | None, radius_px: float
) -> Image.Image:
    """Return an object as an RGBA picture centred on its middle."""
    image, draw, scale, middle = _canvas(radius_px)
    outline = [_outline(shape, radius_px, inset_px) for inset_px in (0.0, _OUTLINE_PX)]
    for points, fill in zip(outline, (BLACK, COLOUR_RGB[colour]), strict=True):
        draw.polygon([(middle + x * scale, middle + y * scale) for x, y in points], fill)
    if part:
        _draw_part(image, part, radius_px * scale, middle)
    return _shrunk(image)


@lru_cache(maxsize=64)
def painted_ball(radius_px: float) -> Image.Image:
    """Return the grey ball that a group is compared with."""
    return _disc(radius_px, GREY, BLACK)


@lru_cache(maxsize=1)
def painted_landmark() -> Image.Image:
    """Return the black dot that sides are relative to."""
    return _disc(LANDMARK_RADIUS_PX, BLACK, WHITE)


def _canvas(radius_px: float) -> tuple[Image.Image, ImageDraw.ImageDraw, int, float]:
    side = 2 * math.ceil(radius_px * _MARGIN) * _OVERSAMPLING
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    return image, ImageDraw.Draw(image), _OVERSAMPLING, side / 2


def _shrunk(image: Image.Image) -> Image.Image:
    side = image.width // _OVERSAMPLING
    return image.resize((side, side), Image.Resampling.BOX)


def _disc(radius_px: float, fill: Rgb, rim: Rgb) -> Image.Image:
    image, draw, scale, middle = _canvas(radius_px)
    for reach, paint in ((radius_px, rim), (radius_px - _OUTLINE_PX, fill)):
        low, high = middle - reach * scale, middle + reach * scale
        draw.ellipse((low, low, high, high), paint)
    return _shrunk(image)


def _outline(shape: Shape, radius_px: float, inset_px: float) -> list[Point]:
    """Return the corners of a shape around the origin, moved inward by about `inset_px`."""
    reach = radius_px - inset_px
    if shape == "circle":
        return _around(reach, [1.0] * 48)
    if shape == "star":
        return _around(reach - inset_px, [1.0, 0.42] * 5)
    if shape == "square":
        half = 0.86 * radius_px - inset_px
        return [(-half, -half), (half, -half), (half, half), (-half, half)]
    if shape == "triangle":
        side = reach - inset_px
        return [(0, -side), (side, 0.8 * radius_px - inset_px), (-side, 0.8 * radius_px - inset_px)]
    half = 0.36 * radius_px - inset_px
    turns = ((1, 0), (0, 1), (-1, 0), (0, -1))
    arm = ((-half, -reach), (half, -reach), (half, -half))
    return [(x * c - y * s, x * s + y * c) for c, s in turns for x, y in arm]


def _around(radius_px: float, reaches: list[float]) -> list[Point]:
    step = 2 * math.pi / len(reaches)
    return [
        (radius_px * reach * math.sin(i * step), -radius_px * reach * math.cos(i * step))
        for i, reach in enumerate(reaches)
    ]


def _draw_part(image: Image.Image, part: Part, radius: float, middle: float) -> None:
    draw = ImageDraw.Draw(image)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
        return tuple(middle + radius * edge for edge in (left, top, right, bottom))

    if part == "spot":
        draw.ellipse(box(-0.36, -0.21, 0.36, 0.51), BLACK)
        draw.ellipse(box(-0.28, -0.13, 0.28, 0.43), WHITE)
    elif part == "hat":
        draw.rectangle(box(-0.75, -0.95, 0.75, -0.7), BLACK)
        draw.rectangle(box(-0.45, -1.3, 0.45, -0.8), BLACK)
    elif part == "feet":
        draw.rectangle(box(-0.7, 0.7, -0.2, 1.3), BLACK)
        draw.rectangle(box(0.2, 0.7, 0.7, 1.3), BLACK)
    else:
        band = Image.new("L", image.size)
        ImageDraw.Draw(band).rectangle(box(-1.1, -0.05, 1.1, 0.4), 255)
        inside = Image.composite(image.getchannel("A"), Image.new("L", image.size), band)
        image.paste(BLACK, (0, 0), inside)
