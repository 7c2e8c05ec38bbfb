import pytest

from rarft.harness.metrics import METRICS, counts, figures, outcome, recall_at
from rarft.harness.types import Prediction, Query, Span

KEYS = [
    "ra_iou@0.3",
    "ra_iou@0.5",
    "ra_iou@0.7",
    "ra_miou",
    "f1_relevant",
    "f1_irrelevant",
    "f1_avg",
    "miou_relevant",
    "miou_grounded",
    "pair_accuracy",
]
EXPLANATION_KEYS = [
    "rt_iou",
    "rt_iou_refused",
    "sbert",
    "sbert_refused",
    "llm_score",
    "llm_score_refused",
    "correction_sim",
]
SELECTIVE_KEYS = ["auroc", "aurc", "aurc_excess", "refusal_rate@0.01", "refusal_rate@0.05"]
REFERENCE = Span(0, 10)
REFUSED = Prediction(kind="refused")
UNPARSED = Prediction(kind="unparsed")
SPANLESS = Prediction(kind="grounded")


def grounded(iou):
    """A grounding whose tIoU with the reference is `iou`."""
    return Prediction(kind="grounded", spans=(Span(0, 10 * iou),))


def asked(record, prediction, *, relevant, spans=(REFERENCE,), policy="paper", status="scored"):
    query = Query(
        id=f"{record}-{relevant}-{prediction}",
        task="t",
        video=f"{record}.mp4",
        text="a man cooks",
        relevant=relevant,
        record=str(record),
        spans=spans if relevant else (),
    )
    return outcome(query, prediction, policy=policy, status=status)


def pairs(on_relevant, on_irrelevant, *, n=3, policy="paper"):
    return [
        asked(record, prediction, relevant=relevant, policy=policy)
        for record in range(n)
        for prediction, relevant in ((on_relevant, True), (on_irrelevant, False))
    ]


def test_the_keys_are_those_of_the_results_file():
    assert list(METRICS) == KEYS + EXPLANATION_KEYS + SELECTIVE_KEYS
    assert list(figures([])) == list(METRICS)


def test_only_reasoning_scores_are_no_fractions_and_only_risk_is_better_when_lower():
    assert {k for k, m in METRICS.items() if m.scale == "score"} == {
        "llm_score",
        "llm_score_refused",
    }
    assert {k for k, m in METRICS.items() if not m.higher_is_better} == {"aurc", "aurc_excess"}


def test_always_grounding_the_whole_video_scores_the_known_f1():
    scores = figures(pairs(grounded(0.4), grounded(0.4)))
    assert scores["f1_relevant"] == pytest.approx(2 / 3)
    assert scores["f1_irrelevant"] == 0.0
    assert scores["f1_avg"] == pytest.approx(1 / 3)
    assert scores["ra_miou"] == pytest.approx(0.2)


def test_always_refusing_scores_half_the_ra_miou_and_the_known_f1():
    scores = figures(pairs(REFUSED, REFUSED))
    assert scores["ra_miou"] == scores["ra_iou@0.3"] == scores["ra_iou@0.7"] == 0.5
    assert scores["f1_relevant"] == 0.0
    assert scores["f1_irrelevant"] == pytest.approx(2 / 3)
    assert scores["f1_avg"] == pytest.approx(1 / 3)
    assert scores["miou_relevant"] == scores["pair_accuracy"] == 0.0
    assert scores["miou_grounded"] is None


def test_a_perfect_model_scores_1_everywhere():
    scores = figures(pairs(grounded(1.0), REFUSED))
    assert {key: scores[key] for key in KEYS} == dict.fromkeys(KEYS, 1.0)
    assert {scores[key] for key in EXPLANATION_KEYS + SELECTIVE_KEYS} == {None}


def test_recall_takes_an_iou_equal_to_the_threshold():
    outcomes = [asked(0, grounded(0.5), relevant=True)]
    assert figures(outcomes)["ra_iou@0.5"] == 1.0
    assert figures(outcomes)["ra_iou@0.7"] == 0.0


