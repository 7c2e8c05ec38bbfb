"""The closed choices of the synthetic world: what can be seen, done and said.

The values are chosen to stay apart after a frame is shrunk to 56x56 pixels.
"""

from typing import Final, Literal, get_args

Split = Literal["train", "validation", "test"]
Colour = Literal["red", "green", "blue", "yellow", "purple", "orange"]
Shape = Literal["circle", "square", "triangle", "cross", "star"]
Size = Literal["small", "large"]
Part = Literal["stripe", "spot", "hat", "feet"]
Action = Literal["left", "right", "up", "down", "shake", "bounce", "blink", "grow", "shrink"]
Side = Literal["left", "right", "above", "below"]
Comparison = Literal["larger", "smaller", "faster", "slower"]
Scene = Literal["sand", "grass", "snow", "water", "brick"]

SPLITS: Final[tuple[Split, ...]] = get_args(Split)
COLOURS: Final[tuple[Colour, ...]] = get_args(Colour)
SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
SIZES: Final[tuple[Size, ...]] = get_args(Size)
PARTS: Final[tuple[Part, ...]] = get_args(Part)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
SIDES: Final[tuple[Side, ...]] = get_args(Side)
SCENES: Final[tuple[Scene, ...]] = get_args(Scene)
COUNTS: Final[tuple[int, ...]] = (1, 2, 3)

MOVES: Final[tuple[Action, ...]] = ("left", "right", "up", "down")
GESTURES: Final[tuple[Action, ...]] = ("shake", "bounce", "blink", "grow", "shrink")
RESIZES: Final[tuple[Action, ...]] = ("grow", "shrink")
SIZE_COMPARISONS: Final[tuple[Comparison, ...]] = ("larger", "smaller")
SPEED_COMPARISONS: Final[tuple[Comparison, ...]] = ("faster", "slower")

DIRECTIONS: Final[dict[Action, tuple[int, int]]] = {
    "left": (-1, 0),
    "right": (1, 0),
    "up": (0, -1),
    "down": (0, 1),
}
"""Unit steps in image coordinates: x grows to the right, y grows downward."""
