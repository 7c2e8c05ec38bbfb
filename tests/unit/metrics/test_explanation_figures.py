"""Averages of explanations, reckoned by hand and against a plain loop."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.harness.metrics import ExplanationScores, QueryOutcome, counts, figures


def explained(number, counts_as="refused", *, level="strong", corrects=False, **scores):
    return QueryOutcome(
        query_id=f"{number:03d}",
        video=f"{number % 3}.mp4",
        record=str(number),
        relevant=False,
        predicted=counts_as,
        counts_as=counts_as,
        level=level,
        explanation=ExplanationScores(**scores),
        corrects=corrects,
    )


def relevant(number, **kwargs):
    return QueryOutcome(
        query_id=f"r{number}",
        video="0.mp4",
        record=str(number),
        relevant=True,
        predicted="refused",
        counts_as="refused",
        iou=0.0,
        **kwargs,
    )


MIXED = [
    explained(0, rt_iou=1.0, sbert=0.8, llm_score=5.0),
    explained(1, rt_iou=0.5, sbert=0.6, unscored=("llm_score",)),
    explained(2, "grounded", level="weak", rt_iou=0.0, sbert=0.0, llm_score=0.0),
    explained(3, "unparsed", level="weak", rt_iou=0.0, sbert=0.0, llm_score=0.0),
    explained(4, level="shuffled"),
]


def test_the_official_average_is_over_all_irrelevant_queries_with_a_value():
    scores = figures(MIXED)
    assert scores["rt_iou"] == pytest.approx((1 + 0.5 + 0 + 0) / 4)
    assert scores["sbert"] == pytest.approx((0.8 + 0.6) / 4)


def test_an_unscored_refusal_is_taken_to_be_like_the_scored_ones():
    # Two of four queries are refused; the one that is scored has a 5.
    assert figures(MIXED)["llm_score"] == pytest.approx(5 * 2 / 4)
    # One refused and scored (4), two refused and unscored, one grounded.
    outcomes = [
        explained(0, llm_score=4.0),
        *(explained(number, unscored=("llm_score",)) for number in (1, 2)),
        explained(3, "grounded", llm_score=0.0),
    ]
    assert figures(outcomes)["llm_score"] == pytest.approx(4 * 3 / 4)
    assert figures(outcomes)["llm_score_refused"] == 4.0


def test_false_groundings_alone_average_0_unless_some_refusal_is_unscored():
    grounded = [explained(n, "grounded", rt_iou=0.0, llm_score=0.0) for n in range(2)]
    scores = figures(grounded)
    assert scores["llm_score"] == scores["llm_score/strong"] == 0.0
    assert scores["llm_score_refused"] is None
    scores = figures([*grounded, explained(2, rt_iou=0.75, unscored=("llm_score",))])
    assert scores["llm_score"] is scores["llm_score/strong"] is scores["llm_score_refused"] is None
    assert scores["rt_iou"] == 0.25


def test_a_correction_that_no_judge_scored_leaves_the_share_of_refusals():
    outcomes = [
        explained(0, correction_sim=0.8, corrects=True),
        explained(1, unscored=("correction_sim",), corrects=True),
        explained(2, "grounded", correction_sim=0.0),
    ]
    assert figures(outcomes)["correction_sim"] == pytest.approx(0.8 * 2 / 3)


def test_the_other_average_is_over_true_refusals_alone():
    scores = figures(MIXED)
    assert scores["rt_iou_refused"] == pytest.approx((1 + 0.5) / 2)
    assert scores["sbert_refused"] == pytest.approx(0.7)
    assert scores["llm_score_refused"] == 5.0


def test_every_level_with_a_value_has_its_own_average():
    scores = figures(MIXED)
    assert {key: scores[key] for key in scores if key.startswith(("rt_", "sb", "llm"))} == {
        **{key: scores[key] for key in scores if "/" not in key and key[:2] in ("rt", "sb", "ll")},
        "rt_iou/strong": pytest.approx(0.75),
        "rt_iou/weak": 0.0,
        "sbert/strong": pytest.approx(0.7),
        "sbert/weak": 0.0,
        "llm_score/strong": 5.0,
        "llm_score/weak": 0.0,
    }


def test_nothing_applicable_is_none_and_has_no_slices():
    scores = figures([explained(0), explained(1, "grounded"), relevant(2)])
    assert scores["rt_iou"] is scores["llm_score_refused"] is scores["correction_sim"] is None
    assert not [key for key in scores if key.startswith("rt_iou/")]


def test_all_unscored_is_none_and_counted():
    outcomes = [explained(0, unscored=("rt_iou",)), explained(1, unscored=("rt_iou",))]
    assert figures(outcomes)["rt_iou"] is None
    assert counts(outcomes)["n_judged_categories"] == 2
    assert counts(outcomes)["n_unscored_categories"] == 2


def test_counts_say_what_applies_and_what_is_unscored():
    counted = counts([*MIXED, relevant(9)])
    assert (counted["n_judged_categories"], counted["n_unscored_categories"]) == (2, 0)
    assert (counted["n_judged_reasoning"], counted["n_unscored_reasoning"]) == (2, 1)
    assert (counted["n_judged_correction"], counted["n_unscored_correction"]) == (0, 0)


def test_corrections_are_averaged_over_false_groundings_too():
    outcomes = [
        explained(0, correction_sim=0.9, corrects=True),
        explained(1, correction_sim=0.0),
        explained(2, "grounded", correction_sim=0.0),
    ]
    assert figures(outcomes)["correction_sim"] == pytest.approx(0.3)


def test_a_task_in_which_no_reply_corrects_has_no_correction_figure():
    silent = [explained(0, correction_sim=0.0), explained(1, "grounded", correction_sim=0.0)]
    assert figures(silent)["correction_sim"] is None
    assert figures([*silent, relevant(2, corrects=True)])["correction_sim"] == 0.0


values = st.one_of(st.sampled_from([None, "unscored"]), st.integers(0, 8).map(lambda n: n / 8))
rows = st.lists(
    st.tuples(
        st.sampled_from(["refused", "grounded", "unparsed"]),
        st.sampled_from(["strong", "weak"]),
        values,
        values,
    ),
    max_size=12,
)


def stated(number, kind, level, **values):
    """An outcome with these values: 0 where it is not refused, unscored where they say so."""
    if kind != "refused":
        values = {key: None if value is None else 0.0 for key, value in values.items()}
    unscored = tuple(key for key, value in values.items() if value == "unscored")
    known = {key: value for key, value in values.items() if key not in unscored}
    return explained(number, kind, level=level, unscored=unscored, **known)


def official(chosen):
    """The mean over (kind, value), every unscored refusal replaced by the mean of the scored."""
    applicable = [(kind, value) for kind, value in chosen if value is not None]
    refused = [value for kind, value in applicable if kind == "refused"]
    scored = [value for value in refused if value != "unscored"]
    if not applicable or (refused and not scored):
        return None
    filled = [sum(scored) / len(scored) if value == "unscored" else value for value in refused]
    return pytest.approx(sum(filled) / len(applicable))


def of_refused(chosen):
    known = [v for kind, v in chosen if kind == "refused" and v not in (None, "unscored")]
    return pytest.approx(sum(known) / len(known)) if known else None


@settings(max_examples=100, deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_the_averages_equal_a_plain_loop_in_any_order(rows, random):
    outcomes = [
        stated(number, kind, level, rt_iou=rt_iou, llm_score=score)
        for number, (kind, level, rt_iou, score) in enumerate(rows)
    ]
    scores = figures(random.sample(outcomes, len(outcomes)))
    rt_iou = [(row[0], row[2]) for row in rows]
    assert scores["rt_iou"] == official(rt_iou)
    assert scores["llm_score"] == official([(row[0], row[3]) for row in rows])
    assert scores["rt_iou_refused"] == of_refused(rt_iou)
    weak = [(row[0], row[2]) for row in rows if row[1] == "weak"]
    assert scores.get("rt_iou/weak") == official(weak)
    assert figures(outcomes) == scores


def test_a_query_that_is_not_scored_leaves_every_average():
    lost = replace(MIXED[0], query_id="x", counts_as=None, explanation=None, status="unjudged")
    shuffled = random.Random(0).sample([*MIXED, lost], len(MIXED) + 1)
    assert figures(shuffled)["rt_iou"] == figures(MIXED)["rt_iou"]
