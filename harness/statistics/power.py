"""What a task is too small to show: the smallest difference a comparison would find."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def detectable_factor(*, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the minimum detectable effect in standard errors: z(1 - alpha/2) + z(power).

    Source: Bloom, Minimum detectable effects, Evaluation Review 19, 1995.

    Example:
        >>> round(detectable_factor(), 4)
        2.8016
    """
    normal = NormalDist()
    return normal.inv_cdf(1.0 - alpha / 2) + normal.inv_cdf(power)


def minimum_detectable_effect(
    se: float | None, *, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the true difference that a two-sided test finds with the given power.

    `se` is the bootstrap standard error of the difference, so the number is that of the task's own
    videos and of this pair of runs; it holds for one test, before any correction for many.

    Example:
        >>> round(minimum_detectable_effect(0.01), 4)
        0.028
    """
    return None if se is None else detectable_factor(alpha=alpha, power=power) * se


def minimum_detectable_mcnemar(
    *, n: int, n_discordant: int, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the difference of the shares told right that McNemar's test finds.

    It takes the share of discordant queries as it was seen. None where even a run that wins all
    discordant queries would not be found.

    Source: Connor, Sample size for testing differences in proportions for the paired-sample
    design, Biometrics 43, 1987, solved for the difference.

    Example:
        >>> round(minimum_detectable_mcnemar(n=1000, n_discordant=100), 4)
        0.028
        >>> minimum_detectable_mcnemar(n=1000, n_discordant=5) is None
        True
    """
    if n == 0 or n_discordant == 0:
        return None
    normal = NormalDist()
    z_alpha, z_power = normal.inv_cdf(1.0 - alpha / 2), normal.inv_cdf(power)
    discordant = n_discordant / n
    # sqrt(n) d = z_alpha sqrt(discordant) + z_power sqrt(discordant - d^2), a quadratic in d.
    half = z_alpha * sqrt(n * discordant)
    root = half**2 - (n + z_power**2) * discordant * (z_alpha**2 - z_power**2)
    if root < 0.0:
        return None
    effect = (half + sqrt(root)) / (n + z_power**2)
    return effect if effect <= discordant else None
