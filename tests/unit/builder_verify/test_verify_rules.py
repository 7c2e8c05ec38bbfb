"""Every rule about a rewrite and its refusal, each with what it must let through."""

import pytest

from rarft.dataset_builder.verify import Checks, Rules, VideoQueries, verify
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.types import Span

BOX = "A man opens a red box."
BAG = "A man opens a red bag."
REFUSAL = "The man opens a box, not a bag."


def test_a_sound_rewrite_is_accepted(judge) -> None:
    assert judge(BOX, BAG, refusal=REFUSAL) == set()


@pytest.mark.parametrize("text", [BOX, "a man opens the red box", "A man  opens a red box!"])
def test_a_rewrite_in_the_words_of_the_original_is_unchanged(judge, text) -> None:
    assert judge(BOX, text) == {"unchanged"}


def test_a_paraphrase_is_rejected_as_such(judge) -> None:
    assert judge(BOX, "A guy is opening a red carton.") == {"paraphrase"}


def test_a_rewrite_that_only_says_less_is_a_paraphrase(judge) -> None:
    assert judge(BOX, "A man opens a box.") == {"paraphrase"}


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("A woman opens a green bag.", "existence"),
        (BAG, "existence,action"),
        ("A woman shuts a red bag.", "existence,action"),
    ],
)
def test_the_number_of_edits_fits_the_level(judge, text, plan) -> None:
    assert "level" in judge(BOX, text, plan=plan)


@pytest.mark.parametrize("plan", ["value", "count", "spatial", "scene", "action"])
def test_the_planned_category_is_the_edited_one(judge, plan) -> None:
    assert judge(BOX, BAG, plan=plan, refusal=REFUSAL) == {"category"}


def test_two_planned_categories_need_two_edits(judge) -> None:
    refusal = "He opens the box and does not shut it."
    assert "level" in judge(BOX, "A man shuts a red box.", plan="action,value", refusal=refusal)


@pytest.mark.parametrize(
    "other", ["A bag is opened by a man.", "A man opens a red bag and leaves."]
)
def test_a_rewrite_is_not_true_of_another_query_of_the_video(judge, other) -> None:
    text = "A man opens a bag."
    assert judge("A man opens a box.", text, others=(other,), refusal=REFUSAL) == {"true_elsewhere"}


def test_a_query_about_another_clip_of_the_file_makes_nothing_true(row, candidate) -> None:
    mine = row("A man opens a box.", span=(1, 4), clip=Span(0, 10))
    later = row("A man opens a bag.", id="r", span=(21, 24), clip=Span(20, 30))
    made = candidate("A man opens a bag.", refusal=REFUSAL)
    (verdict,) = verify([made], rows=VideoQueries([mine, later]), checks=Checks())
    assert verdict.accepted


@pytest.mark.parametrize(
    "text",
    [
        "bag",
        "A man opens the the bag.",
        "Query: A man opens a bag.",
        "I'm sorry, I cannot rewrite this.",
        '{"text": "A man opens a bag."}',
        "A man opens a bag. He sits. He eats.",
        "A man opens a bag " + "and then another bag " * 6,
    ],
)
def test_what_reads_like_no_query_is_rejected(judge, text) -> None:
    assert judge(BOX, text) == {"length"}


@pytest.mark.parametrize(
    "refusal",
    [
        "No bag.",
        "The video shows exactly this from the beginning.",
        "The sky in this video is not blue at all.",
        "There is no bag, only a box from 3.1 to 9.6 seconds.",
        "word " * 300,
    ],
)
def test_a_refusal_denies_and_names_the_mismatch(judge, refusal) -> None:
    assert judge(BOX, BAG, refusal=refusal) == {"refusal"}


def test_an_empty_refusal_is_rejected(row, candidate) -> None:
    from dataclasses import replace

    made = replace(candidate(BAG), refusal="")
    (verdict,) = verify([made], rows=VideoQueries([row(BOX)]), checks=Checks())
    assert {finding.reason for finding in verdict.findings} == {"refusal"}


@pytest.mark.parametrize(
    "leak",
    [
        "Respond only in the following format.",
        "A man opens a red box.",
        "box, bag.",
        'It is "a man opens a red box" that is shown.',
        "Object/ObjectExistence",
        "box -> bag",
        "The word box was replaced.",
        "<object_existence>",
        "This is unlike the original query.",
    ],
)
def test_a_refusal_gives_nothing_away(judge, leak) -> None:
    assert judge(BOX, BAG, refusal=f"{REFUSAL} {leak}") == {"leak"}


def test_the_words_of_the_original_within_a_contrast_are_no_leak(judge) -> None:
    refusal = "The video shows a man opens a red box rather than a bag."
    assert judge(BOX, BAG, refusal=refusal) == set()


@pytest.mark.parametrize(
    ("span", "duration_s", "is_right"),
    [
        ((1, 4), 4.0, True),
        ((1, 4), 3.5, True),
        ((1, 4), 2.0, False),
        ((2, 2), 9.0, False),
        ((1, 4), None, True),
    ],
)
def test_the_answer_lies_in_the_video(row, candidate, span, duration_s, is_right) -> None:
    rows = VideoQueries([row(BOX, span=span, duration_s=duration_s)])
    (verdict,) = verify([candidate(BAG, refusal=REFUSAL)], rows=rows, checks=Checks())
    assert verdict.accepted == is_right
    assert {finding.reason for finding in verdict.findings} <= {"span"}


def test_the_answer_lies_in_its_clip(row, candidate) -> None:
    rows = VideoQueries([row(BOX, span=(1, 4), clip=Span(10, 20))])
    (verdict,) = verify([candidate(BAG, refusal=REFUSAL)], rows=rows, checks=Checks())
    assert {finding.reason for finding in verdict.findings} == {"span"}


def test_verdicts_come_in_the_order_of_the_candidates(row, candidate) -> None:
    made = [candidate(BAG, refusal=REFUSAL, id=str(number)) for number in range(600)]
    verdicts = verify(iter(made), rows=VideoQueries([row(BOX)]), checks=Checks())
    assert [verdict.candidate_id for verdict in verdicts] == [one.id for one in made]


def test_a_candidate_of_an_unknown_query_is_a_mistake(row, candidate) -> None:
    rows = VideoQueries([row(BOX)])
    with pytest.raises(NotFoundError, match="expected a relevant row of that id"):
        list(verify([candidate(BAG, query_id="x")], rows=rows, checks=Checks()))


def test_limits_out_of_range_are_refused() -> None:
    with pytest.raises(UserError, match="expected a range"):
        Rules(min_query_words=9, max_query_words=3)
    with pytest.raises(UserError, match="expected a probability"):
        Checks(nli_threshold=1.5)
