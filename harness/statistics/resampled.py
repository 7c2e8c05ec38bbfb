"""Every figure of a run on every draw of its videos.

Two runs on the same queries and the same seed see the same draws, so that their resampled figures
can be subtracted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rarft.harness.metrics.metric_table import evaluate, outcome_sums
from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.metrics.query_table import FloatArray
from rarft.harness.metrics.sums import known
from rarft.harness.statistics.bootstrap import resampled_sums


@dataclass(frozen=True, slots=True, kw_only=True)
class ResampledFigures:
    """The figures of a run, and what they are on each resample.

    `points` holds None where a figure is not applicable. `draws` is empty with fewer than two
    videos. Shape: every array of `draws` is (n_resamples,), NaN where not applicable.
    """

    points: Mapping[str, float | None]
    draws: Mapping[str, FloatArray]
    n_videos: int


def resampled_figures(
    outcomes: Sequence[QueryOutcome], *, n_resamples: int, seed: int
) -> ResampledFigures:
    """Evaluate every figure on resamples of the videos that have a scored query.

    Example:
        >>> one = QueryOutcome(query_id="1", video="a", record="1", relevant=False,
        ...                    predicted="refused", counts_as="refused")
        >>> resampled_figures([one], n_resamples=10, seed=0).points["ra_miou"]
        1.0
    """
    sums = outcome_sums(outcomes)
    points = {key: known(float(value)) for key, value in evaluate(sums.total()).items()}
    scored = sums.of_scored_videos()
    n_videos = len(scored.matrix)
    if n_videos < 2:
        return ResampledFigures(points=points, draws={}, n_videos=n_videos)
    draws = evaluate(resampled_sums(scored, n_resamples=n_resamples, seed=seed))
    return ResampledFigures(points=points, draws=draws, n_videos=n_videos)
