import random
from dataclasses import replace

import pytest

from rarft.dataset_builder.guessability import rank_candidates
from rarft.dataset_builder.guessability.blind_scores import Guess, auc_of, blind_scores
from rarft.dataset_builder.guessability.selection import picked_out
from rarft.dataset_builder.types import Candidate, Origin, Row
from rarft.harness.audit.guesses import leakage
from rarft.harness.errors import UserError
from rarft.harness.types import Query

NOUNS = ("door", "box", "bag", "book", "towel", "cup", "chair", "phone", "shelf", "broom")
VERBS = ("opens", "holds", "throws", "takes", "washes", "fixes")
ORIGIN = Origin(source="mine", split="test", licence="MIT", citation="", redistributable=True)


def said(generator: random.Random) -> str:
    return f"person {generator.choice(VERBS)} the {generator.choice(NOUNS)}"


def made(n: int, *, seed: int = 0) -> tuple[list[Row], list[list[Candidate]]]:
    """Make rows, and for each two candidates with a word of their own and two that read alike."""
    generator = random.Random(seed)
    rows, groups = [], []
    for at in range(n):
        query = Query(
            id=f"q{at}",
            task="t",
            video=f"{at // 2}.mp4",
            text=said(generator),
            relevant=True,
            record=f"q{at}",
        )
        rows.append(Row(query=query, origin=ORIGIN))
        texts = [f"{said(generator)} quietly" for _ in range(2)] + [
            said(generator) for _ in range(2)
        ]
        groups.append([candidate(query.id, number, text) for number, text in enumerate(texts)])
    return rows, groups


def candidate(query_id: str, attempt: int, text: str) -> Candidate:
    return Candidate(
        id=f"{query_id}-{attempt}",
        query_id=query_id,
        level="strong",
        categories=("Object/ObjectExistence",),
        attempt=attempt,
        text=text,
        refusal="No.",
    )


def test_what_tells_the_label_is_not_chosen_where_there_is_a_choice() -> None:
    rows, groups = made(120)
    selection = rank_candidates(groups, relevant=rows, seed=0, target=0.65)
    assert selection.before > 0.95
    assert leakage(selection.after) < 0.65
    assert selection.is_met
    assert selection.redraw == ()
    assert not [one for one in selection.chosen if one.text.endswith("quietly")]


def test_every_candidate_stays_in_its_group_and_the_choice_comes_first() -> None:
    rows, groups = made(40)
    groups[3] = []
    selection = rank_candidates(groups, relevant=rows, seed=0, target=0.65)
    assert [{one.id for one in of} for of in selection.ranked] == [
        {one.id for one in of} for of in groups
    ]
    assert selection.chosen == tuple(of[0] for of in selection.ranked if of)
    assert set(selection.p_relevant) == {one.id for one in selection.chosen}


def test_the_choice_does_not_depend_on_any_order() -> None:
    rows, groups = made(40)
    there = rank_candidates(groups, relevant=rows, seed=0, target=0.65)
    back = rank_candidates(
        [of[::-1] for of in groups[::-1]], relevant=rows[::-1], seed=0, target=0.65
    )
    assert back.ranked == there.ranked[::-1]
    assert back.after == there.after


def test_the_set_with_the_least_leakage_is_kept_and_never_one_worse_than_before() -> None:
    rows, groups = made(60, seed=4)
    alike = [of[2:] for of in groups]
    selection = rank_candidates(alike, relevant=rows, seed=0, target=0.65)
    told = [leakage(auc) for auc in (selection.before, *selection.rounds)]
    assert leakage(selection.after) == min(told)
    assert all(auc > 0.5 for auc in selection.rounds[:-1])


def test_where_nothing_helps_the_groups_that_are_picked_out_are_to_be_redrawn() -> None:
    rows, groups = made(60)
    selection = rank_candidates(
        [of[:1] for of in groups], relevant=rows, seed=0, target=0.65, n_rounds=0
    )
    assert not selection.is_met
    assert selection.rounds == ()
    assert len(selection.redraw) > 50
    assert selection.to_json()["n_to_redraw"] == len(selection.redraw)


def test_a_choice_on_videos_that_are_not_fitted_to_is_learned_from_the_others() -> None:
    rows, groups = made(120)
    apart = {row.query.video for row in rows[:40]}
    selection = rank_candidates(groups, relevant=rows, seed=0, target=0.65, unfitted_videos=apart)
    of_apart = [of[0] for of in selection.ranked[:40]]
    assert not [one for one in of_apart if one.text.endswith("quietly")]
    assert not {one.id for one in of_apart} & selection.p_relevant.keys()


def test_no_score_of_a_candidate_depends_on_the_texts_of_its_own_video() -> None:
    rows, groups = made(30)
    first = [of[0] for of in groups]
    changed = [replace(row, query=replace(row.query, text="an owl")) for row in rows[:2]]
    scores = blind_scores(groups, rows, seed=0)
    others = blind_scores(groups, [*changed, *rows[2:]], seed=0)
    ids = [one.id for of in groups[:2] for one in of]
    told, told_again = scores.log_odds(first, fold_seed=0), others.log_odds(first, fold_seed=0)
    assert [told[id_] for id_ in ids] == [told_again[id_] for id_ in ids]
    assert told != told_again


def test_with_one_class_or_one_video_there_is_nothing_to_measure() -> None:
    rows, groups = made(2)
    selection = rank_candidates(groups, relevant=rows, seed=0)
    assert selection.before is None
    assert selection.after is None
    assert not selection.is_met
    assert [one.attempt for one in selection.chosen] == [0, 0]
    assert rank_candidates([], relevant=rows, seed=0).ranked == ()


def test_a_candidate_about_no_relevant_query_is_refused() -> None:
    rows, groups = made(4)
    with pytest.raises(UserError, match="q3, which is not relevant"):
        rank_candidates(groups, relevant=rows[:3], seed=0)
    with pytest.raises(UserError, match="q0-0 twice"):
        rank_candidates([*groups, groups[0]], relevant=rows, seed=0)


@pytest.mark.parametrize("target", [0.5, 0.2, 1.1])
def test_a_target_that_is_no_leakage_is_refused(target: float) -> None:
    rows, groups = made(4)
    with pytest.raises(UserError, match="expected a leakage"):
        rank_candidates(groups, relevant=rows, seed=0, target=target)


def test_a_tie_counts_half() -> None:
    import numpy as np

    assert auc_of([True, False], np.array([0.5, 0.5])) == 0.5
    assert auc_of([True, True, False, False], np.array([0.9, 0.3, 0.4, 0.1])) == 0.75


@pytest.mark.parametrize(("auc", "expected"), [(0.8, (0,)), (0.2, (2,))])
def test_what_is_picked_out_lies_where_the_auc_says_irrelevant_queries_lie(
    auc: float, expected: tuple[int, ...]
) -> None:
    chosen = [candidate(f"q{at}", 0, "said") for at in range(3)] + [None]
    p_relevant = {"q0-0": 0.1, "q1-0": 0.5, "q2-0": 0.9}
    guess = Guess(auc=auc, p_relevant=p_relevant, of_relevant=(0.3, 0.4, 0.5, 0.6, 0.7))
    assert picked_out(chosen, guess) == expected


def test_a_query_that_was_not_guessed_about_is_not_redrawn() -> None:
    guess = Guess(auc=0.8, p_relevant={}, of_relevant=(0.3, 0.7))
    assert picked_out([candidate("q0", 0, "said")], guess) == ()
