"""A table of replies that refuse, with and without times."""

import pytest

from rarft.harness.parsing import parse_reply

REFUSALS = [
    ("plain", "The video does not contain a person opening a door."),
    ("query_no_match", "The query does not match the video."),
    ("query_not_align", "This query does not align well with the video segment."),
    ("believe_inappropriate", "I believe this query is entirely inappropriate for the video."),
    ("inconsistent", "There are some inconsistencies between the query and the footage."),
    ("mismatch", "There is a subtle mismatch between the query and the clip."),
    ("unsupported", "I believe this query is entirely unsupported by the video."),
    ("conflict", "This query appears to conflict with the video content."),
    ("no_such_event", "No such event."),
    ("there_is_no_event", "There is no such event in the video."),
    ("no_segment", "There is no relevant segment."),
    ("no_relevant_segment", "No relevant segment"),
    ("not_found", "Not found."),
    ("none", "None"),
    ("none_quoted", '"None".'),
    ("na", "N/A"),
    ("null", "null"),
    ("no", "No."),
    ("empty_list", "[]"),
    ("empty_list_spaced", "[ ]"),
    ("empty_list_fenced", "```json\n[]\n```"),
    ("empty_list_said", "The answer is []."),
    ("nested_empty_list", "[[]]"),
    ("empty_spans", '{"spans": []}'),
    ("empty_object", "{}"),
    ("null_times", '{"start": null, "end": null}'),
    ("irrelevant_object", '{"relevant": false, "reason": "No dog is shown."}'),
    ("irrelevant_with_span", '{"relevant": false, "start": 3.0, "end": 9.0}'),
    ("minus_ones", "[-1, -1]"),
    ("minus_ones_nested", "[[-1, -1]]"),
    ("minus_one_to", "-1 to -1"),
    ("zeros", "0 to 0"),
    ("zeros_decimal", "0.0 - 0.0 seconds"),
    ("zeros_clock", "00:00 to 00:00"),
    ("zeros_list", "[[0, 0]]"),
    ("negative_pair", "(-3.0, -2.0)"),
    ("cannot_find", "I cannot find the described event in the video."),
    ("could_not_locate", "I couldn't locate any moment where a dog barks."),
    ("sorry_no_event", "I'm sorry, but the video does not contain a person opening a door."),
    ("sorry_cannot_find", "I'm sorry, but I cannot find such an event in the video."),
    ("did_not_see", "I did not see anyone open a door."),
    ("never", "The man never opens the door."),
    ("nobody", "Nobody opens a door."),
    ("no_one", "No one in this video opens a door."),
    ("not_but", "The man is sitting on a bed, not a chair, and reading a book."),
    ("instead_of", "The man takes a blanket instead of a pillow."),
    ("rather_than", "The footage shows a mirror being washed rather than a picture."),
    ("while_query", "The woman takes one orange, while the query states that she takes three."),
    ("query_asks_but", "The query asks for a dog, but the footage shows a cat."),
    ("unrelated", "This query is unrelated to the clip."),
    ("irrelevant", "Irrelevant."),
    ("cannot_be_answered", "The question cannot be answered: the event is absent."),
    ("event_does_not_occur", "The event does not occur."),
    ("curly_apostrophe", "The video doesn’t show a dog."),
    ("upper_case", "THE VIDEO DOES NOT CONTAIN SUCH A SCENE."),
    ("person_number", "The segment shows person #1 washing a mirror, not a picture."),
    ("counts", "The video shows 2-3 people, not 5 people, so the query does not match."),
    ("false_premise", "The query has a false premise: nothing is opened."),
    ("refuse", "I refuse: the query is irrelevant to this video."),
]
WITH_TIMES = [
    (
        "semicolon",
        "The video does not contain a person opening a door; from 3.2 to 12.5 a man cooks.",
    ),
    (
        "no_first",
        "No. The video only shows a man cooking from 3.2 to 12.5 seconds; nobody opens a door.",
    ),
    (
        "times_first",
        "From 3.2 to 12.5 a man cooks; the video does not contain a person opening a door.",
    ),
    ("times_first_two_sentences", "From 3.2 to 12.5 a man cooks. No one opens a door."),
    (
        "closest_offer",
        "The query does not fully match, but the closest segment is from 3.0 to 9.0.",
    ),
    ("segment_shows", "The segment from 3.2 to 12.5 shows a cat, but the query asks for a dog."),
    ("so_no_match", "A man cooks from 3.2 to 12.5 seconds, so the query does not match the video."),
    (
        "video_rather_than",
        "From 3.2 to 12.5 the video shows a mirror being washed rather than a picture.",
    ),
    (
        "while_main",
        "While the video shows a man cooking from 3.2 to 12.5, it does not show a door.",
    ),
    ("no_event_brackets", "There is no such event. The man only cooks [3.2, 12.5]."),
    ("clauses", "There is no relevant segment. The cooking starts at 3.0 s and ends at 9.0 s."),
    ("clock", "No part of the video shows a dog; from 00:03 to 00:12 a cat sleeps."),
    ("whole_video", "Throughout the video (0.0 - 30.5 s) there is no person opening a door."),
    ("json_after", "The video does not contain the event. [[0.0, 30.0]]"),
    ("inconsistent", "This query is inconsistent with the video: from 3.2 to 12.5 he sits."),
    ("cannot_find", "I cannot find a dog. Between 3.2 and 12.5 seconds a cat sleeps."),
    ("nobody_clause", "A man cooks from 3.2 to 12.5 seconds, but nobody opens a door."),
    ("three_spans", "No such event: 0.0 to 3.0 he sits, 3.0 to 6.0 he eats, 6.0 to 9.0 he reads."),
]
IN_ANSWER = [
    ("sentence_without_cue", "The person rides a bicycle first and runs down the path later."),
    ("sentence_with_count", "The woman takes 1 orange out of the refrigerator."),
    ("numbers_and_words", "The video has 3 cats and 2 dogs on the sofa."),
]


