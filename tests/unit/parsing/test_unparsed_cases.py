"""A table of replies that neither ground nor refuse, each with a reason."""

import pytest

from rarft.harness.parsing import parse_reply

UNPARSED = [
    ("empty", "", "empty"),
    ("spaces", " \n\t ", "empty"),
    ("only_special", "<|im_end|>\n<|endoftext|>", "empty"),
    ("only_eos", "</s>", "empty"),
    ("empty_answer", "<answer></answer>", "empty <answer>"),
    ("blank_answer", "<answer> \n </answer><correction>NIL</correction>", "empty <answer>"),
    ("think_only", "<think>3.0 to 9.0</think>", "no answer after <think>"),
    ("think_unclosed", "<think>The event is from 3.0 to 9.0, so", "no answer after <think>"),
    ("think_unopened_only", "The event is from 3.0 to 9.0</think>", "no answer after <think>"),
    ("answer_inside_think", "<think><answer>3 to 9</answer></think>", "no answer after <think>"),
    ("nul", "3.0 to 9.0\x00", "binary"),
    ("surrogate", "3.0 to \ud800 9.0", "binary"),
    ("control", "\x01\x02\x03\x04\x05\x06\x07\x08", "binary"),
    ("replacement", "\ufffd" * 40, "binary"),
    ("cannot_watch", "I cannot watch videos", "inability"),
    ("ai_model", "As an AI language model, I can't view the video.", "inability"),
    ("ai_process", "As a language model I am not able to process videos.", "inability"),
    ("cannot_access", "I'm sorry, but I cannot access the video.", "inability"),
    ("cannot_assist", "I'm sorry, but I can't assist with that.", "inability"),
    ("unable_to_watch", "I am unable to watch or analyze video content directly.", "inability"),
    ("unable_bare", "Unable to process the video.", "inability"),
    ("no_ability", "I do not have the ability to view videos.", "inability"),
    ("no_video", "No video was provided.", "inability"),
    ("please_provide", "Please provide the video so that I can help.", "inability"),
    ("inability_no_event", "I can't see the video, so I cannot find the event.", "inability"),
    ("inability_tagged", "<answer>I cannot watch videos, I am sorry.</answer>", "inability"),
    ("yes", "Yes", "no span"),
    ("answer_yes", "<answer>yes</answer>", "no span"),
    ("answer_number", "<answer>12</answer>", "no span"),
    ("answer_letter", "<answer>B</answer>", "no span"),
    ("garbage", "asdf qwer zxcv", "no span"),
    ("punctuation", "?!?!", "no span"),
    ("caption", "A man is cooking in the kitchen.", "no span"),
    ("count_range", "2-3 people sit on a bench.", "no span"),
    ("count_to", "He picks up 2 to 3 cups.", "no span"),
    ("years", "Filmed from 2010 to 2015.", "no span"),
    ("date", "Recorded on 2023-05-12.", "no span"),
    ("score", "They win 3-1.", "no span"),
    ("lasting", "He waits for 2 to 3 seconds.", "no span"),
    ("measure", "The plank is 2.5 to 3.5 meters long.", "no span"),
    ("percent_undeclared", "From 21% to 35%", "no span"),
    ("frames_undeclared", "frames 12 to 20", "no span"),
    ("one_time", "The event happens at 12.5 seconds.", "no span"),
    ("two_moments", "He looks up at 3.2 and 12.5 seconds.", "no span"),
    ("thousands", "1,234 to 2,345", "no span"),
    ("ambiguous_comma", "12,17", "no span"),
    ("infinite", "1e999 to 1e999", "no span"),
    ("words_inf", "inf to nan", "no span"),
    ("not_sure", "I am not sure.", "unsure"),
    ("do_not_know", "I don't know.", "unsure"),
    ("identifiers", "P01 to P02 in 1080p", "no span"),
    ("phone", "Call 555-1234.", "no span"),
    ("unknown_object", '{"foo": 3}', "no span"),
    ("box", "[10, 20, 30, 40]", "no span"),
]


@pytest.mark.parametrize(("text", "reason"), [pytest.param(t, r, id=i) for i, t, r in UNPARSED])
def test_a_reply_that_says_neither_is_unparsed_with_a_reason(text, reason):
    prediction = parse_reply(text)
    assert prediction.kind == "unparsed"
    assert prediction.reason.startswith(reason)
    assert prediction.spans == ()


@pytest.mark.parametrize(
    ("form", "text", "reason"),
    [
        ("percent", "From 21 to 35", "percent: the form needs duration_s"),
        ("frames", "frames 2 to 4", "frames: the form needs frame_times_s"),
        ("structured", "3.0 to 9.0", "structured: the reply is no JSON object"),
        ("structured", "[[3, 9]]", "structured: the reply is no JSON object"),
        ("structured", '{"foo": 1}', "structured: no spans and no relevance"),
        ("structured", '{"spans": [["a", "b"]]}', "structured: no spans and no relevance"),
    ],
)
def test_what_a_form_needs_is_named(form, text, reason):
    prediction = parse_reply(text, form=form)
    assert (prediction.kind, prediction.reason) == ("unparsed", reason)


def test_a_frame_outside_the_shown_ones_is_unparsed():
    prediction = parse_reply("frames 2 to 9", form="frames", frame_times_s=[0.0, 1.0])
    assert prediction.reason == "frames: frame 9 is outside 1 to 2"
