"""F1 of telling relevant queries from irrelevant ones.

Source: RA-RFT (CVPR 2026), Section 4.2; the levels as in its Table 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.metrics.query_table import FloatArray, query_table
from rarft.harness.metrics.sums import Sums, evaluate_one, video_sums


def f1_of_relevant(sums: Sums) -> FloatArray:
    """Return F1 of the relevant class; a grounded irrelevant query is its false positive."""
    return _f1(
        n_class=sums["relevant"],
        hits=sums["relevant_grounded"],
        false_positives=sums["irrelevant_grounded"],
    )


def f1_of_irrelevant(sums: Sums) -> FloatArray:
    """Return F1 of the irrelevant class; a refused relevant query is its false positive."""
    return _f1(
        n_class=sums["irrelevant"],
        hits=sums["irrelevant_refused"],
        false_positives=sums["relevant_refused"],
    )


def mean_f1(sums: Sums) -> FloatArray:
    """Return the mean of the two F1 scores; it needs queries of both classes."""
    return (f1_of_relevant(sums) + f1_of_irrelevant(sums)) / 2


def f1_within_slice(*, n_class: FloatArray, hits: FloatArray) -> FloatArray:
    """Return F1 over queries of one class only: precision is 1, so F1 = 2r / (1 + r)."""
    return _f1(n_class=n_class, hits=hits, false_positives=np.zeros_like(hits))


def f1(outcomes: Sequence[QueryOutcome], *, relevant: bool) -> float | None:
    """Return F1 of the relevant or of the irrelevant class.

    Example:
        >>> one = QueryOutcome(query_id="1", video="a.mp4", record="1", relevant=True,
        ...                    predicted="grounded", counts_as="grounded", iou=0.1)
        >>> f1([one], relevant=True), f1([one], relevant=False)
        (1.0, None)
    """
    function = f1_of_relevant if relevant else f1_of_irrelevant
    return evaluate_one(function, video_sums(query_table(outcomes)).total())


def _f1(*, n_class: FloatArray, hits: FloatArray, false_positives: FloatArray) -> FloatArray:
    """Return 2TP / (2TP + FP + FN), NaN where the class has no query."""
    # TP + FN is the size of the class, whatever its misses were taken for.
    score = 2 * hits / (hits + n_class + false_positives)
    return np.where(n_class > 0, score, np.nan)
