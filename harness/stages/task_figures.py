"""A task's figures with their intervals and counts, under lm-eval's key names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rarft.harness.metrics import QueryOutcome, counts, figures
from rarft.harness.statistics import cluster_bootstrap

FILTER = "none"


def task_figures(
    outcomes: Sequence[QueryOutcome], *, n_resamples: int, seed: int
) -> dict[str, float | int | None]:
    """Return every figure as `key,none`, with `key_ci_low,none`, `key_ci_high,none`, and counts.

    A figure with no reference is None; so are the bounds of one that cannot be resampled.
    """
    values = figures(outcomes)
    intervals = cluster_bootstrap(outcomes, n_resamples=n_resamples, seed=seed)
    keyed: dict[str, Any] = {}
    for key, value in values.items():
        interval = intervals.get(key)
        keyed[f"{key},{FILTER}"] = value
        keyed[f"{key}_ci_low,{FILTER}"] = interval.low if interval else None
        keyed[f"{key}_ci_high,{FILTER}"] = interval.high if interval else None
    return keyed | {f"{key},{FILTER}": value for key, value in counts(outcomes).items()}
