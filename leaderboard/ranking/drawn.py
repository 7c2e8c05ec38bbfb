"""Every figure of one row on every resample of a task's videos, drawn once for all its comparisons.

A paired bootstrap of each pair of rows would draw the videos once a pair: 45,000 times for 300
rows. Rows that scored the same queries see the same resamples whomever they are compared with, so
each is evaluated once and a comparison is a subtraction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rarft.harness.metrics import QueryOutcome
from rarft.harness.metrics.explanations import EXPLANATION_KEYS
from rarft.harness.metrics.query_table import FloatArray
from rarft.harness.statistics.resampled import resampled_figures

Base = tuple[tuple[str, str | None], ...]
"""The queries that a figure is made of, by what has to be known of them, as digests."""

SCORE_FIGURES: Final = ("auroc", "aurc", "aurc_excess", "refusal_rate@0.01", "refusal_rate@0.05")
_VALUES: Final = ("iou", "candidate_iou", "relevance_score", *EXPLANATION_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnFigure:
    """One figure of one row, and what it is on each resample.

    Shape: `draws` is (n_resamples,), NaN where not applicable, or empty where the figure cannot be
    resampled. `n_videos` is how many videos were drawn from.
    """

    point: float | None
    draws: FloatArray
    n_videos: int
    base: Base = ()


def same_base(a: Base, b: Base) -> bool:
    """Return whether two rows are measured on the same queries.

    What one of them never has (its digest is None) sets no query apart.

    Example:
        >>> same_base((("scored", "0a"),), (("scored", "0a"),))
        True
        >>> same_base((("scored", "0a"), ("iou", "1b")), (("scored", "0a"), ("iou", "2c")))
        False
    """
    if a == b:
        return True
    held, other = dict(a), dict(b)
    return all(
        held[name] == other[name] or held[name] is None or other[name] is None
        for name in held.keys() & other.keys()
    )


def drawn_figures(
    outcomes: Sequence[QueryOutcome], *, n_resamples: int, seed: int
) -> dict[str, DrawnFigure]:
    """Evaluate every figure of a row on the resamples of its videos.

    Two rows that scored the same queries see the same resamples, so `a.draws - b.draws` are the
    resampled differences of `rarft.harness.statistics.paired_bootstrap`.

    Example:
        >>> told = [
        ...     QueryOutcome(query_id=v, video=v, record=v, relevant=False, predicted="refused",
        ...                  counts_as="refused")
        ...     for v in "ab"
        ... ]
        >>> found = drawn_figures(told, n_resamples=10, seed=0)["ra_miou"]
        >>> found.point, found.draws.shape, found.n_videos
        (1.0, (10,), 2)
    """
    resampled = resampled_figures(outcomes, n_resamples=n_resamples, seed=seed)
    digests = _digests(outcomes)
    return {
        key: DrawnFigure(
            point=point,
            draws=resampled.draws.get(key, np.empty(0)),
            n_videos=resampled.n_videos,
            base=_base_of(key, digests),
        )
        for key, point in resampled.points.items()
    }


def _base_of(key: str, digests: Mapping[str, str | None]) -> Base:
    """Return what a figure is made of; a slice is made of what its figure is made of."""
    name = key.partition("/")[0].removesuffix("_refused")
    if name.startswith("f1_"):
        needed: tuple[str, ...] = ()
    elif name in SCORE_FIGURES:
        needed = ("candidate_iou", "relevance_score")
    elif name in EXPLANATION_KEYS:
        needed = (name,)
    else:
        needed = ("iou",)
    return tuple((part, digests[part]) for part in ("scored", *needed))


def _digests(outcomes: Sequence[QueryOutcome]) -> dict[str, str | None]:
    """Return a digest of the queries that are scored, and of those that each value is known of."""
    scored = sorted(
        (one for one in outcomes if one.counts_as is not None), key=lambda one: one.query_id
    )
    known: dict[str, list[str]] = {name: [] for name in _VALUES}
    for one in scored:
        for name in _known_values(one):
            known[name].append(one.query_id)
    grounded = [one for one in scored if one.relevant and one.counts_as == "grounded"]
    # A refused relevant query has an IoU of 0 even in a run that never tells a span.
    if grounded and all(one.iou is None for one in grounded):
        known["iou"] = []
    return {
        "scored": _digest(one.query_id for one in scored),
        **{name: _digest(ids) if ids else None for name, ids in known.items()},
    }


def _known_values(one: QueryOutcome) -> Iterable[str]:
    values: dict[str, float | None] = {
        "iou": one.iou,
        "candidate_iou": one.candidate_iou,
        "relevance_score": one.relevance_score,
    }
    if one.explanation is not None:
        values |= dict(zip(EXPLANATION_KEYS, one.explanation.values, strict=True))
    return (name for name, value in values.items() if value is not None)


def _digest(ids: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(ids).encode("utf-8", "backslashreplace")).hexdigest()[:16]
