"""McNemar's test: which of two runs tells more queries right.

Only queries that exactly one of the runs tells right say something. The exact test takes queries
for independent; the clustered one does not, and is the one to read where videos have several.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from rarft.harness.metrics.outcomes import QueryOutcome
from rarft.harness.statistics.pairing import pair_outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """The test on paired queries.

    `b` queries are told right by run a alone, `c` by run b alone, of `n` paired ones. `p` is exact
    and two-sided, `mid_p` its less conservative variant; `p_clustered` allows for queries of one
    video that go right or wrong together, and is None where no two videos can tell.
    """

    b: int
    c: int
    n: int
    p: float
    mid_p: float
    p_clustered: float | None = None

    @property
    def difference(self) -> float | None:
        """Return the difference of the shares told right, a - b; None without queries."""
        return (self.b - self.c) / self.n if self.n else None


def mcnemar(a: Sequence[QueryOutcome], b: Sequence[QueryOutcome]) -> McNemar:
    """Test whether two runs tell relevant from irrelevant equally well, on the queries both scored.

    A query is told right when it is relevant and grounded, or irrelevant and refused.

    Raises:
        ValueError: a query has another reference in the other run.

    Example:
        >>> def told(query_id, kind):
        ...     return QueryOutcome(query_id=query_id, video=query_id, record=query_id,
        ...                         relevant=False, predicted=kind, counts_as=kind)
        >>> right = [told(str(i), "refused") for i in range(6)]
        >>> wrong = [told(str(i), "grounded") for i in range(6)]
        >>> mcnemar(right, wrong).p
        0.03125
    """
    paired = pair_outcomes(a, b)
    won: Counter[str] = Counter()
    n_b = n_c = 0
    for one, other in zip(paired.a, paired.b, strict=True):
        gained = is_told_right(one) - is_told_right(other)
        n_b += gained == 1
        n_c += gained == -1
        won[one.video] += gained
    p, mid_p = exact_p(n_b, n_c)
    return McNemar(
        b=n_b,
        c=n_c,
        n=paired.n_paired,
        p=p,
        mid_p=mid_p,
        p_clustered=clustered_p(list(won.values())),
    )


def is_told_right(outcome: QueryOutcome) -> bool:
    """Return whether the reply takes the query for what it is, wherever it grounds it."""
    return outcome.counts_as == ("grounded" if outcome.relevant else "refused")


def exact_p(b: int, c: int) -> tuple[float, float]:
    """Return the exact two-sided p-value of b against c, and the mid-p value.

    Under no difference each discordant query is a fair coin: p is twice the smaller tail of
    Binomial(b + c, 1/2), at most 1. The mid-p value counts half the probability of what was seen.

    Source: Fagerland, Lydersen and Laake, The McNemar test for binary matched-pairs data, BMC
    Medical Research Methodology 13:91, 2013.

    Example:
        >>> exact_p(1, 5)
        (0.21875, 0.125)
        >>> exact_p(0, 0)
        (1.0, 1.0)
    """
    n, least = b + c, min(b, c)
    if n == 0:
        return 1.0, 1.0
    # Whole numbers, `seen` being n over k: the quotient is right to the last digit for any n.
    ways = seen = 1
    for k in range(1, least + 1):
        seen = seen * (n - k + 1) // k
        ways += seen
    if b == c:
        return 1.0, 1.0 - seen / 2 ** (n + 1)
    return 2 * ways / 2**n, (2 * ways - seen) / 2**n


def clustered_p(gains: Sequence[int]) -> float | None:
    """Return the two-sided p-value of no difference from the gain of run a on each video.

    The gains of the videos are independent with mean 0 under no difference, so their sum over the
    root of their sum of squares is about standard normal.

    Source: Yang, Sun and Hardin, A note on the tests for clustered matched-pair binary data,
    Biometrical Journal 52, 2010.

    Example:
        >>> round(clustered_p([1, 1, 1, 1, -1, 0]), 4)
        0.1797
    """
    scale = sqrt(sum(gain * gain for gain in gains))
    if len(gains) < 2 or scale == 0.0:
        return None
    return 2 * NormalDist().cdf(-abs(sum(gains)) / scale)
