import pytest

from rarft.dataset_builder.guessability.edits import (
    Change,
    added_places,
    apply_changes,
    edit_places,
    words_of_query,
)
from rarft.dataset_builder.guessability.lexicon import read_lexicon

LEXICON = read_lexicon()


def edited(text: str) -> dict[str, str]:
    """Return every text that one edit makes, with its category."""
    return {
        apply_changes(text, option.changes): option.category
        for place in edit_places(words_of_query(text), LEXICON)
        for option in place
    }


@pytest.mark.parametrize(
    ("text", "new", "category"),
    [
        ("person opens the door.", "person closes the door.", "Action/FineGrainedAction"),
        ("person opens the door.", "person opens the window.", "Object/ObjectExistence"),
        ("person sits on a bed.", "person sits behind a bed.", "Object/ObjectSpatialRelation"),
        ("person runs into the kitchen.", "person runs into the garage.", "Scene/SceneExistence"),
        (
            "person puts a cup on a shelf.",
            "person takes a cup from a shelf.",
            "Object/ObjectMoving",
        ),
        ("person holds a towel.", "person holds two towels.", "Attribute/Counting"),
        ("person holds a small bag.", "person holds a large bag.", "Attribute/AttributeValue"),
        (
            "person opens the closet door.",
            "person opens the refrigerator.",
            "Object/ObjectExistence",
        ),
    ],
)
def test_an_edit_changes_one_element(text: str, new: str, category: str) -> None:
    assert edited(text)[new] == category


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("person sits on the sofa.", "person sits on the couch."),
        ("person is eating a sandwich.", "person is eating some food."),
        ("person opens the refrigerator.", "person opens the refrigerator."),
        ("person begins eating.", "person starts eating."),
        ("person sits on the floor.", "person sits under the floor."),
        ("person sits on the stairs.", "person sits on the tables."),
        ("person holds this book.", "person holds this clothes."),
        ("person sits down.", "person stands down."),
    ],
)
def test_what_may_mean_the_same_or_is_no_english_is_not_offered(text: str, absent: str) -> None:
    assert absent not in edited(text)


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("a person eats an apple.", "banana", "a person eats a banana."),
        ("A person holds a book.", "umbrella", "A person holds an umbrella."),
        ("person drinks some water", "coffee", "person drinks some coffee"),
        ("person holds a book", "medicine", "person holds some medicine"),
    ],
)
def test_the_article_follows_the_noun(text: str, word: str, expected: str) -> None:
    assert expected in {new for new in edited(text) if word in new}


def test_punctuation_spacing_and_capitals_stay() -> None:
    assert apply_changes("Person,  sits!", [Change(0, 1, ("cat",))]) == "Cat,  sits!"


def test_the_tense_of_a_verb_stays() -> None:
    assert "person was closing the door" in edited("person was opening the door")


def test_the_first_part_of_a_compound_is_not_edited() -> None:
    assert not [new for new in edited("person turns on the light switch") if "lamp switch" in new]


def test_a_query_without_known_words_has_no_places_and_can_be_added_to() -> None:
    words = ["somebody", "juggles"]
    assert edit_places(words, LEXICON) == []
    added = [
        apply_changes("somebody juggles.", place[0].changes)
        for place in added_places(words, LEXICON)
    ]
    assert added == ["somebody juggles in the kitchen.", "somebody juggles with a book."]


def test_all_options_of_the_lexicon_can_be_applied() -> None:
    text = "a person takes a cup of tea from the table and walks through the small hallway."
    assert all(new != text and new.endswith(".") for new in edited(text))
