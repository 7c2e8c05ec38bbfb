"""Flags, format_ok, explanation and correction of parsed replies."""

import pytest

from rarft.harness import parsing
from rarft.harness.parsing import FORMS, parse_reply, parse_structured
from rarft.harness.types import Reply, Span

FULL = "<think>a</think>\n<answer>{}</answer>\n<correction>{}</correction>"


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("<answer>3.0 to 9.0</answer>", ()),
        ("<answer>9.0 to 3.0</answer>", ("reversed",)),
        ("<answer>5.0 to 5.0</answer>", ("zero_length",)),
        ("<answer>3.0 to 31.5</answer>", ("beyond_end",)),
        ("<answer>3.0 to 30.0</answer>", ()),
        ("<answer>3.0 to 5.0, 7.0 to 9.0</answer>", ("several_spans",)),
        ("3.0 to 5.0 and 3.0 to 5.0", ()),
        ("<answer>3.0 to 9.0", ("unclosed_tag",)),
        ("3.0 to 9.0</answer>", ("unclosed_tag",)),
        ("<answer>3.0 to 9.0</answer><correction>NIL", ("unclosed_tag",)),
        ("<think>a <answer>3.0 to 9.0</answer>", ("unclosed_tag",)),
        ("<think>3.0 to 9.0", ("unclosed_tag",)),
        ("[-0.5, 9.0]", ("before_start",)),
        ("<answer>40.0 to 9.0", ("reversed", "beyond_end", "unclosed_tag")),
    ],
)
def test_what_is_unusual_is_flagged(text, flags):
    assert parse_reply(text, duration_s=30.0).flags == flags


def test_spans_beyond_the_end_are_kept_as_they_are():
    assert parse_reply("<answer>3.0 to 99.0</answer>", duration_s=30.0).spans == (Span(3.0, 99.0),)


def test_without_a_duration_nothing_is_beyond_the_end():
    assert parse_reply("<answer>3.0 to 99.0</answer>").flags == ()


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("answer_correction", FULL.format("3.0 to 9.0", "NIL")),
        ("answer_correction", FULL.format("No dog is shown here.", "a cat") + "<|im_end|>"),
        ("answer_correction", "<think></think><answer>3 to 9</answer><correct></correct>\n"),
        (
            "answer_correction",
            FULL.format("3 to 9", "NIL").replace("a<", "<timestep>1</timestep><"),
        ),
        ("answer_tag", "<answer>12.54 to 17.83</answer>"),
        ("answer_tag", "<think>a</think><answer>12.54 to 17.83</answer></s>"),
        ("answer_list", "<answer>[(12.5, 17.8), (30, 40)]</answer>"),
        ("answer_list", "<glue>[(12.5, 17.8)]</glue>"),
        ("time_tag", "<think>a</think> <time>[5.2, 10.4]</time>"),
        ("json_pairs", "[[3.0, 9.5]]"),
        ("json_pairs", "```json\n[[3.0, 9.5]]\n```"),
        ("json_pairs", "[]"),
        ("prose", "The event happens in 24.3 - 30.4 seconds."),
        ("clauses", "It starts at 3.0 s and ends at 9 s."),
        ("clock", "00:18 to 00:23"),
        ("percent", "From 21 to 35."),
        ("time_tokens", "<TIME_ONE> - <TIME_TWO> seconds"),
        ("multi_prose", "From 1.0 seconds to 2.0 seconds, from 3.0 seconds to 4.0 seconds."),
        ("frames", "frames 1 to 2"),
        ("structured", '{"spans": [[3, 9]], "relevant": true}'),
        ("free_text", "There is no such event."),
        ("generic", "<answer>12.54 to 17.83</answer>"),
        ("generic", FULL.format("3.0 to 9.0", "NIL")),
    ],
)
def test_the_exact_shape_of_a_form_is_format_ok(form, text):
    assert parse_reply(text, form=form, duration_s=60.0, frame_times_s=[0.0, 1.0]).format_ok


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("answer_correction", "<answer>3.0 to 9.0</answer>"),
        ("answer_correction", "<think>a</think><answer>3.0 to 9.0</answer>"),
        ("answer_correction", "Sure. " + FULL.format("3.0 to 9.0", "NIL")),
        ("answer_correction", FULL.format("3.0 to 9.0", "NIL") + " Done."),
        ("answer_correction", FULL.format("3.0 to 9.0", "NIL").replace("answer", "Answer")),
        ("answer_correction", FULL.format("3.0 to 9.0", "NIL").replace("</think>", "")),
        ("answer_correction", FULL.format("<answer>3 to 9</answer>", "NIL")),
        ("answer_correction", "<correct>NIL</correct><think>a</think><answer>3 to 9</answer>"),
        ("answer_tag", "3.0 to 9.0"),
        ("answer_tag", "<answer></answer>"),
        ("answer_list", "<answer>3.0 to 9.0</answer>"),
        ("time_tag", "<time>5.2 to 10.4</time>"),
        ("json_pairs", "Here: [[3.0, 9.5]]"),
        ("json_pairs", "from 3.0 to 9.5"),
        ("prose", "There is no such event."),
        ("prose", "The event of 2024 happens in 3.0 - 9.0 seconds."),
        ("generic", "3.0 to 9.0"),
        ("free_text", ""),
    ],
)
def test_another_shape_is_not_format_ok(form, text):
    assert not parse_reply(text, form=form).format_ok


