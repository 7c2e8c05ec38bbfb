"""Texts, names and JSON of strangers, one function at a time."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.leaderboard.entries import EntryRefused, RefusalReason, limits, visible_text
from rarft.leaderboard.entries.names import is_slug, is_task, slug_of
from rarft.leaderboard.entries.refusal import shown
from rarft.leaderboard.entries.safe_json import read_json
from rarft.leaderboard.entries.safe_text import check_text
from rarft.leaderboard.entries.thrift_compact import ThriftError, ThriftReader

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_json_within_the_limits_is_read_as_python_reads_it(value):
    text = json.dumps(value)
    assert read_json(text, place="f", max_depth=100) == json.loads(text)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content):
    with suppress(EntryRefused):
        read_json(content, place="f")


@pytest.mark.parametrize(("depth", "is_refused"), [(16, False), (17, True)])
def test_depth_is_counted_in_brackets_outside_texts(depth, is_refused):
    text = '["[[[[{{{{\\"[[[[[[[[[[[[[[[[[",' + "[" * (depth - 1) + "]" * depth
    if is_refused:
        with pytest.raises(EntryRefused) as caught:
            read_json(text, place="f")
        assert caught.value.reason == "too_deep"
    else:
        assert read_json(text, place="f")


def test_depth_is_found_without_recursion():
    n = 20 * sys.getrecursionlimit()
    with pytest.raises(EntryRefused) as caught:
        read_json("[" * n, place="f", max_depth=10 * n)
    assert caught.value.reason == "malformed_json"


def test_a_text_without_an_end_is_read_once():
    text = '["' + '\\"' * 1_000_000
    with pytest.raises(EntryRefused) as caught:
        read_json(text, place="f")
    assert caught.value.reason == "malformed_json"


@pytest.mark.parametrize("text", ["1e999", "-1e999", "NaN", "Infinity", "9" * 400, "1" + "0" * 18])
def test_numbers_that_are_not_finite_or_fit_no_count_are_refused(text):
    with pytest.raises(EntryRefused) as caught:
        read_json(f'{{"a": [{text}]}}', place="f")
    assert caught.value.reason == "not_finite"


def test_a_key_that_comes_twice_among_very_many_is_found_at_once():
    keys = ",".join(f'"{n}":0' for n in range(200_000))
    with pytest.raises(EntryRefused, match="'7'") as caught:
        read_json(f'{{{keys},"7":1}}', place="f")
    assert caught.value.reason == "duplicate_key"


def test_a_long_key_is_refused():
    with pytest.raises(EntryRefused) as caught:
        read_json(json.dumps({"a" * (limits.MAX_KEY + 1): 1}), place="f")
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize(
    "character",
    ["\x00", "\x1b", "\x7f", "\x85", "\u200b", "\u200f", "\u202e", "\u2066", "\u2028", "\ufeff"],
)
def test_characters_that_are_not_seen_or_turn_text_are_refused_and_written_out(character):
    with pytest.raises(EntryRefused) as caught:
        check_text(f"a{character}b", place="f", max_chars=9, is_line=False)
    assert caught.value.reason == "bad_text"
    assert visible_text(f"a{character}b") == f"a⟨U+{ord(character):04X}⟩b"


@pytest.mark.parametrize("text", ["Zürich", "时间", "שלום", "é = e\u0301", "x²", "👍🏽", "a, b; c"])
def test_words_of_any_language_are_taken(text):
    assert check_text(text, place="f", max_chars=20) == text
    assert visible_text(text) == text


def test_line_breaks_belong_to_texts_and_not_to_lines():
    assert check_text("a\n\tb\r\n", place="f", max_chars=9, is_line=False)
    with pytest.raises(EntryRefused):
        check_text("a\nb", place="f", max_chars=9)


@given(st.text() | st.binary() | st.integers() | st.lists(st.text()))
def test_what_is_shown_of_strangers_is_one_short_line_of_ascii(value):
    text = shown(value)
    assert len(text) <= 60
    assert text.isprintable()
    assert text.replace("…", "").isascii()


@given(st.text(max_size=80))
def test_a_name_made_of_any_name_is_one(text):
    assert is_slug(slug_of(text))


@pytest.mark.parametrize("name", ["hi_charades", "HI-TVGBench", "a.b", "synth_hi_2"])
def test_names_of_tasks(name):
    assert is_task(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a..b", ".a", "a b", "a\n", "x" * 101, "é"])
def test_names_that_no_task_has(name):
    assert not is_task(name)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_struct_or_a_fault(content):
    reader = ThriftReader(memoryview(content))
    try:
        reader.struct()
    except ThriftError:
        return
    assert reader.offset <= len(content)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\x1c" * 50, "deeper"),
        (b"\x19" * 50, "deeper|list|end"),
        (b"\x15\x02\x05\x02\x02\x00", "twice"),
        (b"\x19\xfc\xff\xff\xff\x0f", "a list of"),
        (b"\x18\xff\xff\xff\xff\x0f", "end"),
        (b"\x15" + b"\xff" * 11, "without an end"),
        (b"\x1b\x00", "type 11"),
    ],
)
def test_structs_that_would_take_too_much_are_faults(content, fault):
    with pytest.raises(ThriftError, match=fault):
        ThriftReader(memoryview(content)).struct()


def test_every_reason_is_explained_once():
    page = Path(__file__).parents[3] / "docs" / "leaderboard_entries.md"
    section = page.read_text(encoding="utf-8").split("## Why an entry is refused")[1]
    lines = section.split("\n## ")[0].splitlines()
    named = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert named == list(get_args(RefusalReason))
