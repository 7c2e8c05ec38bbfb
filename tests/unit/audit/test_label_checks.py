from rarft.harness.audit.labels import borrowed_negatives, contradictions, duplicates
from rarft.harness.audit.words import contains_words, same_words_key, words_of
from rarft.harness.types import Span


def test_the_same_text_label_and_video_is_an_exact_duplicate(asked):
    queries = [asked("1"), asked("2"), asked("3"), asked("4", video="b.mp4")]
    found = duplicates(queries)
    assert found.exact == (("1", "2", "3"),)
    assert (found.n_exact, found.n_near) == (2, 0)


def test_case_punctuation_and_articles_make_a_near_duplicate_only(asked):
    queries = [asked("1", "A man opens the door."), asked("2", "man opens a  Door"), asked("3")]
    found = duplicates(queries)
    assert found.exact == ()
    assert found.near == (("1", "2"),)


def test_a_near_duplicate_is_counted_once_for_each_text(asked):
    queries = [asked("1", "a man"), asked("2", "a man"), asked("3", "the man")]
    found = duplicates(queries)
    assert found.exact == (("1", "2"),)
    assert found.near == (("1", "3"),)


def test_another_label_clip_or_video_is_no_duplicate(asked):
    queries = [
        asked("1"),
        asked("2", relevant=False),
        asked("3", clip=Span(0.0, 5.0)),
        asked("4", video="b.mp4"),
    ]
    assert duplicates(queries).exact == ()


def test_the_same_words_with_both_labels_contradict(asked):
    queries = [asked("1", "A man runs."), asked("2", "man runs", relevant=False), asked("3")]
    assert contradictions(queries) == (("1", "2", "3"),)


def test_another_clip_of_the_video_does_not_contradict(asked):
    queries = [asked("1", clip=Span(0.0, 5.0)), asked("2", relevant=False, clip=Span(5.0, 9.0))]
    assert contradictions(queries) == ()


def test_a_negative_is_borrowed_from_another_video_only(asked):
    queries = [
        asked("1", "A man runs.", video="a.mp4"),
        asked("2", "the man runs", relevant=False, video="b.mp4"),
        asked("3", "a man runs", relevant=False, video="a.mp4"),
        asked("4", "a dog", relevant=False, video="c.mp4"),
    ]
    found = borrowed_negatives(queries)
    assert found.ids == ("2",)
    assert found.share == 1 / 3
    assert (found.n_texts, found.n_balanced_texts) == (2, 0)


def test_a_task_without_irrelevant_queries_borrows_nothing(asked):
    assert borrowed_negatives([asked("1")]).share == 0.0


def test_each_text_of_swapped_pairs_is_balanced(swapped):
    found = borrowed_negatives(swapped)
    assert found.share == 1.0
    assert found.n_texts == found.n_balanced_texts == 30


def test_texts_without_words_are_not_all_the_same():
    assert same_words_key("?") != same_words_key("!")
    assert same_words_key("the") == "the"
    assert same_words_key("") == ""


def test_words_of_any_script_are_compared():
    assert words_of("Straße, ＡＢ 走る") == ("strasse", "ab", "走る")


def test_no_words_are_contained_in_nothing():
    assert not contains_words(("a",), ())
    assert not contains_words((), ("a",))
    assert not contains_words(("the", "manual"), ("man",))
