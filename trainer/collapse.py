"""Warn when a policy refuses everything or nothing, with the reason and what helps.

Refusing every query earns half of what refuse-IoU gives: a hill that a policy below it climbs. One
that never refuses shows GRPO no refusal to reward.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from statistics import fmean
from typing import Any, Final, Literal

from transformers import TrainerCallback

from rarft.trainer.watched_rewards import REFUSED_IRRELEVANT, REFUSED_RELEVANT

Collapse = Literal["refuses everything", "refuses nothing"]

WINDOW: Final = 10
"""Logging steps over which rates are averaged."""
MOST: Final = 0.9
FEWEST: Final = 0.02
RECOVERED: Final = 0.1
"""How far a mean must come back from a bound before the next warning."""

_logger = logging.getLogger(__name__)


class CollapseWatch:
    """Means of both refusal rates over the last logging steps; speaks once an episode."""

    def __init__(self, *, window: int = WINDOW) -> None:
        self._relevant: deque[float] = deque(maxlen=window)
        self._irrelevant: deque[float] = deque(maxlen=window)
        self._state: Collapse | None = None
        self._has_refused = False

    def see(self, relevant: float | None, irrelevant: float | None, *, step: int) -> str | None:
        """Take the rates of one logging step; return a warning where an episode begins.

        Args:
            relevant: Share of relevant queries that were refused, None where none was asked.
            irrelevant: The same of irrelevant ones.
            step: Where the run is.

        Example:
            >>> watch = CollapseWatch(window=2)
            >>> watch.see(1.0, 1.0, step=1)
            >>> print(watch.see(1.0, 1.0, step=2)[:45])
            step 2: the policy refuses everything (100.0%
        """
        if relevant is not None:
            self._relevant.append(relevant)
        if irrelevant is not None:
            self._irrelevant.append(irrelevant)
        if not self._is_full:
            return None
        of_relevant, of_irrelevant = fmean(self._relevant), fmean(self._irrelevant)
        found = collapse_of(of_relevant, of_irrelevant)
        before, self._state = self._state, found or self._kept(of_relevant, of_irrelevant)
        is_new = found is not None and found != before
        warning = self._warning(found, of_relevant, of_irrelevant, step=step) if is_new else None
        self._has_refused = self._has_refused or of_irrelevant > FEWEST
        return warning

    @property
    def _is_full(self) -> bool:
        return all(len(one) == one.maxlen for one in (self._relevant, self._irrelevant))

    def _kept(self, relevant: float, irrelevant: float) -> Collapse | None:
        """Return the episode that is not over yet: rates have not come back far enough."""
        if self._state == "refuses everything" and min(relevant, irrelevant) > MOST - RECOVERED:
            return self._state
        if self._state == "refuses nothing" and max(relevant, irrelevant) < FEWEST + RECOVERED:
            return self._state
        return None

    def _warning(
        self, found: Collapse | None, relevant: float, irrelevant: float, *, step: int
    ) -> str:
        rates = (
            f"{relevant:.1%} of relevant and {irrelevant:.1%} of irrelevant queries over the last "
            f"{self._relevant.maxlen} logging steps"
        )
        if found == "refuses everything":
            why = (
                "refusing all earns about half of refuse_iou, so a policy below that climbs there; "
                "go on from an earlier checkpoint with a larger beta or a lower learning_rate, "
                "and add the explain reward, which makes refusing a relevant query cost"
            )
        elif self._has_refused:
            why = (
                "refusals were unlearned; check that negatives: hard or mixed are asked and that "
                "refuse_iou is among the rewards, and go on from an earlier checkpoint with a "
                "lower learning_rate"
            )
        else:
            why = (
                "GRPO raises only what is sometimes sampled; start from a base that refuses "
                "shuffled queries (method: sft, or negatives: shuffled first), or raise "
                "temperature or num_generations"
            )
        return f"step {step}: the policy {found} ({rates}): {why}"


def collapse_of(relevant: float, irrelevant: float) -> Collapse | None:
    """Return what two mean refusal rates are, or None.

    Example:
        >>> collapse_of(0.95, 0.99), collapse_of(0.0, 0.01), collapse_of(0.05, 0.99)
        ('refuses everything', 'refuses nothing', None)
    """
    if min(relevant, irrelevant) >= MOST:
        return "refuses everything"
    if max(relevant, irrelevant) <= FEWEST:
        return "refuses nothing"
    return None


class CollapseWarnings(TrainerCallback):
    """Warns in the main process, from what TRL logs."""

    def __init__(self, *, window: int = WINDOW) -> None:
        self._watch = CollapseWatch(window=window)
        self.warnings: list[str] = []

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, float | None] | None = None,
        **kwargs: Any,
    ) -> None:
        """Look at the rates of a logging step."""
        if not state.is_world_process_zero or logs is None or "reward" not in logs:
            return
        warning = self._watch.see(
            logs.get(REFUSED_RELEVANT), logs.get(REFUSED_IRRELEVANT), step=state.global_step
        )
        if warning is not None:
            self.warnings.append(warning)
            _logger.warning("%s", warning)