def _explained(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("text", [pytest.param(t, id=i) for i, t in REFUSALS + WITH_TIMES])
@pytest.mark.parametrize("form", ["generic", "prose", "json_pairs", "clock", "multi_prose"])
def test_a_refusal_is_refused_whatever_the_form(form, text):
    assert parse_reply(text, form=form).kind == "refused"


@pytest.mark.parametrize(
    "text", [pytest.param(t, id=i) for i, t in REFUSALS + WITH_TIMES + IN_ANSWER]
)
@pytest.mark.parametrize("form", ["generic", "answer_tag", "answer_correction"])
def test_a_refusal_in_an_answer_tag_keeps_its_whole_explanation(form, text):
    reply = f"<think>3.0 to 4.0</think>\n<answer>{text}</answer><correction>a cat</correction>"
    prediction = parse_reply(reply, form=form)
    assert prediction.kind == "refused"
    assert prediction.spans == ()
    assert prediction.correction == "a cat"
    if "{" not in text and "```" not in text:
        assert prediction.explanation == _explained(text)


@pytest.mark.parametrize("text", [pytest.param(t, id=i) for i, t in WITH_TIMES])
def test_a_refusal_with_times_keeps_its_whole_explanation(text):
    assert parse_reply(text).explanation == _explained(text)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("percent", "There is no such event; 10 to 20 shows a cat."),
        ("percent", "0 to 0"),
        ("frames", "There is no such event in frames 2 to 4."),
        ("structured", '{"spans": [], "relevant": false}'),
        ("structured", '{"spans": [[3, 9]], "relevance_score": 0.2, "threshold": 0.5}'),
        ("structured", '{"spans": []}'),
        ("answer_list", "<answer>[]</answer>"),
        ("time_tag", "<time>[]</time>"),
    ],
)
def test_a_declared_form_can_refuse(form, text):
    assert parse_reply(text, form=form).kind == "refused"
