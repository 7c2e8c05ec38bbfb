"""Which (colour, shape, action) combinations each split may show.

The three splits share no combination, so a model is tested on pairings it has not been trained
on. For every (colour, shape) one split is the major owner, with two moves and three gestures, and
the two others own one move and one gesture each: dense enough for every edit to stay in a split.
"""

from __future__ import annotations

import random
from functools import cache
from itertools import product
from typing import Final

from rarft.tasks.synth_hi.vocabulary import (
    COLOURS,
    GESTURES,
    MOVES,
    SHAPES,
    SPLITS,
    Action,
    Colour,
    Shape,
    Split,
)

_N_MAJOR: Final[dict[Split, int]] = {"train": 14, "validation": 6, "test": 10}


@cache
def _owners() -> dict[tuple[Colour, Shape, Action], Split]:
    rng = random.Random("synth_hi combinations 1")
    looks = list(product(COLOURS, SHAPES))
    rng.shuffle(looks)
    majors = [split for split in SPLITS for _ in range(_N_MAJOR[split])]
    owners: dict[tuple[Colour, Shape, Action], Split] = {}
    for (colour, shape), major in zip(looks, majors, strict=True):
        minors = [split for split in SPLITS if split != major]
        for actions in (MOVES, GESTURES):
            shuffled = rng.sample(actions, len(actions))
            shares = [*minors, *[major] * (len(actions) - len(minors))]
            for action, split in zip(shuffled, shares, strict=True):
                owners[colour, shape, action] = split
    return owners


def split_of(colour: Colour, shape: Shape, action: Action) -> Split:
    """Return the one split that may show this combination."""
    return _owners()[colour, shape, action]


@cache
def actions_of(split: Split, colour: Colour, shape: Shape) -> tuple[Action, ...]:
    """Return the actions that this split may show of this colour and shape."""
    return tuple(
        action for action in (*MOVES, *GESTURES) if _owners()[colour, shape, action] == split
    )


def is_in_split(split: Split, colour: Colour, shape: Shape, actions: tuple[Action, ...]) -> bool:
    """Say whether every action of this colour and shape belongs to the split."""
    owned = actions_of(split, colour, shape)
    return all(action in owned for action in actions)
