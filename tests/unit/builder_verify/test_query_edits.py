"""What tells a paraphrase from a rewrite: the words that differ, and how they are arranged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.dataset_builder.verify.edits import edits_between, is_entailed
from rarft.dataset_builder.verify.lexicon import base_form, lexicon
from rarft.dataset_builder.verify.tokens import tokens_of


@pytest.mark.parametrize(
    ("original", "paraphrase"),
    [
        ("A man puts his phone on the sofa.", "A man is placing his cellphone on the couch."),
        ("A woman shuts the fridge.", "The refrigerator is closed by a woman."),
        ("He takes his shoes off.", "He takes off his shoes."),
        ("She opens a box, then sits.", "After opening a box, she sits."),
        ("She opens a box before she sits.", "She opens a box and then sits."),
        ("A man eats while he walks.", "While a man walks, he eats."),
        ("In the kitchen, a man drinks tea.", "A man drinks tea in the kitchen."),
        ("A dog is under the table.", "A dog is beneath the table."),
        ("A man enters the room.", "A man walks into the room."),
        ("A boy holds a puppy.", "A boy holds an animal."),
        ("Two boys hold a red ball.", "Two boys hold a ball."),
        ("A man holds a cup and drinks from it.", "A man holds a cup and drinks from the cup."),
        ("The cat sits left of the dog.", "The dog sits right of the cat."),
        ("A frobnicator is zorbing.", "A frobnicator zorbs."),
    ],
)
def test_other_words_for_the_same_are_no_edit(original, paraphrase) -> None:
    assert is_entailed(original, paraphrase)


@pytest.mark.parametrize(
    ("original", "rewrite", "shown", "claimed", "category"),
    [
        ("A man opens a box.", "A man opens a bag.", "box", "bag", "Object/ObjectExistence"),
        ("A man opens a box.", "A man shuts a box.", "open", "shut", "Action/FineGrainedAction"),
        ("A red car stops.", "A blue car stops.", "red", "blue", "Attribute/AttributeValue"),
        ("One man sings.", "Two men sing.", "one", "two", "Attribute/Counting"),
        ("A cat is on a bed.", "A cat is under a bed.", "on", "under",
         "Object/ObjectSpatialRelation"),
        ("A ball rolls left.", "A ball rolls right.", "left", "right", "Object/ObjectMoving"),
        ("A man eats in a kitchen.", "A man eats in a garden.", "kitchen", "garden",
         "Scene/SceneExistence"),
        ("She sits and then eats.", "She eats and then sits.", "sit", "eat",
         "Action/ActionSequence"),
        ("A car faster than a bus passes.", "A car slower than a bus passes.", "faster than",
         "slower than", "Attribute/Comparison"),
        ("The shot goes from a beach to a city.", "The shot goes from a city to a beach.", "from",
         "to", "Scene/SceneTransition"),
        ("A dog without a collar runs.", "A dog without a tail runs.", "collar", "tail",
         "Object/ObjectPartRelation"),
        ("A man zorbs a wug.", "A man zorbs a blicket.", "wug", "blicket",
         "Object/ObjectExistence"),
    ],
)  # fmt: skip
def test_a_changed_element_is_one_edit_of_its_category(
    original, rewrite, shown, claimed, category
) -> None:
    certain = [e for e in edits_between(original, rewrite) if e.weight == "certain"]
    assert [(edit.shown, edit.claimed) for edit in certain] == [(shown, claimed)]
    assert category in certain[0].categories


@pytest.mark.parametrize(
    ("original", "rewrite"),
    [
        ("A dog chases a cat.", "A cat chases a dog."),
        ("A red star is above a blue circle.", "A blue star is above a red circle."),
        ("A man on the right waves at a woman on the left.",
         "A man on the left waves at a woman on the right."),
        ("A man does not open the box.", "A man opens the box."),
        ("A man stops running.", "A man runs."),
        ("A boy holds an animal.", "A boy holds a puppy."),
        ("A man opens it.", "A man opens a box."),
    ],
)  # fmt: skip
def test_the_same_words_in_another_arrangement_can_say_something_else(original, rewrite) -> None:
    assert not is_entailed(original, rewrite)


def test_what_goes_with_a_new_verb_is_no_edit_of_its_own() -> None:
    edits = edits_between("A man puts a book on a desk.", "A man takes a book from a desk.")
    assert [(e.shown, e.claimed, e.weight) for e in edits] == [
        ("put", "take", "certain"),
        ("on", "from", "optional"),
    ]


def test_a_text_entails_itself_in_any_case() -> None:
    text = "A man in a blue shirt walks past two dogs and then, after waving, sits."
    assert edits_between(text, text.upper()) == ()


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_compared(first, second) -> None:
    for edit in edits_between(first, second):
        assert edit.weight in ("certain", "optional", "weak")


@given(st.lists(st.sampled_from(sorted(lexicon().senses)), min_size=1, max_size=8))
def test_words_of_the_lists_entail_themselves(words) -> None:
    text = " ".join(words)
    assert is_entailed(text, text)


@pytest.mark.parametrize(
    ("word", "base"),
    [("stopping", "stop"), ("carries", "carry"), ("women", "woman"), ("boxes", "box"),
     ("glass", "glass"), ("hoped", "hop"), ("zorbed", "zorb")],
)  # fmt: skip
def test_inflected_words_have_a_base_form(word, base) -> None:
    assert base_form(word) == base


def test_a_word_has_the_kind_that_its_neighbours_give_it() -> None:
    kinds = {token.base: token.kind for token in tokens_of("A man closes the open window.")}
    assert kinds == {"man": "agent", "close": "verb", "open": "state", "window": "noun"}
