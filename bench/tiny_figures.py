"""The figures of the tiny proof: seeds pooled, arms compared in pairs, the plan's four criteria.

Pooling the seeds of an arm makes one run of them in which every query comes once for each seed, its
video the same. All figures are ratios of sums over queries, so those of the pool are those of the
queries averaged over the seeds, and a bootstrap that draws videos draws all seeds of a video
together. The base, which has one seed, comes once for each seed of what it is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tiny_runs import ARMS, BASE

from rarft.harness.metrics import QueryOutcome, counts, figures
from rarft.harness.statistics import Difference, cluster_bootstrap, holm, paired_bootstrap
from rarft.harness.taxonomy import HARD_LEVELS

CHAIN: Final = (BASE, *ARMS)
COMPARISONS: Final = (
    ("rarft", BASE),
    ("rarft", "shuffled"),
    *(pair for pair in zip(ARMS, CHAIN, strict=False)),
)
"""What the criteria compare, then each arm with the one before it."""
FIGURES: Final = (
    *("f1_relevant", "f1_irrelevant", "f1_avg", "miou_relevant", "ra_miou", "ra_iou@0.5"),
    *("rt_iou", "sbert", "correction_sim", "rt_iou_refused", "sbert_refused"),
)
MIN_GAIN: Final = 0.10
MAX_MIOU_LOSS: Final = 0.02

Outcomes = tuple[QueryOutcome, ...]
Seeds = Mapping[int, Outcomes]
"""The outcomes of an arm by seed; the base has one, whatever its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampling:
    """How intervals are drawn."""

    n_resamples: int = 10_000
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure with its interval; None where it is not applicable."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmFigures:
    """All figures of an arm: on every query, at each level, and of each seed by itself.

    The queries of a level are its irrelevant queries and the relevant ones they were made from.
    """

    seeds: tuple[int, ...]
    counts: Mapping[str, int]
    overall: Mapping[str, Figure]
    levels: Mapping[str, Mapping[str, Figure]]
    by_seed: Mapping[int, Mapping[str, float | None]]

    @property
    def unparsed_share(self) -> float:
        """Return the share of scored replies that could not be read, which count as refusals."""
        return self.counts["n_unparsed"] / max(1, self.counts["n_scored"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The differences a - b over the seeds that both have; `p_holm` corrects for all of them."""

    a: str
    b: str
    seeds: tuple[int, ...]
    overall: Mapping[str, Difference]
    levels: Mapping[str, Mapping[str, Difference]]
    p_holm: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A line of the plan and whether it holds; None where an arm is missing."""

    says: str
    found: Mapping[str, Figure]
    passes: bool | None


def pooled(runs: Seeds, seeds: Sequence[int]) -> Outcomes:
    """Make one run of the runs of several seeds."""
    return tuple(
        replace(one, query_id=f"{one.query_id}#{seed}", record=f"{one.record}#{seed}")
        for seed in seeds
        for one in runs[seed]
    )


def at_level(outcomes: Outcomes, level: str) -> Outcomes:
    """Return the irrelevant queries of a level, and the relevant ones of the same records."""
    records = {one.record for one in outcomes if not one.relevant and one.level == level}
    return tuple(one for one in outcomes if one.record in records)


def arm_figures(runs: Seeds, draw: Resampling) -> ArmFigures:
    """Return the figures of an arm with their intervals."""
    pool = pooled(runs, sorted(runs))
    return ArmFigures(
        seeds=tuple(sorted(runs)),
        counts=counts(pool),
        overall=_with_intervals(pool, draw),
        levels={level: _with_intervals(at_level(pool, level), draw) for level in HARD_LEVELS},
        by_seed={seed: _chosen(figures(runs[seed])) for seed in sorted(runs)},
    )


def compared_arms(arms: Mapping[str, Seeds], draw: Resampling) -> list[Compared]:
    """Compare the arms that are there in pairs."""
    pairs = [(a, b) for a, b in COMPARISONS if a in arms and b in arms]
    found = [_compared(a, b, arms, draw) for a, b in pairs if _shared_seeds(a, b, arms)]
    tests = {
        (one.a, one.b, key): difference.p_resolved
        for one in found
        for key, difference in one.overall.items()
    }
    corrected = holm(tests)
    return [
        replace(one, p_holm={key: corrected.get((one.a, one.b, key)) for key in one.overall})
        for one in found
    ]


def criteria(found: Sequence[Compared]) -> list[Criterion]:
    """Check the plan's four criteria, in its order."""
    pairs = {(one.a, one.b): one for one in found}
    base, shuffled = pairs.get(("rarft", BASE)), pairs.get(("rarft", "shuffled"))
    gain = figure_of(base.overall["f1_avg"]) if base else None
    over_shuffled = figure_of(shuffled.overall["f1_avg"]) if shuffled else None
    miou = figure_of(base.overall["miou_relevant"]) if base else None
    gains: dict[str, Figure] = (
        {level: figure_of(base.levels[level]["f1_avg"]) for level in HARD_LEVELS} if base else {}
    )
    values = [gains[level].value for level in HARD_LEVELS] if gains else []
    known = [value for value in values if value is not None]
    return [
        Criterion(
            says="`rarft` over the base: F1-avg at least 10 points higher, interval clear of 0",
            found={"f1_avg": gain} if gain else {},
            passes=_exceeds(gain, MIN_GAIN) and _is_clear(gain) if gain else None,
        ),
        Criterion(
            says="`rarft` over `shuffled`: F1-avg higher, interval clear of 0",
            found={"f1_avg": over_shuffled} if over_shuffled else {},
            passes=_is_clear(over_shuffled) if over_shuffled else None,
        ),
        Criterion(
            says="the gain of `rarft` over the base in F1-avg is largest at level strong",
            found=gains,
            passes=known[0] > max(known[1:]) if len(known) == len(HARD_LEVELS) else None,
        ),
        Criterion(
            says="mIoU on relevant at most 2 points lower than the base",
            found={"miou_relevant": miou} if miou else {},
            passes=_exceeds(miou, -MAX_MIOU_LOSS) if miou else None,
        ),
    ]


def _compared(a: str, b: str, arms: Mapping[str, Seeds], draw: Resampling) -> Compared:
    seeds = _shared_seeds(a, b, arms)
    first, second = (pooled(_repeated(name, arms, seeds), seeds) for name in (a, b))
    return Compared(
        a=a,
        b=b,
        seeds=seeds,
        overall=_differences(first, second, draw),
        levels={
            level: _differences(at_level(first, level), at_level(second, level), draw)
            for level in HARD_LEVELS
        },
        p_holm={},
    )


def _shared_seeds(a: str, b: str, arms: Mapping[str, Seeds]) -> tuple[int, ...]:
    seeds = [set(arms[name]) for name in (a, b) if name != BASE]
    return tuple(sorted(set.intersection(*seeds)))


def _repeated(name: str, arms: Mapping[str, Seeds], seeds: Sequence[int]) -> Seeds:
    runs = arms[name]
    return dict.fromkeys(seeds, next(iter(runs.values()))) if name == BASE else runs


def _differences(first: Outcomes, second: Outcomes, draw: Resampling) -> dict[str, Difference]:
    found = paired_bootstrap(first, second, n_resamples=draw.n_resamples, seed=draw.seed)
    return {key: found.get(key, Difference(a=None, b=None)) for key in FIGURES}


def _with_intervals(outcomes: Outcomes, draw: Resampling) -> dict[str, Figure]:
    intervals = cluster_bootstrap(outcomes, n_resamples=draw.n_resamples, seed=draw.seed)
    found = {}
    for key, value in _chosen(figures(outcomes)).items():
        interval = intervals.get(key)
        low, high = (interval.low, interval.high) if interval else (None, None)
        found[key] = Figure(value=value, low=low, high=high)
    return found


def _chosen(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {key: values.get(key) for key in FIGURES}


def figure_of(difference: Difference) -> Figure:
    """Return a difference of two arms with its interval."""
    return Figure(value=difference.difference, low=difference.low, high=difference.high)


def _exceeds(figure: Figure, limit: float) -> bool:
    # Shares of whole queries can miss a limit that they reach by the last bit of a float.
    return figure.value is not None and figure.value >= limit - 1e-9


def _is_clear(figure: Figure) -> bool:
    return figure.low is not None and figure.low > 0
