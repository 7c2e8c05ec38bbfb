import random
from dataclasses import replace

import numpy as np
import pytest

from rarft.harness.metrics import QueryOutcome, figures
from rarft.harness.metrics.metric_table import evaluate, outcome_sums
from rarft.harness.statistics import Interval, bootstrap, cluster_bootstrap


def grounded(video, iou, *, record="0"):
    return QueryOutcome(
        query_id=f"{record}-r",
        video=video,
        record=f"{video}-{record}",
        relevant=True,
        predicted="grounded",
        counts_as="grounded",
        iou=iou,
        level="original",
    )


def told(video, kind, *, record="0"):
    return QueryOutcome(
        query_id=f"{record}-i",
        video=video,
        record=f"{video}-{record}",
        relevant=False,
        predicted=kind,
        counts_as=kind,
        level="strong",
        categories=("Action/ActionSequence",),
    )


def mixed(n_videos=12, seed=3):
    generator = random.Random(seed)
    return [
        one
        for index in range(n_videos)
        for record in range(generator.randrange(1, 4))
        for one in (
            grounded(f"{index}.mp4", generator.random(), record=str(record)),
            told(f"{index}.mp4", generator.choice(["refused", "grounded"]), record=str(record)),
        )
    ]


def test_every_figure_has_an_interval_around_it():
    outcomes = mixed()
    scores, intervals = figures(outcomes), cluster_bootstrap(outcomes, n_resamples=500)
    assert intervals.keys() == scores.keys()
    applicable = {key: value for key, value in scores.items() if value is not None}
    assert {key for key, interval in intervals.items() if interval} == set(applicable)
    for key, value in applicable.items():
        assert intervals[key].low <= value <= intervals[key].high, key


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    outcomes = mixed()
    first = cluster_bootstrap(outcomes, n_resamples=200, seed=1)
    assert cluster_bootstrap(outcomes, n_resamples=200, seed=1) == first
    assert cluster_bootstrap(outcomes, n_resamples=200, seed=2) != first


def test_the_order_of_the_queries_does_not_matter():
    outcomes = mixed()
    shuffled = random.Random(0).sample(outcomes, len(outcomes))
    assert cluster_bootstrap(shuffled, n_resamples=200) == cluster_bootstrap(
        outcomes, n_resamples=200
    )


def test_a_resample_scores_as_if_its_videos_were_repeated():
    outcomes = mixed(n_videos=6)
    sums = outcome_sums(outcomes)
    videos = sorted({one.video for one in outcomes})
    weights = next(bootstrap.resample_weights(len(videos), 20, 0))
    resampled = evaluate(sums.named(weights @ sums.matrix))
    for row, repeats in enumerate(weights.astype(int)):
        repeated = [
            replace(one, video=f"{one.video}-{copy}", record=f"{one.record}-{copy}")
            for video, n_copies in zip(videos, repeats, strict=True)
            for copy in range(n_copies)
            for one in outcomes
            if one.video == video
        ]
        for key, value in figures(repeated).items():
            expected = np.nan if value is None else value
            assert resampled[key][row] == pytest.approx(expected, abs=1e-12, nan_ok=True), key


def test_each_resample_draws_as_many_videos_as_there_are():
    blocks = list(bootstrap.resample_weights(7, 50, 0))
    assert (np.concatenate(blocks).sum(axis=1) == 7).all()
    assert sum(map(len, blocks)) == 50


def test_more_videos_than_a_short_integer_counts_are_drawn_alike():
    n_videos = 2**16 + 10
    weights = next(bootstrap.resample_weights(n_videos, 40, 0))
    assert weights.shape[1] == n_videos
    assert weights[:, -10:].sum() > 0


def test_the_interval_of_a_proportion_has_the_known_width():
    outcomes = [told(f"{i:03d}", "refused" if i % 2 else "grounded") for i in range(400)]
    interval = cluster_bootstrap(outcomes)["ra_miou"]
    half_width = 1.96 * np.sqrt(0.25 / 400)
    assert interval.low == pytest.approx(0.5 - half_width, abs=0.004)
    assert interval.high == pytest.approx(0.5 + half_width, abs=0.004)


def test_queries_about_one_video_are_one_observation():
    alone = [told(f"{i}", "refused" if i % 2 else "grounded") for i in range(20)]
    repeated = [
        replace(one, query_id=f"{one.query_id}{copy}") for one in alone for copy in range(9)
    ]
    assert cluster_bootstrap(repeated)["ra_miou"] == cluster_bootstrap(alone)["ra_miou"]


def test_one_video_has_no_interval():
    one_video = [grounded("a", 0.5), told("a", "refused")]
    assert set(cluster_bootstrap(one_video).values()) == {None}
    assert set(cluster_bootstrap([]).values()) == {None}


def test_a_figure_that_is_not_applicable_has_no_interval():
    intervals = cluster_bootstrap([grounded("a", 0.5), grounded("b", 0.7)], n_resamples=50)
    assert intervals["f1_irrelevant"] is intervals["pair_accuracy"] is None
    assert intervals["f1_relevant"] == Interval(1.0, 1.0)


def test_videos_without_a_scored_query_are_not_drawn():
    outcomes = mixed()
    lost = QueryOutcome(query_id="0", video="aa", record="x", relevant=True, status="missing")
    assert cluster_bootstrap([*outcomes, lost], n_resamples=100) == cluster_bootstrap(
        outcomes, n_resamples=100
    )


def test_resamples_in_which_a_figure_is_not_applicable_leave_it():
    # One video of two holds every irrelevant query: a quarter of the resamples lack it.
    outcomes = [grounded("a", 0.5), told("b", "refused")]
    assert cluster_bootstrap(outcomes, n_resamples=200)["f1_irrelevant"] == Interval(1.0, 1.0)


def test_a_higher_confidence_gives_a_wider_interval():
    narrow = cluster_bootstrap(mixed(), n_resamples=500, confidence=0.5)["ra_miou"]
    wide = cluster_bootstrap(mixed(), n_resamples=500, confidence=0.99)["ra_miou"]
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("wrong", [{"n_resamples": 0}, {"confidence": 1.0}, {"confidence": 0.0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="expected at least 1 and a share"):
        cluster_bootstrap(mixed(), **wrong)
