"""Which words of a reply are judged: by the paper's definition, and as the authors' code has it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.judges.judged_text import judged_text, reference_text, relevance_text
from rarft.harness.parsing import parse_reply, reference_refusal
from rarft.harness.types import Prediction, Query

REFUSED = Prediction(kind="refused")
FULL = (
    "<think>A cat runs.</think>\n<answer>The animal is a cat.</answer>\n"
    "<correction>a cat runs</correction>"
)


def read(reply: str, text: str = "answer") -> str:
    return judged_text(reply, parse_reply(reply), text=text)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (FULL, "The animal is a cat."),
        ("<answer>one</answer> then <answer>two</answer>", "two"),
        ("<answer>one</answer><answer></answer>", "one"),
        ("<think>no</think><answer></answer>", ""),
        ("<think>Hm.</think>There is no\n dog.<correct>a cat</correct>", "There is no dog."),
        ("There is no dog.<|im_end|>\n<|endoftext|>", "There is no dog."),
        ("<ANSWER >The <b>dog</b> is\nabsent.", "The dog is absent."),
        ("<think>The query shows a dog", ""),
        ('{"relevant": false, "explanation": "The animal is a cat."}', "The animal is a cat."),
        ("", ""),
    ],
)
def test_the_answer_is_the_last_answer_block_or_the_reply_without_thinking_and_correction(
    reply, expected
):
    assert read(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (FULL, "A cat runs. \n The animal is a cat."),
        ("<think>A cat.</think><answer>No.\nNIL\nNever.</answer>", "A cat.  No.\nNever."),
        ("<answer>No.</answer><correction>\nNIL\n</correction>", "No."),
        ("<answer>No.</answer>\nNIL\n", "No."),
        ("<answer>No.</answer><correct>a cat</correct> End.", "No.  End."),
        ("<answer>No.</answer><correction>a cat", "No.  a cat"),
        ("NIL", ""),
        ("", ""),
    ],
)
def test_the_official_text_keeps_thinking_and_drops_closed_corrections_and_markers(reply, expected):
    assert read(reply, "official") == expected


def test_a_word_that_begins_with_nil_is_kept():
    assert read("NILS\nsits", "official") == "NILS\nsits"


@pytest.mark.parametrize("text", ["answer", "official"])
def test_what_no_server_takes_is_replaced(text):
    found = read("<answer>no \ud800 dog\x00</answer>", text)
    assert found.encode("utf-8")
    assert "\x00" not in found


@pytest.mark.parametrize("text", ["answer", "official"])
def test_of_a_long_text_the_two_ends_are_judged(text):
    found = read("<answer>Start " + "again " * 100_000 + "end.</answer>", text)
    assert found.startswith("Start")
    assert found.endswith("end.")
    assert len(found) <= 20_001


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (FULL, "The animal is a cat."),
        ("<think>1 to 2</think>From 3 to 4 s.", "From 3 to 4 s."),
        ("<answer>No.\nNIL\nNever.</answer>", "No.\nNever."),
        ("No dog.<correction>a cat</correction>", "No dog.<correction>a cat</correction>"),
        ("<think>1 to 2", ""),
    ],
)
def test_relevance_is_read_in_the_answer_without_thinking(reply, expected):
    assert relevance_text(reply) == expected


def test_the_reference_is_the_refusal_for_both_texts():
    query = Query(
        id="0", task="t", video="v", text="q", relevant=False, record="0", refusal=" No dog. "
    )
    assert reference_text(query, text="answer") == reference_text(query, text="official")
    assert reference_text(query, text="answer") == "No dog."


PIECES = st.sampled_from(
    [
        *("<answer>", "</answer>", "<correction>", "</correction>", "<correct>", "<time>"),
        *("The video shows a cat. ", "no dog", "3.0 to 9.0", "\nNIL\n", "[[", "{", "<|im_end|>"),
        *("\x00", "\ud800", "```json", "<", ">", " "),
    ]
)
VISIBLE = st.lists(PIECES, max_size=12).map("".join)


@given(before=VISIBLE, after=VISIBLE, closed=st.booleans())
def test_no_answer_holds_what_stands_in_a_think_block(before, after, closed):
    reply = f"{before}<think>SECRET{'</think>' if closed else ''}{after}"
    assert "SECRET" not in read(reply)
    assert "SECRET" not in relevance_text(reply)


@given(st.one_of(st.text(max_size=200), VISIBLE))
def test_any_text_is_read_and_can_be_sent(reply):
    prediction = parse_reply(reply)
    for text in ("answer", "official"):
        judged_text(reply, prediction, text=text).encode("utf-8")
    relevance_text(reply).encode("utf-8")


@pytest.mark.parametrize("name", ["hi_vtg_charades.json", "human_anno.json"])
def test_every_real_reference_answer_is_judged_as_its_refusal(annotations_dir: Path, name: str):
    path = annotations_dir / name
    if not path.is_file():
        pytest.skip(f"{name} is not in RARFT_ANNOTATIONS")
    answers = [
        query["a"]
        for record in json.loads(path.read_text(encoding="utf-8"))
        for query in record["GRPO"]
        if not query["r"]
    ]
    for answer in answers:
        for reply in (answer, f"<think>It is SECRET.</think>{answer}", f"{answer}<|im_end|>"):
            assert read(reply) == reference_refusal(answer)
            assert "SECRET" not in relevance_text(reply)
        assert " ".join(read(answer, "official").split()) == reference_refusal(answer)
