"""What every step of a build shares: its folder, its config and how it may spend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rarft.dataset_builder.config import BuildConfig, LLMEffort

Say = Callable[[str], None]


def _say_nothing(line: str) -> None:
    """Keep a line to oneself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """One build under way; `say` takes lines about the work.

    `n_processes` work where the processor is the limit; no row depends on it.
    """

    directory: Path
    config: BuildConfig
    effort: LLMEffort = field(default_factory=LLMEffort)
    n_processes: int = 1
    show_progress: bool = False
    say: Say = _say_nothing
