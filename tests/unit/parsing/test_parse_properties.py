"""Properties that hold for every text, and for every span written in every form."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.harness.parsing import FORMS, parse_reply
from rarft.harness.types import Span

DURATION_S = 1000.0
FRAME_TIMES_S = [0.5 * index for index in range(2000)]
SPECIAL = ["<|im_end|>", "<|endoftext|>", "</s>", "<|eot_id|>", "\n", " ", "<end_of_turn>"]
ALPHABET = "0123456789 .,:;-–~()[]{}<>/|\"'\nabenorstwTNIL\x00\ud800\ufffd"
FRAGMENTS = [
    *("<think>", "</think>", "<answer>", "</answer>", "<correction>", "</correct>", "<time>"),
    *("3.0 to 9.0", "[3, 5]", "from ", "not ", "no ", "The video does not show ", "until "),
    *("starts at 3 ", "ends at 9", "{", '"start": ', "[[", "]]", "1e999", "<|im_end|>", "```json"),
    *("I cannot watch videos", "frames ", "<TIME_ONE>", "%", "00:12", "1 min 5 s", "-1", "nan"),
]


def tenths(low: int = 1, high: int = 9990) -> st.SearchStrategy[float]:
    return st.integers(low, high).map(lambda n: n / 10)


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 10), 600)
    return f"{minutes:02d}:{rest / 10:04.1f}"


def tokens(seconds: float) -> str:
    names = dict(
        zip(
            "0123456789.",
            ["ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE", "DOT"],
            strict=True,
        )
    )
    return "".join(f"<TIME_{names[character]}>" for character in f"{seconds:06.1f}")


RENDERINGS = {
    "generic": [
        lambda a, b: f"{a} to {b}",
        lambda a, b: f"From {a}s to {b}s.",
        lambda a, b: f"between {a} and {b} seconds",
        lambda a, b: f"The event happens in {a} – {b} seconds.",
        lambda a, b: f"<answer>({a}, {b})</answer>",
    ],
    "answer_tag": [lambda a, b: f"<answer>\n{a:.2f} to {b:.2f}\n</answer>"],
    "answer_correction": [
        lambda a, b: f"<think>1 to 2</think><answer>{a} to {b}</answer><correction>NIL</correction>"
    ],
    "answer_list": [lambda a, b: f"<answer>[({a}, {b})]</answer>"],
    "time_tag": [lambda a, b: f"<think>1 to 2</think> <time>[{a}, {b}]</time>"],
    "json_pairs": [
        lambda a, b: f"[[{a}, {b}]]",
        lambda a, b: f'```json\n[{{"start": "{clock(a)}", "end": {b}}}]\n```',
    ],
    "prose": [
        lambda a, b: f"The event happens in {a} - {b} seconds.",
        lambda a, b: f"{a:06.1f} - {b:06.1f} seconds",
    ],
    "clauses": [
        lambda a, b: f"It starts at {a} s and ends at {b} s.",
        lambda a, b: f"Starting time: {a} seconds. Ending time: {b} seconds",
    ],
    "clock": [
        lambda a, b: f"{clock(a)} to {clock(b)}",
        lambda a, b: f"00:{clock(a)}-00:{clock(b)}",
    ],
    "percent": [lambda a, b: f"From {a / 10:.2f} to {b / 10:.2f}"],
    "time_tokens": [lambda a, b: f"{tokens(a)} - {tokens(b)} seconds"],
    "multi_prose": [lambda a, b: f"From {a} seconds to {b} seconds."],
    "frames": [lambda a, b: f"frames {int(a * 2) + 1} to {int(b * 2) + 1}"],
    "structured": [lambda a, b: f'{{"spans": [[{a}, {b}]], "relevant": true}}'],
    "free_text": [lambda a, b: f"Yes, it is from {a} to {b} seconds."],
}
CASES = [
    pytest.param(form, render, id=f"{form}{index}")
    for form, renders in RENDERINGS.items()
    for index, render in enumerate(renders)
]


def parsed(text, form):
    return parse_reply(text, form=form, duration_s=DURATION_S, frame_times_s=FRAME_TIMES_S)


@pytest.mark.parametrize(("form", "render"), CASES)
@settings(max_examples=40, deadline=None)
@given(first=tenths(), second=tenths())
def test_a_written_span_is_read_back_whatever_its_order(form, render, first, second):
    if form == "frames":
        first, second = round(first * 2) / 2, round(second * 2) / 2
    start, end = sorted((first, second))
    for a, b in ((start, end), (end, start)):
        prediction = parsed(render(a, b), form)
        assert prediction.kind == ("grounded" if end > 0 else "refused")
        if end > 0:
            (span,) = prediction.spans
            assert (span.start_s, span.end_s) == pytest.approx((start, end), abs=1e-6)


@settings(max_examples=300, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=80),
        st.text(alphabet=ALPHABET, max_size=80),
        st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join),
    ),
    form=st.sampled_from(FORMS),
    duration_s=st.sampled_from([None, 30.0, 0.0]),
)
def test_any_text_has_exactly_one_kind(text, form, duration_s):
    prediction = parse_reply(text, form=form, duration_s=duration_s)
    assert prediction.kind in ("grounded", "refused", "unparsed")
    assert bool(prediction.reason) == (prediction.kind == "unparsed")
    assert prediction.kind == "grounded" or not prediction.spans
    assert prediction.kind == "refused" or not prediction.explanation
    assert all(isinstance(span, Span) for span in prediction.spans)


@settings(max_examples=200, deadline=None)
@given(
    text=st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join),
    tail=st.lists(st.sampled_from(SPECIAL), max_size=5).map("".join),
    form=st.sampled_from(FORMS),
)
def test_special_tokens_at_the_end_change_nothing(text, tail, form):
    assert parsed(text + tail, form) == parsed(text, form)


@settings(max_examples=100, deadline=None)
@given(spans=st.lists(st.tuples(tenths(), tenths(1, 500)), min_size=1, max_size=6))
def test_several_spans_keep_their_order(spans):
    expected = list(dict.fromkeys(Span(a, round(a + b, 1)) for a, b in spans))
    text = ", ".join(f"from {s.start_s} seconds to {s.end_s} seconds" for s in expected)
    assert list(parsed(text, "multi_prose").spans) == expected


HUGE = {
    "answers": "<answer>",
    "nested": "<answer><think><correct>",
    "thinks": "<think></think>",
    "digits": "1",
    "dashes": "1-",
    "colons": "1:",
    "a_to": "a to ",
    "pairs": "3.0 to 9.0 ",
    "spaces": " ",
    "angles": "<|",
    "brackets": "[",
    "objects": '{"a":',
    "negations": "the video query does not ",
    "quotes": "'a ",
    "cannot": "I cannot ",
    "names": "start 3 end 5 ",
    "tokens": "<TIME_ONE>",
    "ends": "<|im_end|>",
}


@pytest.mark.parametrize("unit", HUGE.values(), ids=HUGE.keys())
@pytest.mark.parametrize("form", ["generic", "answer_correction", "multi_prose", "percent"])
def test_a_megabyte_is_read_in_bounded_time(form, unit):
    text = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    started = time.process_time()
    assert parse_reply(text, form=form, duration_s=30.0).kind
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize("number", ["9" * 10_000, "1e999", "inf", "nan", "0." + "1" * 10_000])
@pytest.mark.parametrize("form", FORMS)
def test_absurd_numbers_never_raise(form, number):
    for text in (f"{number} to 5", f"[[{number}, {number}]]", f"<answer>1 - {number}</answer>"):
        for span in parsed(text, form).spans:
            assert span.end_s < float("inf")


def test_a_long_answer_is_found_after_a_long_thought():
    text = f"<think>{'1.0 to 2.0 he sits. ' * 40_000}</think><answer>3.0 to 9.0</answer>"
    assert parse_reply(text).spans == (Span(3.0, 9.0),)
