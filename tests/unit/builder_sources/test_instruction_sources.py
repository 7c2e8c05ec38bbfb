from collections.abc import Callable
from typing import Any

import pytest

from rarft.dataset_builder.sources.instruction_qa import asked_and_found
from rarft.dataset_builder.sources.vtg_it import without_time_tokens
from rarft.harness.types import Span

Read = Callable[..., tuple[list, list]]


def qa(question: str, answer: Any, **more: Any) -> dict[str, Any]:
    return {"video": "Charades/videos/AO8RW.mp4", "QA": [{"q": question, "a": answer}], **more}


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        (
            "Localize the textual query 'the person's dog' in the video.",
            "The given query happens in 0.0 - 6.9 seconds.",
            [("the person's dog", [("0.0", "6.9")])],
        ),
        (
            "Transcribed speech: I'm 'here' query: hm. Give you a textual query: 'a dog' When?",
            "1.0 - 2.0 seconds",
            [("a dog", [("1.0", "2.0")])],
        ),
        (
            "When does the query 'a dog' happen?",
            "From 1 s to 2 s and from 4 s to 5.5 s.",
            [("a dog", [("1", "2"), ("4", "5.5")])],
        ),
        (
            "The format is 'start - end seconds, event description'.",
            "90.0 - 102.0 seconds, spread on 2 slices.  114.0 - 127.0 seconds, add cheese. ",
            [("spread on 2 slices.", [("90.0", "102.0")]), ("add cheese.", [("114.0", "127.0")])],
        ),
        ("Describe the events.", "2.7 seconds, Introduction.  8.5 seconds, End.", []),
        ("Find highlights.", "The highlight timestamps are in the 0.0, 1.5 seconds.", []),
        ("What is the query?", "1.0 - 2.0 seconds", []),
    ],
)
def test_queries_and_spans_are_found_where_both_are_there(
    question: str, answer: str, expected: list[Any]
) -> None:
    assert asked_and_found(question, answer) == expected


def test_timeit_reads_grounding_and_events(read: Read) -> None:
    queries, rejected = read(
        "timeit",
        [
            qa("the textual query 'person laughs' in", "The given query happens in 6.9 - 0.5 s."),
            qa("List the steps.", "1.0 - 2.0 seconds, run up.  3.0 - 4.0 seconds, jump."),
            qa("What is heard?", "Hello."),
            qa("the query 'a'", None),
            {"QA": [{"q": "the query 'a'", "a": "1 - 2 seconds"}]},
            {"video": "a.mp4", "QA": []},
            {"video": "a.mp4"},
        ],
        name="instruct.json",
    )
    assert [(q.id, q.text, q.spans) for q in queries] == [
        ("instruct-000000-0", "person laughs", (Span(0.5, 6.9),)),
        ("instruct-000001-0", "run up.", (Span(1.0, 2.0),)),
        ("instruct-000001-1", "jump.", (Span(3.0, 4.0),)),
    ]
    assert queries[0].provenance == "instruct.json#0; reversed"
    assert [one.row for one in rejected] == [2, 3, 4, 5, 6]


def test_timepro_shows_a_part_and_counts_from_it(read: Read) -> None:
    queries, _ = read(
        "timepro", [qa("When does the query 'a dog' happen?", "4 - 9 seconds", start=10, end=30)]
    )
    assert queries[0].spans == (Span(14.0, 19.0),)
    assert queries[0].clip == Span(10.0, 30.0)


def test_vtg_it_writes_its_tokens_as_numbers(read: Read) -> None:
    tokens = "<TIME_ZERO><TIME_ONE><TIME_TWO><TIME_DOT><TIME_FIVE>"
    spaced = "<TIME_ZERO> <TIME_TWO> <TIME_ZERO> <TIME_DOT> <TIME_ZERO>"
    assert without_time_tokens(f"{tokens} - {spaced} seconds").split() == [
        "012.5",
        "-",
        "020.0",
        "seconds",
    ]
    queries, _ = read(
        "vtg_it", [qa("the textual query 'a dog'", f"It happens in {tokens} - {spaced} seconds.")]
    )
    assert queries[0].spans == (Span(12.5, 20.0),)


def test_longvid_reads_conversations(read: Read) -> None:
    said = [
        {"from": "human", "value": "When does the query 'a man opens a box' happen?"},
        {"from": "gpt", "value": "From 12.0 to 20.5 seconds."},
    ]
    queries, rejected = read(
        "longvid",
        [{"video": "a.mp4", "conversations": said}, {"video": "a.mp4", "conversations": said[:1]}],
    )
    assert [(q.text, q.spans) for q in queries] == [("a man opens a box", (Span(12.0, 20.5),))]
    assert len(rejected) == 1


def test_internvid_vtime_replaces_named_times_and_moves_them_to_the_file(read: Read) -> None:
    answer = "From <s0> to <e0>, woman counts money. From <s1> to <e1>, two shake hands."
    row = {
        "source": "internvid",
        "id": "3n3oCNerzV0",
        "conversations": [{"from": "human", "value": "?"}, {"from": "gpt", "value": answer}],
        "meta": {"split": [129.5, 184.0], "duration": 54.5, "token": {"<s0>": 0, "<e0>": 9.5}},
    }
    queries, rejected = read(
        "internvid_vtime",
        [row, {**row, "conversations": []}, {**row, "meta": {"duration": 9, "token": {}}}],
    )
    assert [(q.video, q.text, q.spans, q.clip) for q in queries] == [
        ("3n3oCNerzV0.mp4", "woman counts money.", (Span(129.5, 139.0),), Span(129.5, 184.0))
    ]
    assert [(one.row, one.reason.partition(": got")[0]) for one in rejected] == [
        (0, "query 1: meta.token <s1>"),
        (1, "conversations"),
        (2, "query 0: meta.token <s0>"),
        (2, "query 1: meta.token <s1>"),
    ]
