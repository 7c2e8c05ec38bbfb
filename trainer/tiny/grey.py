"""Frames without colour, and without what would give the colour away."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray


def without_colour(pixels: NDArray[np.uint8], rng: random.Random) -> NDArray[np.uint8]:
    """Return frames in grey, by a drawn mixture of the channels and a drawn contrast.

    With the usual mixture, brightness would still tell yellow from blue.

    Args:
        pixels: Shape: (frames, height, width, 3).
        rng: What draws.
    """
    weights = np.array([rng.expovariate(1.0) for _ in range(3)], dtype=np.float32)
    grey = pixels @ (weights / weights.sum())
    low, high = rng.uniform(0, 80), rng.uniform(175, 255)
    grey = low + grey * ((high - low) / 255)
    return np.repeat(grey.round().astype(np.uint8)[..., None], 3, axis=-1)
