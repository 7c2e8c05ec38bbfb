import pytest

from rarft.harness.audit.refusals import ends_in_edits_and_query, refusal_checks

RELEVANT = "A woman pours the green tea."
ASKED = "A woman drinks the black tea first."


@pytest.fixture
def refused(asked):
    def make(id, refusal, **fields):
        fields = {"relevant_query": RELEVANT} | fields
        return asked(id, ASKED, False, refusal=refusal, **fields)

    return make


def test_a_refusal_that_ends_in_the_edited_words_and_the_query_is_found(refused):
    refusal = f"The tea is not black. It is poured. drinks, black, first {RELEVANT}"
    found = refusal_checks([refused("1", refusal)])
    assert found.ends_in_edits_and_query == ("1",)
    assert found.contains_relevant_query == ("1",)


def test_words_of_the_relevant_query_count_as_edited_too(refused):
    assert ends_in_edits_and_query(refused("1", f"No drinking. pours, green {RELEVANT}"))


def test_a_sentence_that_ends_in_the_query_is_no_list_of_edits(refused):
    query = refused("1", f"What is seen is that {RELEVANT}")
    assert not ends_in_edits_and_query(query)
    assert refusal_checks([query]).contains_relevant_query == ("1",)


def test_the_query_alone_is_no_list_of_edits(refused):
    assert not ends_in_edits_and_query(refused("1", RELEVANT))


def test_other_words_of_the_query_do_not_count_as_the_query(refused):
    found = refusal_checks([refused("1", "A woman pours something, but the tea is green.")])
    assert found.contains_relevant_query == found.ends_in_edits_and_query == ()


def test_a_relevant_query_of_two_words_is_not_searched_for(refused):
    found = refusal_checks([refused("1", "No, a man runs here.", relevant_query="man runs")])
    assert found.contains_relevant_query == ()


def test_a_refusal_without_a_relevant_query_is_read(refused):
    found = refusal_checks([refused("1", "The tea is green.", relevant_query=None)])
    assert found.n_refusals == 1
    assert found.contains_relevant_query == found.ends_in_edits_and_query == ()


@pytest.mark.parametrize(
    "refusal",
    [
        "The tea is green.</answer>",
        "```The tea is green.```",
        'Return JSON: {"answer": "no"}',
        "As an AI, I cannot see tea.",
        "Please rewrite the query. The tea is green.",
        "Answer only with the reason: the tea is green.",
        "Edited words: black, first. The tea is green.",
        "Following the given instructions, the tea is green.",
    ],
)
def test_instructions_to_a_model_are_found(refused, refusal):
    assert refusal_checks([refused("1", refusal)]).contains_instructions == ("1",)


@pytest.mark.parametrize(
    "refusal",
    [
        "The woman follows a recipe, but no tea is black.",
        "The person does not answer the phone, so nothing matches.",
        "The instructor writes on a board; nobody drinks.",
        "The query does not fit: the output of the machine is coffee.",
    ],
)
def test_words_about_the_video_are_no_instructions(refused, refusal):
    assert refusal_checks([refused("1", refusal)]).contains_instructions == ()


def test_a_refusal_that_is_missing_among_others_is_empty(refused):
    found = refusal_checks([refused("1", "The tea is green."), refused("2", " ")])
    assert (found.n_refusals, found.empty) == (1, ("2",))


def test_a_task_without_references_has_no_empty_ones(refused, asked):
    found = refusal_checks([refused("1", ""), asked("2")])
    assert (found.n_refusals, found.empty) == (0, ())