@pytest.mark.parametrize("nil", ["NIL", "nil", "None", "", "  ", "N/A", "null", "-", "NIL."])
def test_a_nil_correction_is_none(nil):
    assert parse_reply(FULL.format("3.0 to 9.0", nil)).correction is None


@pytest.mark.parametrize("name", ["correct", "correction", "CORRECT", "Correction"])
def test_a_correction_is_read_from_either_tag(name):
    reply = f"<answer>No dog is shown.</answer><{name}> a cat\n sits </{name}><|im_end|>"
    assert parse_reply(reply).correction == "a cat sits"


def test_a_correction_is_no_part_of_a_refusal_without_tags():
    prediction = parse_reply("No dog is shown.<correction>from 3 to 9 s a cat sits</correction>")
    assert (prediction.kind, prediction.explanation) == ("refused", "No dog is shown.")


def test_an_explanation_has_no_tags_and_no_special_tokens():
    reply = "<answer>No <b>dog</b>\n  is shown<|im_end|>"
    assert parse_reply(reply).explanation == "No dog is shown"


def test_an_unknown_form_names_the_forms():
    with pytest.raises(ValueError, match="expected one of generic, answer_tag"):
        parse_reply("3 to 5", form="xml")


def test_there_are_fourteen_forms_and_generic():
    assert len(FORMS) == len(set(FORMS)) == 15


def test_the_public_names_are_sorted_and_importable():
    assert parsing.__all__ == sorted(parsing.__all__)
    assert all(hasattr(parsing, name) for name in parsing.__all__)


@pytest.mark.parametrize(
    ("reply", "kind", "spans"),
    [
        (Reply(relevant=True, spans=(Span(3.0, 9.0),)), "grounded", (Span(3.0, 9.0),)),
        (Reply(relevant=True), "grounded", ()),
        (Reply(relevant=False), "refused", ()),
        (Reply(relevant=False, spans=(Span(3.0, 9.0),)), "refused", ()),
        (Reply(), "unparsed", ()),
        (Reply(failure="out of memory", relevant=True), "unparsed", ()),
    ],
)
def test_a_structured_reply_says_what_it_sets(reply, kind, spans):
    prediction = parse_structured(reply)
    assert (prediction.kind, prediction.spans) == (kind, spans)
    assert prediction.format_ok == (kind != "unparsed")
