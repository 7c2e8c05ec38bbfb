import pytest

from rarft.dataset_builder.shuffle_truth import content_words, maybe_true


@pytest.mark.parametrize(
    ("text", "true_text"),
    [
        ("person opens a door.", "a person is opening the door"),
        ("person sits on a sofa.", "someone sits on the couch"),
        ("a person takes the book.", "person is holding a book"),
        ("person laughs.", "a person laughs while eating"),
        ("the person takes it.", "person washes a window"),
        ("they put something down.", "person washes a window"),
    ],
)
def test_a_query_may_be_true_that_says_the_same_less_or_nothing(text: str, true_text: str) -> None:
    assert maybe_true(text, true_text)


@pytest.mark.parametrize(
    ("text", "true_text"),
    [
        ("person opens a door.", "person opens a box"),
        ("person eats a sandwich in the kitchen.", "person washes a window"),
        ("person sneezes.", "person laughs at a phone"),
    ],
)
def test_a_query_that_shares_half_its_words_or_fewer_is_taken_for_false(
    text: str, true_text: str
) -> None:
    assert not maybe_true(text, true_text)


def test_forms_of_a_word_are_one_word() -> None:
    assert content_words("boxes box juggling juggles runs running") == {"box", "juggl", "run"}
