"""Agreement of the one-call judge with the three calls, computed by hand."""

import numpy as np
import pytest

from rarft.harness.judges.protocol_agreement import cohen_kappa, protocol_agreement, spearman
from rarft.harness.types import Judgement, Prediction

ACTION, OBJECT = "Action/ActionSequence", "Object/ObjectExistence"


def judged(measure, value):
    reason = "timeout" if value is None else ""
    return Judgement(measure=measure, judge="llm", version="1", value=value, reason=reason)


def reply(kind, categories=None, score=None, unscored=()):
    """Return the judgements of one reply; what is not given does not exist."""
    values = {"relevance": Prediction(kind=kind), "categories": categories, "reasoning": score}
    return {
        measure: judged(measure, None if measure in unscored else value)
        for measure, value in values.items()
        if value is not None or measure in unscored
    }


def test_every_figure_is_the_one_computed_by_hand():
    three = {
        "a": reply("refused", (ACTION,), 4.0),
        "b": reply("refused", (ACTION, OBJECT), 1.0),
        "c": reply("grounded"),
        "d": reply("grounded"),
        "e": reply("refused", (), 2.0),
        "only three": reply("refused", (), 5.0),
    }
    combined = {
        "a": reply("refused", (ACTION,), 3.0),
        "b": reply("refused", (OBJECT,), 2.0),
        "c": reply("grounded"),
        "d": reply("refused", (OBJECT,), 1.0),
        "e": reply("refused", (), unscored=("reasoning",)),
        "only combined": reply("grounded"),
    }
    found = protocol_agreement(three, combined)
    assert (found.n, found.n_relevance, found.n_categories, found.n_scores) == (5, 5, 3, 2)
    assert (found.n_unscored, found.n_one_sided) == (1, 2)
    assert found.relevance_share == pytest.approx(4 / 5)
    # Grounded: 2 of 5 and 1 of 5; chance is 2/25 + 12/25, so kappa is (0.8 - 0.56) / 0.44.
    assert found.relevance_kappa == pytest.approx(0.24 / 0.44)
    assert found.category_jaccard == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert found.score_spearman == pytest.approx(1.0)
    assert found.score_difference == pytest.approx(1.0)


def test_what_is_not_compared_has_no_figure():
    found = protocol_agreement({"a": reply("refused")}, {"b": reply("refused")})
    assert (found.n, found.n_unscored, found.relevance_share, found.relevance_kappa) == (
        0, 0, None, None,
    )  # fmt: skip
    assert (found.category_jaccard, found.score_spearman, found.score_difference) == (None,) * 3


def test_an_unparsed_reply_is_as_little_grounded_as_a_refused_one():
    found = protocol_agreement({"a": reply("unparsed")}, {"a": reply("refused")})
    assert (found.relevance_share, found.relevance_kappa) == (1.0, None)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(True, True), (False, False)], 1.0),
        ([(True, False), (False, True)], -1.0),
        ([(True, True), (True, False), (False, True), (False, False)], 0.0),
        ([(True, True)], None),
        ([], None),
    ],
)
def test_kappa_is_agreement_beyond_chance(pairs, expected):
    assert cohen_kappa(pairs) == expected


def test_spearman_gives_ties_the_mean_of_their_ranks():
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
    found = spearman(np.array([0.0, 1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert found == pytest.approx(4.5 / np.sqrt(4.5 * 5.0))


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0]])
def test_spearman_needs_two_different_values(values):
    assert spearman(np.array(values), np.array(values)) is None