def test_recall_counts_refused_irrelevant_queries_at_every_threshold():
    outcomes = [asked(0, REFUSED, relevant=False), asked(0, grounded(0.2), relevant=True)]
    assert recall_at(outcomes, threshold=1.0) == 0.5
    assert recall_at(outcomes, threshold=0.2) == 1.0


def test_f1_from_a_confusion_worked_by_hand():
    # Relevant: 3 grounded, 1 refused. Irrelevant: 2 refused, 1 grounded.
    outcomes = [
        *(asked(f"r{i}", grounded(1.0), relevant=True) for i in range(3)),
        asked("r3", REFUSED, relevant=True),
        *(asked(f"i{i}", REFUSED, relevant=False) for i in range(2)),
        asked("i2", grounded(1.0), relevant=False),
    ]
    scores = figures(outcomes)
    assert scores["f1_relevant"] == pytest.approx(2 * 3 / (2 * 3 + 1 + 1))
    assert scores["f1_irrelevant"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))


def test_strict_counts_unparsed_as_a_miss_of_its_own_class_only():
    outcomes = [
        asked(0, UNPARSED, relevant=True, policy="strict"),
        asked(1, grounded(1.0), relevant=True, policy="strict"),
        asked(2, UNPARSED, relevant=False, policy="strict"),
        asked(3, REFUSED, relevant=False, policy="strict"),
    ]
    scores = figures(outcomes)
    assert scores["f1_relevant"] == scores["f1_irrelevant"] == pytest.approx(2 / 3)
    assert scores["ra_miou"] == 0.5


def test_paper_counts_unparsed_as_a_false_positive_of_the_irrelevant_class():
    scores = figures(pairs(UNPARSED, REFUSED))
    assert scores["f1_irrelevant"] == pytest.approx(2 / 3)
    assert figures(pairs(UNPARSED, REFUSED, policy="strict"))["f1_irrelevant"] == 1.0


def test_miou_relevant_counts_refusals_as_0_and_miou_grounded_leaves_them_out():
    outcomes = [asked(0, grounded(0.8), relevant=True), asked(1, REFUSED, relevant=True)]
    scores = figures(outcomes)
    assert scores["miou_relevant"] == pytest.approx(0.4)
    assert scores["miou_grounded"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("on_relevant", "on_irrelevant", "expected"),
    [
        (grounded(0.5), REFUSED, 1.0),
        (grounded(0.5), UNPARSED, 1.0),
        (grounded(0.4), REFUSED, 0.0),
        (grounded(1.0), grounded(1.0), 0.0),
        (REFUSED, REFUSED, 0.0),
    ],
    ids=["at_threshold", "unparsed_refuses", "loose_span", "grounds_both", "refuses_both"],
)
def test_a_pair_is_right_only_in_both(on_relevant, on_irrelevant, expected):
    assert figures(pairs(on_relevant, on_irrelevant))["pair_accuracy"] == expected


def test_records_with_other_than_one_query_of_each_class_are_no_pairs():
    two_relevant = [
        asked(0, grounded(1.0), relevant=True),
        asked(0, grounded(0.9), relevant=True),
        asked(0, REFUSED, relevant=False),
    ]
    assert figures(two_relevant)["pair_accuracy"] is None
    assert figures([*two_relevant, *pairs(grounded(1.0), REFUSED)[2:4]])["pair_accuracy"] == 1.0


def test_a_pair_with_a_missing_half_leaves_and_is_not_made_of_what_is_left():
    outcomes = [
        asked(0, grounded(1.0), relevant=True),
        asked(0, None, relevant=True),
        asked(0, REFUSED, relevant=False),
        asked(1, grounded(1.0), relevant=True),
        asked(1, None, relevant=False),
    ]
    assert figures(outcomes)["pair_accuracy"] is None


