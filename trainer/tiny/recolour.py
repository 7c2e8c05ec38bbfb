"""Frames in other colours, or in none: what is left tells shapes and actions, not hues."""

from __future__ import annotations

import math
import random
from typing import Final

import numpy as np
from numpy.typing import NDArray

GREY_CHANCE: Final = 0.5


def recolour(pixels: NDArray[np.uint8], rng: random.Random) -> NDArray[np.uint8]:
    """Return frames with hues turned by a drawn angle or taken away, and a drawn contrast.

    Brightness is a drawn mixture of the channels: with the usual one it would still tell yellow
    from blue. Black, white and grey stay what they are.

    Args:
        pixels: Shape: (frames, height, width, 3).
        rng: What draws.
    """
    colours = pixels.astype(np.float32)
    weights = np.array([rng.expovariate(1.0) for _ in range(3)], dtype=np.float32)
    brightness = (colours @ (weights / weights.sum()))[..., None]
    saturation = 0.0 if rng.random() < GREY_CHANCE else rng.uniform(0.3, 1.2)
    turned = colours @ (saturation * _turn(rng.uniform(0, 2 * math.pi))).T
    low, high = rng.uniform(0, 60), rng.uniform(195, 255)
    contrasted = low + (brightness + turned) * ((high - low) / 255)
    shown: NDArray[np.uint8] = contrasted.clip(0, 255).round().astype(np.uint8)
    return shown


def _turn(angle: float) -> NDArray[np.float32]:
    """Return what takes away the grey of a colour and turns the rest about it. Shape: (3, 3)."""
    no_grey = np.eye(3) - 1 / 3
    across = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    return (math.cos(angle) * no_grey + math.sin(angle) * across).astype(np.float32)
