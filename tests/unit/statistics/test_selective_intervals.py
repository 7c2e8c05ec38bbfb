"""Intervals of the figures of explanations and of selective prediction."""

import random
from dataclasses import replace

import numpy as np
import pytest

from rarft.harness.metrics import ExplanationScores, QueryOutcome, figures
from rarft.harness.metrics.metric_table import METRICS, evaluate, outcome_sums
from rarft.harness.statistics import Interval, bootstrap, cluster_bootstrap


def asked(video, record, generator, *, relevant):
    score = round(generator.random(), 1)
    kind = "grounded" if score >= 0.5 else "refused"
    explanation = None
    if not relevant:
        value = generator.random() if kind == "refused" else 0.0
        explanation = ExplanationScores(rt_iou=value, sbert=value, llm_score=5 * value)
    return QueryOutcome(
        query_id=f"{record}-{relevant}",
        video=video,
        record=f"{video}-{record}",
        relevant=relevant,
        predicted=kind,
        counts_as=kind,
        iou=0.5 if relevant and kind == "grounded" else 0.0,
        level="original" if relevant else "strong",
        explanation=explanation,
        relevance_score=score,
        candidate_iou=round(generator.random(), 2) if relevant else None,
    )


def mixed(n_videos, seed=1):
    generator = random.Random(seed)
    return [
        asked(f"{video:03d}.mp4", str(record), generator, relevant=relevant)
        for video in range(n_videos)
        for record in range(generator.randrange(1, 3))
        for relevant in (True, False)
    ]


def test_every_figure_of_explanations_and_scores_has_an_interval_around_it():
    outcomes = mixed(20)
    scores, intervals = figures(outcomes), cluster_bootstrap(outcomes, n_resamples=400)
    assert intervals.keys() == scores.keys() > {"rt_iou/strong", "llm_score/strong", "aurc"}
    assert {key for key in METRICS if scores[key] is None} == {"correction_sim"}
    for key in (*METRICS, "llm_score/strong"):
        if scores[key] is not None:
            assert intervals[key].low <= scores[key] <= intervals[key].high, key


def test_a_resample_scores_as_if_its_videos_were_repeated():
    outcomes = mixed(6)
    sums = outcome_sums(outcomes)
    videos = sorted({one.video for one in outcomes})
    resampled = evaluate(bootstrap.resampled_sums(sums, n_resamples=20, seed=0))
    weights = next(bootstrap.resample_weights(len(videos), 20, 0))
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
            assert resampled[key][row] == pytest.approx(expected, abs=1e-6, nan_ok=True), key


def test_the_order_of_the_queries_does_not_matter():
    outcomes = mixed(12)
    shuffled = random.Random(0).sample(outcomes, len(outcomes))
    assert cluster_bootstrap(shuffled, n_resamples=100) == cluster_bootstrap(
        outcomes, n_resamples=100
    )


def test_videos_without_a_scored_query_are_not_drawn():
    outcomes = mixed(12)
    lost = [
        QueryOutcome(query_id="0", video=video, record="x", relevant=True, status="unjudged")
        for video in ("000", "005.mp4x")
    ]
    assert cluster_bootstrap([*outcomes, *lost], n_resamples=100) == cluster_bootstrap(
        outcomes, n_resamples=100
    )


def test_only_the_first_resamples_have_figures_of_selective_prediction(monkeypatch):
    sums = outcome_sums(mixed(8))
    monkeypatch.setattr(bootstrap, "_DRAWS_PER_BLOCK", 8 * 30)
    drawn = bootstrap.resampled_sums(sums, n_resamples=1100, seed=0)
    assert drawn["auroc"].shape == drawn["relevant"].shape == (1100,)
    assert not np.isnan(drawn["aurc"][: bootstrap.N_SELECTIVE]).any()
    assert np.isnan(drawn["aurc"][bootstrap.N_SELECTIVE :]).all()


def test_the_size_of_the_blocks_does_not_matter(monkeypatch):
    outcomes = mixed(8)
    whole = cluster_bootstrap(outcomes, n_resamples=90)
    monkeypatch.setattr("rarft.harness.metrics.threshold_figures._ENTRIES_PER_BLOCK", 1)
    for key, interval in cluster_bootstrap(outcomes, n_resamples=90).items():
        bounds = interval and (interval.low, interval.high)
        assert bounds == (whole[key] and pytest.approx((whole[key].low, whole[key].high))), key


def test_a_perfect_order_has_an_interval_of_no_width():
    outcomes = [replace(one, relevance_score=1.0 if one.relevant else 0.0) for one in mixed(10)]
    assert cluster_bootstrap(outcomes, n_resamples=100)["auroc"] == Interval(1.0, 1.0)


def test_the_interval_of_an_auroc_is_as_wide_as_its_known_standard_error():
    # Scores without information: the variance of the AUROC is (m + n + 1) / (12 m n).
    generator = random.Random(5)
    outcomes = [
        replace(
            asked(f"{index:03d}", "0", generator, relevant=index % 2 == 0),
            relevance_score=generator.random(),
        )
        for index in range(400)
    ]
    interval = cluster_bootstrap(outcomes)["auroc"]
    expected = 2 * 1.96 * np.sqrt(401 / (12 * 200 * 200))
    assert interval.high - interval.low == pytest.approx(expected, rel=0.12)
