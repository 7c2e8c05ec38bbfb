"""Expanded percentile intervals: the bootstrap's percentiles, widened for few videos.

A plain percentile interval is as narrow as a normal one that takes the spread of the sample for
the true one. Taking percentiles further out by the factor of Student's interval repairs that.

Source: Hesterberg, What teachers should know about the bootstrap, The American Statistician 69,
2015, Section 4.1.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def expanded_tail(n_videos: int, *, confidence: float = 0.95) -> float:
    """Return the share of resamples to leave below and above the interval.

    Example:
        >>> round(expanded_tail(20), 4), round(expanded_tail(10**6), 4)
        (0.0159, 0.025)
    """
    from scipy.special import stdtrit

    reach = float(stdtrit(n_videos - 1, (1.0 - confidence) / 2))
    return NormalDist().cdf(sqrt(n_videos / (n_videos - 1)) * reach)


def two_sided_p(n_crossing: int, *, n_resamples: int, n_videos: int) -> float:
    """Return the p-value whose test rejects exactly where the interval leaves out zero.

    `n_crossing` counts the resampled differences on the rarer side of zero, zeros included.

    Example:
        >>> round(two_sided_p(249, n_resamples=9999, n_videos=10**6), 4)
        0.05
        >>> two_sided_p(9999, n_resamples=9999, n_videos=300)
        1.0
    """
    share = (n_crossing + 1) / (n_resamples + 1)
    if share >= 0.5:
        return 1.0
    shrunk = sqrt((n_videos - 1) / n_videos) * NormalDist().inv_cdf(share)
    return tail_beyond(-shrunk, n_videos=n_videos)


def tail_beyond(reach: float, *, n_videos: int) -> float:
    """Return the chance that Student's t is at least this far from 0, with n_videos - 1 degrees.

    Example:
        >>> round(tail_beyond(2.0227, n_videos=40), 4)
        0.05
    """
    from scipy.special import stdtr

    return 2 * float(stdtr(n_videos - 1, -reach))
