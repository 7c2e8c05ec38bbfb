"""The runs of the tiny proof's grid, by name; planned by docs/tiny_proof.md."""

from __future__ import annotations

import re
from typing import Final

BASE: Final = "base"
ARMS: Final = ("shuffled", "refuse_iou", "explain", "rarft", "sft")
SEEDS: Final = (0, 1, 2)
TASK: Final = "synth_hi"
_RUN: Final = re.compile(rf"({'|'.join(ARMS)})-(\d+)")


def run_name(arm: str, seed: int) -> str:
    """Return the folder of a run."""
    return f"{arm}-{seed}"


def run_of(name: str) -> tuple[str, int] | None:
    """Return arm and seed of a folder, None where it is no run's.

    Example:
        >>> run_of("sft-2"), run_of("base")
        (('sft', 2), None)
    """
    found = _RUN.fullmatch(name)
    return (found[1], int(found[2])) if found else None
