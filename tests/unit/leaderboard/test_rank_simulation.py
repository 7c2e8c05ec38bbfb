"""How often the board separates simulated entries that are equal, and entries that are not.

A query is told right where a sum of three normal draws, of its video, of itself and of the entry,
lies below a bound that makes the probability p. All queries count alike, so the mean F1 of an entry
is truly p: what it loses on one class it loses on the other.
"""

from statistics import NormalDist

import numpy as np
import pytest

from rarft.harness.metrics import QueryOutcome
from rarft.harness.statistics import minimum_detectable_effect
from rarft.leaderboard.ranking import Field, differences, drawn_figures, rank_task

METRIC = "f1_avg"
P = 0.7
N_VIDEOS, N_QUERIES = 80, 4
OF_VIDEO, OF_QUERY = 0.2, 0.3
"""Shares of the variance that entries share: by video and by query."""
N_RESAMPLES = 1_000


def simulated(rng, shares):
    """Return the outcomes of entries that tell a query right with the given probabilities."""
    video = np.repeat(rng.standard_normal(N_VIDEOS), N_QUERIES) * OF_VIDEO**0.5
    query = rng.standard_normal(video.size) * OF_QUERY**0.5
    entries = []
    for p in shares:
        own = rng.standard_normal(video.size) * (1 - OF_VIDEO - OF_QUERY) ** 0.5
        right = video + query + own < NormalDist().inv_cdf(p)
        entries.append(
            [
                QueryOutcome(
                    query_id=f"{place:04d}",
                    video=f"{place // N_QUERIES:03d}",
                    record=f"{place}",
                    relevant=place % 2 == 0,
                    predicted=(kind := "grounded" if told == (place % 2 == 0) else "refused"),
                    counts_as=kind,
                )
                for place, told in enumerate(right.tolist())
            ]
        )
    return entries


def drawn(entries):
    return {
        f"{place}": {METRIC: drawn_figures(one, n_resamples=N_RESAMPLES, seed=0)[METRIC]}
        for place, one in enumerate(entries)
    }


def ranks_of_trial(seed, shares):
    figures = drawn(simulated(np.random.default_rng(seed), shares))
    field = Field(drawn=figures, entries={METRIC: list(figures)}, pair_up=lambda pair: ({}, {}))
    return [one.rank for _, one in sorted(rank_task(field).places[METRIC].items())]


def detectable():
    """Return the minimum detectable effect of two equal entries, the mean of ten trials."""
    effects = []
    for seed in range(1_000, 1_010):
        figures = drawn(simulated(np.random.default_rng(seed), (P, P)))
        found, _ = differences({name: own[METRIC] for name, own in figures.items()})
        effects.append(minimum_detectable_effect(found["0", "1"].se))
    return float(np.mean(effects))


def share_separated(n_trials, shares):
    """Return the share of trials in which some entry has another rank than another."""
    separated = [len(set(ranks_of_trial(seed, shares))) > 1 for seed in range(n_trials)]
    return float(np.mean(separated))


def share_found(n_trials, shares):
    """Return the share of trials in which the last entry stands below all others."""
    found = []
    for seed in range(n_trials):
        *others, last = ranks_of_trial(seed, shares)
        found.append(last == len(shares) and max(others) < last)
    return float(np.mean(found))


N_TRIALS = [40, pytest.param(200, marks=pytest.mark.slow)]


@pytest.mark.parametrize("n_entries", [2, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("n_trials", N_TRIALS)
def test_equal_entries_are_rarely_separated(n_trials, n_entries):
    assert share_separated(n_trials, (P,) * n_entries) <= 0.08


@pytest.mark.parametrize("n_trials", N_TRIALS)
def test_an_entry_worse_by_one_and_a_half_detectable_effects_is_found(n_trials):
    assert share_found(n_trials, (P, P - 1.5 * detectable())) >= 0.9


@pytest.mark.slow
def test_it_is_found_among_four_entries_too():
    assert share_found(200, (P, P, P, P - 1.5 * detectable())) >= 0.75
