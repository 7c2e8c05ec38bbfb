"""Every pair of runs on every task they share: differences, McNemar's test, ranks.

One family of tests holds every figure that is compared, of every task and pair of runs; McNemar's
tests are a family of their own. A figure that one run lacks, or that rests on judges in which the
runs differ, is not compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import combinations
from typing import Final

from rarft.harness.errors import UserError
from rarft.harness.metrics import METRICS, figures
from rarft.harness.report.compare_judges import (
    MCNEMAR,
    different_judges,
    differing_measures,
    n_unscored,
    not_comparable,
    rests_on,
)
from rarft.harness.report.compare_runs import ComparedRun, ComparedRuns
from rarft.harness.statistics import (
    Difference,
    McNemar,
    Pairing,
    Rank,
    holm,
    mcnemar,
    pair_outcomes,
    paired_differences,
    ranks_of,
)
from rarft.harness.types import Measure

ALPHA: Final = 0.05
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class PairComparison:
    """Two runs on one task; `p_holm` holds the corrected p-value of each figure.

    `differences` holds the figures that are compared, `shown` beside these the others.
    `not_comparable` says why those, or McNemar's test, are not compared, and `n_unscored` how many
    replies no judge could score in a and in b, by measure.
    """

    a: str
    b: str
    paired: Pairing
    differences: Mapping[str, Difference]
    shown: Mapping[str, Difference]
    not_comparable: Mapping[str, str]
    n_unscored: Mapping[Measure, tuple[int, int]]
    p_holm: Mapping[str, float | None]
    mcnemar: McNemar | None
    mcnemar_p_holm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskComparison:
    """All pairs of runs on one task, and the ranks of the runs by figure if there are many."""

    task: str
    pairs: tuple[PairComparison, ...]
    ranks: Mapping[str, tuple[Rank, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs on all tasks they share. `n_tests` is the size of the family of figures."""

    compared: ComparedRuns
    metrics: tuple[str, ...]
    tasks: tuple[TaskComparison, ...]
    n_tests: int
    n_resamples: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    task: str
    a: str
    b: str
    paired: Pairing
    differences: Mapping[str, Difference]
    not_comparable: Mapping[str, str]
    n_unscored: Mapping[Measure, tuple[int, int]]
    mcnemar: McNemar | None

    def compares(self, key: str) -> bool:
        """Return whether a figure is compared."""
        return key in self.differences and key not in self.not_comparable


def compare(
    compared: ComparedRuns, *, metrics: str = "", n_resamples: int = 10_000, seed: int = 0
) -> Comparison:
    """Compare runs that were read and checked.

    Args:
        compared: the runs.
        metrics: keys or patterns of the figures, comma separated; empty for those of the paper's
            and our columns, without slices.
        n_resamples: resamples of the videos.
        seed: seed of the resamples, one for all pairs.

    Raises:
        UserError: no figure has such a key, or the runs have different references.
    """
    pairs = [
        _compare_pair(task, a, b, n_resamples=n_resamples, seed=seed)
        for task in compared.tasks
        for a, b in combinations(compared.runs, 2)
    ]
    keys = chosen_metrics(metrics, dict.fromkeys(key for one in pairs for key in one.differences))
    tests = {
        (one.task, one.a, one.b, key): one.differences[key].p_resolved
        for one in pairs
        for key in keys
        if one.compares(key)
    }
    corrected = holm(tests)
    told = holm({(one.task, one.a, one.b): _p_of(one.mcnemar) for one in pairs})
    tasks = []
    for task in compared.tasks:
        own = [one for one in pairs if one.task == task]
        written = tuple(_with_holm(one, keys, corrected, told) for one in own)
        tasks.append(
            TaskComparison(task=task, pairs=written, ranks=_ranks(compared.runs, task, own, keys))
        )
    return Comparison(
        compared=compared,
        metrics=keys,
        tasks=tuple(tasks),
        n_tests=sum(p is not None for p in tests.values()),
        n_resamples=n_resamples,
        seed=seed,
    )


