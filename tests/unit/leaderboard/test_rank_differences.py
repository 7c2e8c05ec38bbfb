"""Differences and ranks of the board against rarft.harness.statistics, on drawn runs."""

import random

import pytest

from rarft.harness.metrics import QueryOutcome
from rarft.harness.metrics.explanations import ExplanationScores
from rarft.harness.statistics import pair_outcomes, paired_bootstrap, paired_differences, ranks_of
from rarft.leaderboard.ranking import Field, differences, drawn_figures, rank_task
from rarft.leaderboard.ranking.drawn import same_base

LEVELS = ("strong", "moderate", "weak")
SETTINGS = {"n_resamples": 1200, "seed": 0}


def answered(seed, *, right, n_videos=30, lost=(), scores=False, no_span=()):
    """Return the outcomes of a run that tells each query right with a probability."""
    rng = random.Random(seed)
    outcomes = []
    for number in range(n_videos * 4):
        relevant = number % 2 == 0
        level = "original" if relevant else LEVELS[number // 2 % 3]
        told = rng.random() < right
        kind = "grounded" if told == relevant else "refused"
        iou = rng.random() if kind == "grounded" else 0.0
        similarity = rng.random()
        score = rng.random()
        held = {
            "query_id": f"{number:03d}",
            "video": f"{number // 4:02d}.mp4",
            "record": f"{number // 2}",
            "relevant": relevant,
            "level": level,
            "categories": () if relevant else ("Action/FineGrainedAction",),
        }
        if number in lost:
            outcomes.append(QueryOutcome(**held, status="failed"))
            continue
        explanation = None
        if not relevant:
            explanation = ExplanationScores(sbert=similarity if kind == "refused" else 0.0)
        outcomes.append(
            QueryOutcome(
                **held,
                predicted=kind,
                counts_as=kind,
                iou=(None if number in no_span else iou) if relevant else None,
                candidate_iou=iou if relevant and scores else None,
                relevance_score=score if scores else None,
                explanation=explanation,
            )
        )
    return tuple(outcomes)


RUNS = {
    "a": answered(1, right=0.8, scores=True),
    "b": answered(2, right=0.75, scores=True),
    "c": answered(3, right=0.4),
    "d": answered(4, right=0.78),
}


def drawn(runs):
    return {name: drawn_figures(run, **SETTINGS) for name, run in runs.items()}


def pair_up(runs):
    def paired(pair):
        both = pair_outcomes(runs[pair[0]], runs[pair[1]])
        return drawn_figures(both.a, **SETTINGS), drawn_figures(both.b, **SETTINGS)

    return paired


def compared(runs, pair):
    field = Field(drawn=drawn(runs), entries={}, pair_up=pair_up(runs))
    return rank_task(field, compare=[pair]).compared[pair]


@pytest.mark.parametrize("pair", [("a", "b"), ("a", "c"), ("c", "d")])
def test_differences_from_shared_draws_are_those_of_the_paired_bootstrap(pair):
    expected = paired_bootstrap(RUNS[pair[0]], RUNS[pair[1]], **SETTINGS)

    found = compared(RUNS, pair)

    own = {key: one for key, one in expected.items() if one.difference is not None}
    assert found.keys() == own.keys()
    assert len(own) > 15
    for key, one in own.items():
        assert found[key].difference == one, key


def test_rows_that_lack_different_queries_are_compared_on_those_that_both_scored():
    runs = {
        "a": answered(1, right=0.8, lost={3, 10}),
        "b": answered(2, right=0.5, lost={4}, no_span={8}),
    }
    expected = paired_differences(pair_outcomes(runs["a"], runs["b"]), **SETTINGS)

    found = compared(runs, ("a", "b"))

    for key, one in found.items():
        assert one.difference == expected[key], key
    assert found["f1_avg"].difference.a != drawn(runs)["a"]["f1_avg"].point


def test_only_the_figures_that_rest_on_what_differs_are_measured_again():
    runs = {"a": RUNS["a"], "b": answered(2, right=0.75, scores=True, no_span={8})}
    figures = drawn(runs)

    apart = {
        key for key in figures["a"] if not same_base(figures["a"][key].base, figures["b"][key].base)
    }

    assert "ra_miou" in apart
    assert "pair_accuracy" in apart
    assert apart.isdisjoint({"f1_avg", "f1_irrelevant/strong", "sbert", "auroc"})


def test_what_a_run_never_has_keeps_no_query_from_the_other():
    assert same_base((("scored", "1"), ("iou", None)), (("scored", "1"), ("iou", "2")))


def test_a_figure_that_one_row_lacks_is_in_no_pair():
    figures = {name: own["auroc"] for name, own in drawn(RUNS).items()}

    found, apart = differences(figures)

    assert list(found) == [("a", "b")]
    assert apart == []


@pytest.mark.parametrize("key", ["f1_avg", "ra_miou", "aurc", "sbert"])
def test_ranks_are_those_of_the_harness(key):
    figures = drawn(RUNS)
    found, _ = differences({name: own[key] for name, own in figures.items()})
    values = {name: own[key].point for name, own in figures.items()}
    expected = ranks_of(values, found, higher_is_better=key != "aurc")
    field = Field(
        drawn=figures,
        entries={key: [name for name, value in values.items() if value is not None]},
        pair_up=pair_up(RUNS),
    )

    places = rank_task(field).places[key]

    assert {name: one.rank for name, one in places.items()} == {
        one.name: one.rank for one in expected if one.rank is not None
    }


def test_ranks_do_not_depend_on_the_order_of_rows():
    entries = {"f1_avg": list(RUNS)}
    figures = drawn(RUNS)
    backwards = dict(reversed(figures.items()))

    ours = rank_task(Field(drawn=figures, entries=entries, pair_up=pair_up(RUNS)))
    theirs = rank_task(Field(drawn=backwards, entries=entries, pair_up=pair_up(RUNS)))

    assert ours.places["f1_avg"] == theirs.places["f1_avg"]


def test_a_row_of_one_video_is_shown_and_separated_from_none():
    runs = {name: run[:4] for name, run in RUNS.items()}
    field = Field(drawn=drawn(runs), entries={"f1_avg": list(runs)}, pair_up=pair_up(runs))

    places = rank_task(field).places["f1_avg"]

    assert {one.rank for one in places.values()} <= {1}