@pytest.mark.parametrize("status", ["missing", "failed", "unjudged"])
def test_queries_without_a_reply_leave_every_mean(status):
    scored = pairs(grounded(0.6), REFUSED)
    lost = [asked("lost", None, relevant=r, status=status) for r in (True, False)]
    assert figures([*scored, *lost]) == figures(scored)


def test_one_class_leaves_the_other_f1_not_applicable():
    scores = figures([asked(0, grounded(0.6), relevant=True)])
    assert scores["f1_relevant"] == 1.0
    assert scores["f1_irrelevant"] is scores["f1_avg"] is scores["pair_accuracy"] is None
    scores = figures([asked(0, REFUSED, relevant=False)])
    assert scores["f1_relevant"] is scores["miou_relevant"] is scores["miou_grounded"] is None
    assert scores["f1_irrelevant"] == scores["ra_miou"] == 1.0


def test_f1_of_an_absent_class_is_not_applicable_even_with_false_positives():
    assert figures([asked(0, grounded(0.6), relevant=False)])["f1_relevant"] is None


def test_no_scored_query_leaves_everything_not_applicable():
    assert set(figures([]).values()) == {None}
    assert set(figures([asked(0, None, relevant=True)]).values()) == {None}


def test_an_unknown_span_leaves_the_iou_means_and_stays_in_f1():
    outcomes = [*pairs(grounded(0.6), REFUSED, n=2), *pairs(SPANLESS, REFUSED, n=1)[:1]]
    scores = figures(outcomes)
    assert scores["ra_miou"] == pytest.approx((0.6 * 2 + 2) / 4)
    assert scores["miou_relevant"] == scores["miou_grounded"] == pytest.approx(0.6)
    assert scores["f1_relevant"] == 1.0
    assert counts(outcomes)["n_iou_unknown"] == 1


def test_no_known_iou_leaves_every_iou_figure_not_applicable():
    scores = figures(pairs(SPANLESS, SPANLESS))
    iou_keys = [key for key in KEYS if not key.startswith("f1")]
    assert [scores[key] for key in iou_keys] == [None] * len(iou_keys)
    assert scores["f1_relevant"] == pytest.approx(2 / 3)


def test_a_model_is_not_scored_on_its_refusals_alone():
    half_refused = [asked(0, SPANLESS, relevant=True), asked(1, REFUSED, relevant=True)]
    scores = figures(half_refused)
    assert scores["ra_miou"] is scores["miou_relevant"] is None


def test_relevant_queries_without_a_reference_leave_for_every_model_alike():
    unreferenced = [asked("x", p, relevant=True, spans=()) for p in (REFUSED, grounded(1.0))]
    for prediction in (REFUSED, grounded(0.6)):
        scored = pairs(prediction, REFUSED)
        with_both = figures([*scored, unreferenced[prediction != REFUSED]])
        assert with_both["ra_miou"] == pytest.approx(figures(scored)["ra_miou"])


def test_counts_say_what_the_replies_are_before_any_policy():
    outcomes = [
        asked(0, grounded(0.6), relevant=True),
        asked(1, REFUSED, relevant=True),
        asked(2, UNPARSED, relevant=False),
        asked(3, None, relevant=False),
        asked(4, None, relevant=False, status="failed"),
        asked(5, None, relevant=False, status="unjudged"),
    ]
    counted = counts(outcomes)
    judged = {key: value for key, value in counted.items() if "_judged_" in key or "_unsc" in key}
    assert len(judged) == 8
    assert set(judged.values()) == {0}
    assert {key: value for key, value in counted.items() if key not in judged} == {
        "n_queries": 6,
        "n_relevant": 2,
        "n_irrelevant": 4,
        "n_scored": 3,
        "n_missing": 1,
        "n_failed": 1,
        "n_unjudged": 1,
        "n_grounded": 1,
        "n_refused": 1,
        "n_unparsed": 1,
        "n_iou_unknown": 0,
        "n_with_score": 0,
    }