def chosen_metrics(text: str, available: Mapping[str, None]) -> tuple[str, ...]:
    """Return the keys that a list of keys and patterns stands for, each once.

    Raises:
        UserError: a pattern stands for none.

    Example:
        >>> chosen_metrics("f1_*", dict.fromkeys(["ra_miou", "f1_avg", "f1_relevant/original"]))
        ('f1_avg', 'f1_relevant/original')
    """
    patterns = [part.strip() for part in text.split(",") if part.strip()]
    if not patterns:
        return tuple(key for key in available if key in METRICS)
    chosen: dict[str, None] = {}
    for pattern in patterns:
        found = [key for key in available if fnmatchcase(key, pattern)]
        if not found:
            near = get_close_matches(pattern, available, n=1)
            hint = f", did you mean '{near[0]}'" if near else ""
            raise UserError(
                f"got --metrics {pattern}, expected keys of figures such as f1_avg or "
                f"'f1_irrelevant/*'{hint}; see docs/metrics.md"
            )
        chosen |= dict.fromkeys(found)
    return tuple(chosen)


def higher_is_better(key: str) -> bool:
    """Return whether a higher figure is better; a slice is as its figure is."""
    metric = METRICS.get(key.partition("/")[0])
    return metric is None or metric.higher_is_better


def _compare_pair(
    task: str, a: ComparedRun, b: ComparedRun, *, n_resamples: int, seed: int
) -> _Pair:
    first, second = a.outcomes[task], b.outcomes[task]
    try:
        paired = pair_outcomes(first, second)
    except ValueError as error:
        raise UserError(
            f"got different references of task {task} in {a.name} and {b.name} ({error}); "
            "run both on the same annotation"
        ) from error
    differences = paired_differences(
        paired, n_resamples=n_resamples, seed=seed, confidence=CONFIDENCE
    )
    differing = differing_measures(a.results, b.results)
    reasons = not_comparable(differences, differing)
    told_apart = [measure for measure in differing if rests_on(MCNEMAR, measure)]
    if told_apart:
        reasons[MCNEMAR] = different_judges(told_apart)
    return _Pair(
        task=task,
        a=a.name,
        b=b.name,
        paired=paired,
        differences=differences,
        not_comparable=reasons,
        n_unscored=n_unscored(first, second),
        mcnemar=None if told_apart else mcnemar(paired.a, paired.b),
    )


def _with_holm(
    one: _Pair,
    keys: Sequence[str],
    corrected: Mapping[tuple[str, str, str, str], float | None],
    told: Mapping[tuple[str, str, str], float | None],
) -> PairComparison:
    place = (one.task, one.a, one.b)
    shown = {key: one.differences[key] for key in keys if key in one.differences}
    return PairComparison(
        a=one.a,
        b=one.b,
        paired=one.paired,
        differences={key: shown[key] for key in shown if one.compares(key)},
        shown=shown,
        not_comparable={
            key: one.not_comparable[key] for key in (*shown, MCNEMAR) if key in one.not_comparable
        },
        n_unscored=one.n_unscored,
        p_holm={key: corrected.get((*place, key)) for key in keys},
        mcnemar=one.mcnemar,
        mcnemar_p_holm=told[place],
    )


def _p_of(told: McNemar | None) -> float | None:
    """Return the p-value that allows for queries of one video, where there is one."""
    if told is None:
        return None
    return told.p if told.p_clustered is None else told.p_clustered


def _ranks(
    runs: Sequence[ComparedRun], task: str, pairs: Sequence[_Pair], keys: Sequence[str]
) -> dict[str, tuple[Rank, ...]]:
    if len(runs) < 3:
        return {}
    values = {run.name: figures(run.outcomes[task]) for run in runs}
    ranked = [key for key in keys if not any(_judged_apart(one, key) for one in pairs)]
    return {
        key: ranks_of(
            {name: own.get(key) for name, own in values.items()},
            {(one.a, one.b): one.differences[key] for one in pairs if one.compares(key)},
            higher_is_better=higher_is_better(key),
            alpha=ALPHA,
        )
        for key in ranked
    }


def _judged_apart(one: _Pair, key: str) -> bool:
    """Return whether both runs have a figure that only their judges keep from being compared."""
    is_known = key in one.differences and one.differences[key].difference is not None
    return is_known and not one.compares(key)
