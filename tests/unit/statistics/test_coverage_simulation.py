"""Simulated pairs of runs whose true difference is known: how often the intervals hold it.

A run tells a query right where a normal variable is positive, which videos, queries and the run
itself share in; its IoU there is another normal variable through the normal distribution function.
The share told right and the mean IoU are then known in closed form.
"""

import sys
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pytest

from rarft.harness.metrics import QueryOutcome, figures
from rarft.harness.statistics import paired_bootstrap

KEYS = ("ra_miou", "f1_avg", "f1_irrelevant", "miou_relevant")
# Loadings of the latent variables; the squares of each row add up to 1. Two queries of one video
# correlate by 0.3, two runs on one query by 0.5.
VIDEO, QUERY, OWN = np.sqrt([0.3, 0.2, 0.5])
# What the latent IoU shares with being right, and the rest.
SHARED, REST = np.sqrt([0.4, 0.6])


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The latent means of a simulated run."""

    relevant: float
    irrelevant: float
    overlap: float


RUN_A = Run(relevant=1.0, irrelevant=0.1, overlap=0.3)
RUN_B = Run(relevant=0.7, irrelevant=0.3, overlap=0.0)


def true_figures(run):
    from scipy.stats import multivariate_normal

    told = NormalDist().cdf
    relevant, irrelevant = told(run.relevant), told(run.irrelevant)
    # E[right x cdf(latent IoU)] = P(right and an independent normal below the latent IoU).
    joint = multivariate_normal(cov=[[1.0, SHARED], [SHARED, 2.0]])
    iou = float(joint.cdf([run.relevant, run.overlap]))
    f1_relevant = 2 * relevant / (2 * relevant + 1 - irrelevant + 1 - relevant)
    f1_irrelevant = 2 * irrelevant / (2 * irrelevant + 1 - relevant + 1 - irrelevant)
    return {
        "ra_miou": (iou + irrelevant) / 2,
        "f1_avg": (f1_relevant + f1_irrelevant) / 2,
        "f1_irrelevant": f1_irrelevant,
        "miou_relevant": iou,
    }


def simulated_pair(n_videos, generator):
    from scipy.special import ndtr

    sizes = generator.integers(1, 9, size=n_videos)
    video = np.repeat(np.arange(n_videos), sizes)
    n_queries = len(video)
    relevant = generator.random(n_queries) < 0.5
    difficulty = VIDEO * generator.standard_normal(n_videos)[video]
    difficulty += QUERY * generator.standard_normal(n_queries)
    pair = []
    for run in (RUN_A, RUN_B):
        latent = difficulty + OWN * generator.standard_normal(n_queries)
        right = latent + np.where(relevant, run.relevant, run.irrelevant) > 0
        overlap = run.overlap + SHARED * latent + REST * generator.standard_normal(n_queries)
        pair.append(outcomes_of(video, relevant, right, ndtr(overlap)))
    return pair


def outcomes_of(video, relevant, right, iou):
    columns = zip(video.tolist(), relevant.tolist(), right.tolist(), iou.tolist(), strict=True)
    outcomes = []
    for number, (where, is_relevant, is_right, overlap) in enumerate(columns):
        kind = "grounded" if is_relevant == is_right else "refused"
        outcomes.append(
            QueryOutcome(
                query_id=str(number),
                video=f"{where:04d}",
                record=str(number),
                relevant=is_relevant,
                predicted=kind,
                counts_as=kind,
                iou=(overlap if is_right else 0.0) if is_relevant else None,
            )
        )
    return outcomes


def coverage(*, n_pairs, n_videos, n_resamples, seed=0):
    """Return the share of intervals that hold the true difference, by figure."""
    of_a, of_b = true_figures(RUN_A), true_figures(RUN_B)
    generator = np.random.default_rng(seed)
    held = dict.fromkeys(KEYS, 0)
    for number in range(n_pairs):
        a, b = simulated_pair(n_videos, generator)
        found = paired_bootstrap(a, b, n_resamples=n_resamples, seed=number)
        for key in KEYS:
            held[key] += found[key].low <= of_a[key] - of_b[key] <= found[key].high
    return {key: count / n_pairs for key, count in held.items()}


def test_the_true_figures_are_those_of_very_many_queries():
    pair = simulated_pair(5_000, np.random.default_rng(4))
    for run, outcomes in zip((RUN_A, RUN_B), pair, strict=True):
        found = figures(outcomes)
        for key, value in true_figures(run).items():
            assert found[key] == pytest.approx(value, abs=0.015), key


def test_intervals_of_a_few_simulated_pairs_hold_the_true_difference():
    # Of 60 intervals of 95%, fewer than 51 hold it once in 3,000 times.
    for key, share in coverage(n_pairs=60, n_videos=100, n_resamples=500).items():
        assert share >= 51 / 60, key


@pytest.mark.slow
@pytest.mark.parametrize(("n_videos", "least", "most"), [(300, 0.93, 0.97), (40, 0.92, 0.98)])
def test_95_percent_intervals_hold_the_true_difference_that_often(n_videos, least, most):
    found = coverage(n_pairs=1000, n_videos=n_videos, n_resamples=2000)
    # Shown by `pytest -rP`; docs/statistics.md records it.
    sys.stdout.write(f"{n_videos} videos: {found}\n")
    for key, share in found.items():
        assert least <= share <= most, (key, share)
