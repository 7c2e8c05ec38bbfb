"""Holm's correction for many tests.

The family is what the caller passes: `rarft-eval compare` passes every figure of every task and
pair of runs that it compares, ranks every pair of runs on one figure of one task.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def holm(p_values: Mapping[Name, float | None]) -> dict[Name, float | None]:
    """Return Holm's step-down adjusted p-values; None stays None and is no test.

    Rejecting where the adjusted value is below alpha keeps the chance of any false rejection in
    the family below alpha, however the tests depend on each other.

    Source: Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6, 1979.

    Example:
        >>> holm({"f1_avg": 0.01, "ra_miou": 0.04, "pair_accuracy": 0.03, "rt_iou": None})
        {'f1_avg': 0.03, 'ra_miou': 0.06, 'pair_accuracy': 0.06, 'rt_iou': None}
    """
    tested = sorted(
        (
            (p, position, name)
            for position, (name, p) in enumerate(p_values.items())
            if p is not None
        ),
        key=lambda test: test[:2],
    )
    adjusted: dict[Name, float | None] = dict.fromkeys(p_values)
    highest = 0.0
    for position, (p, _, name) in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - position) * p))
        adjusted[name] = highest
    return adjusted
