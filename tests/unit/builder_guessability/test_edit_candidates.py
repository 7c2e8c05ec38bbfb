from collections import Counter

import pytest

from rarft.dataset_builder.guessability.candidates import edit_candidates
from rarft.dataset_builder.guessability.company import company_of
from rarft.harness.audit.words import same_words_key
from rarft.harness.taxonomy import CATEGORIES, HARD_LEVELS
from rarft.harness.types import Query

TEXTS = (
    "a person takes a book from the table.",
    "person opens the door of the kitchen.",
    "person is sitting on a bed with a blanket.",
    "person they begin drinking a glass of water.",
    "person wiggles.",
    "a person throws the small towel into a box.",
)


def queries() -> list[Query]:
    return [
        Query(id=f"q{i}", task="t", video=f"{i // 2}.mp4", text=text, relevant=True, record=f"q{i}")
        for i, text in enumerate(TEXTS)
    ]


@pytest.mark.parametrize("draw", ["flat", "matched"])
def test_every_query_gets_as_many_different_candidates_as_asked_for(draw) -> None:
    groups = edit_candidates(queries(), seed=0, n_candidates=8, draw=draw)
    assert [len(group) for group in groups] == [8] * len(TEXTS)
    for query, group in zip(queries(), groups, strict=True):
        keys = {same_words_key(one.text) for one in group}
        assert len(keys) == 8
        assert same_words_key(query.text) not in keys
        assert [one.attempt for one in group] == list(range(8))
        assert {one.query_id for one in group} == {query.id}


def test_a_candidate_never_repeats_another_true_query_of_its_video() -> None:
    both = [
        Query(
            id=word,
            task="t",
            video="v.mp4",
            text=f"person {word} the door.",
            relevant=True,
            record="",
        )
        for word in ("opens", "closes")
    ]
    texts = [one.text for group in edit_candidates(both, seed=3, n_candidates=30) for one in group]
    assert texts
    assert not {"person opens the door.", "person closes the door."} & set(texts)


def test_the_candidates_do_not_depend_on_the_order_of_the_queries() -> None:
    asked = queries()
    there = {one[0].query_id: one for one in edit_candidates(asked, seed=1)}
    back = {one[0].query_id: one for one in edit_candidates(asked[::-1], seed=1)}
    assert there == back
    assert there != {one[0].query_id: one for one in edit_candidates(asked, seed=2)}


def test_levels_take_turns_and_say_how_many_elements_are_edited() -> None:
    groups = edit_candidates(queries(), seed=0)
    levels = Counter(group[0].level for group in groups)
    assert set(levels) <= set(HARD_LEVELS)
    for one in (one for group in groups for one in group):
        assert len(one.reasons) == HARD_LEVELS.index(one.level) + 1
        assert set(one.categories) <= set(CATEGORIES)
        assert one.refusal


def test_a_query_without_words_to_edit_is_added_to() -> None:
    group = edit_candidates(queries(), seed=0)[4]
    assert all(one.text.startswith("person wiggles ") for one in group)


def test_matched_draws_use_words_in_the_company_they_keep() -> None:
    held = [["opens", "door"]] * 9 + [["opens", "box"]] + [["eats", "apple"]] * 10
    company = company_of(held)
    assert company.weight("door", ["opens"]) == pytest.approx(0.9, abs=1e-3)
    assert company.weight("apple", ["opens"]) == pytest.approx(0, abs=1e-3)
    assert company.weight("apple", ["never"]) == pytest.approx(0.5, abs=1e-3)
