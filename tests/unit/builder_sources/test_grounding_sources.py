"""Each source by small records in its real form, sound ones and broken ones."""

from collections.abc import Callable

import pytest

from rarft.harness.errors import UserError
from rarft.harness.types import Span

Read = Callable[..., tuple[list, list]]
Lines = Callable[..., str]


def test_activitynet_captions_gives_a_query_for_each_sentence(read: Read) -> None:
    video = {
        "duration": 55.15,
        "timestamps": [[0.28, 9.0], [7, 3]],
        "sentences": [" A man.", "B."],
    }
    queries, rejected = read("activitynet_captions", {"v_uqi": video})
    assert [q.id for q in queries] == ["000000-0", "000000-1"]
    assert queries[0].video == "v_uqi.mp4"
    assert queries[0].text == " A man."
    assert queries[0].duration_s == 55.15
    assert queries[0].relevant
    assert queries[0].level == "original"
    assert queries[1].spans == (Span(3.0, 7.0),)
    assert queries[1].provenance == "anno.json#0; reversed"
    assert rejected == []


def test_activitynet_captions_loses_only_what_is_broken(read: Read) -> None:
    queries, rejected = read(
        "activitynet_captions",
        {
            "v_a": {"duration": 9, "timestamps": [[0, 1], [2]], "sentences": ["one", "two"]},
            "v_b": {"duration": 9, "timestamps": [[0, 1]], "sentences": ["one", "two"]},
            "v_c": {"duration": -1, "timestamps": [[0, 1]], "sentences": ["one"]},
            "v_d": [],
            "v_e": {"duration": 9, "timestamps": [[0, None]], "sentences": ["one"]},
            "v_f": {"duration": 9, "timestamps": [[0, 1]], "sentences": ["  "]},
            "v_g": {"timestamps": [[0, 1]], "sentences": ["kept"]},
        },
    )
    assert [q.text for q in queries] == ["one", "kept"]
    assert [(one.row, one.reason) for one in rejected] == [
        (0, "v_a: query 1: timestamp: got [2], expected [start, end] in seconds"),
        (1, "v_b: timestamps: got 1, expected as many as sentences, 2"),
        (2, "v_c: query 0: duration: got -1, expected seconds above 0"),
        (3, "v_d: record: got [], expected a JSON object"),
        (4, "v_e: query 0: timestamp: got nothing, expected [start, end] in seconds"),
        (5, "v_f: query 0: sentence: got '  ', expected a text that is not empty"),
    ]


def test_charades_sta_is_one_query_a_line(read: Read) -> None:
    queries, rejected = read(
        "charades_sta",
        "3MSZA 24.3 30.4##person turn a light on.\n\nno mark\nAAAAA 1.0 x##two.\r\nB 1 2##\n",
        name="charades_sta_test.txt",
    )
    assert [(q.id, q.video, q.text, q.spans) for q in queries] == [
        ("000000", "3MSZA.mp4", "person turn a light on.", (Span(24.3, 30.4),))
    ]
    assert queries[0].duration_s is None
    assert [one.row for one in rejected] == [2, 3, 4]
    assert rejected[0].reason == "line: got 'no mark', expected VIDEO START END##QUERY"


def test_charades_sta_names_a_line_that_is_no_utf8(read: Read) -> None:
    queries, rejected = read("charades_sta", b"A 1 2##caf\xe9\nB 1 2##tea\n", name="a.txt")
    assert [q.text for q in queries] == ["tea"]
    assert "expected a text in UTF-8" in rejected[0].reason


def test_qvhighlights_keeps_every_window_and_its_own_id(read: Read, as_lines: Lines) -> None:
    row = {"qid": 2579, "query": "A girl cooks.", "duration": 150, "vid": "NUs_210.0_360.0"}
    queries, rejected = read(
        "qvhighlights",
        as_lines(
            {**row, "relevant_windows": [[0, 2], [82, 150]], "saliency_scores": [[1, 1, 2]]},
            {**row, "qid": 2, "relevant_windows": []},
            {**row, "qid": 3},
            '{"qid": 4, "query": ',
        ),
        name="highlight_val_release.jsonl",
    )
    assert queries[0].id == "2579"
    assert queries[0].video == "NUs_210.0_360.0.mp4"
    assert queries[0].spans == (Span(0.0, 2.0), Span(82.0, 150.0))
    assert [one.row for one in rejected] == [1, 2, 3]


def test_tacos_turns_frames_to_seconds(read: Read) -> None:
    video = {"timestamps": [[50, 100]], "sentences": ["He cuts."], "fps": 25.0, "num_frames": 500}
    queries, rejected = read(
        "tacos", {"s30-d52.avi": video, "s31-d1.avi": {**video, "fps": 0}, "s32.avi": {}}
    )
    assert queries[0].video == "s30-d52.avi"
    assert queries[0].spans == (Span(2.0, 4.0),)
    assert queries[0].duration_s == 20.0
    assert [one.reason for one in rejected] == [
        "s31-d1.avi: fps: got 0, expected seconds above 0",
        "s32.avi: fps: got nothing, expected frames per second",
    ]


def test_tvgbench_moves_the_answer_about_a_clip_to_the_files_times(read: Read) -> None:
    row = {
        "path": "./dataset/a.mp4",
        "question": "check the gas",
        "answer": "9.5-45.5",
        "start": None,
        "end": None,
        "duration": 100.0,
    }
    queries, rejected = read(
        "tvgbench",
        [
            row,
            {**row, "start": 50.0, "end": 150.0},
            {**row, "answer": "soon"},
            {**row, "start": 9.0},
            {**row, "start": 9.0, "end": 9.0},
        ],
    )
    assert queries[0].spans == (Span(9.5, 45.5),)
    assert (queries[0].clip, queries[0].duration_s) == (None, 100.0)
    assert queries[1].spans == (Span(59.5, 95.5),)
    assert (queries[1].clip, queries[1].duration_s) == (Span(50.0, 150.0), None)
    assert [one.row for one in rejected] == [2, 3, 4]


def test_time_r1_takes_a_file_named_by_its_cut_for_the_clip(read: Read) -> None:
    row = {
        "video": "./v/a.mp4",
        "duration": 45.0,
        "timestamp": [1.0, 4.0],
        "sentence": "A hanger.",
        "qid": "my|cosmo|a|A hanger.",
        "video_start": 39.0,
        "video_end": 84.0,
    }
    queries, rejected = read(
        "time_r1",
        [
            row,
            {**row, "video": "./v/a_00:00:39:000_00:01:24:000.mp4"},
            {**row, "video_start": None, "video_end": None},
            {**row, "timestamp": 3},
        ],
    )
    assert [q.spans[0].start_s for q in queries] == [40.0, 1.0, 1.0]
    assert [q.clip for q in queries] == [Span(39.0, 84.0), None, None]
    assert [one.row for one in rejected] == [3]


HIREST = {
    "Make a Cupcake Stand": {
        "TcB.mp4": {
            "relevant": True,
            "clip": True,
            "v_duration": 180.97,
            "bounds": [33, 156],
            "steps": [{"index": 0, "heading": "take a plate", "absolute_bounds": [33, 44]}],
        },
        "whole.mp4": {"relevant": True, "clip": False, "v_duration": 90.0, "bounds": [0, 1]},
        "half.mp4": {"relevant": True, "clip": True, "v_duration": 90.0, "bounds": [3]},
        "none.mp4": 3,
    },
    "negative video_0": {"vm9.mp4": {}},
}


def test_hirest_gives_moments_or_their_steps(read: Read) -> None:
    queries, rejected = read("hirest", HIREST)
    assert [(q.text, q.video, q.spans) for q in queries] == [
        ("Make a Cupcake Stand", "TcB.mp4", (Span(33.0, 156.0),))
    ]
    assert [one.reason.rpartition(": got")[0] for one in rejected] == [
        "Make a Cupcake Stand: query 1: bounds",
        "Make a Cupcake Stand: query 2: none.mp4: none.mp4",
    ]
    steps, _ = read("hirest", HIREST, of="steps")
    assert [(q.text, q.spans) for q in steps] == [("take a plate", (Span(33.0, 44.0),))]
    with pytest.raises(UserError, match="of=chapters"):
        read("hirest", HIREST, of="chapters")


def test_didemo_takes_the_span_that_agrees_best(read: Read) -> None:
    row = {"annotation_id": 7, "description": "he bends", "video": "35@N01_6.mov"}
    queries, rejected = read(
        "didemo",
        [
            {**row, "times": [[0, 0], [1, 1], [1, 2], [1, 1]]},
            {**row, "times": []},
            {**row, "times": [[1, 1], ["a", 1]]},
            {**row, "times": [[5, 4]]},
        ],
    )
    assert queries[0].id == "7"
    assert queries[0].video == "35@N01_6.mov"
    assert queries[0].spans == (Span(5.0, 10.0),)
    assert queries[1].spans == (Span(20.0, 30.0),)
    assert [one.row for one in rejected] == [1, 2]


EGO4D = {
    "version": "2.0",
    "videos": [
        {
            "video_uid": "72295d26",
            "clips": [
                {
                    "clip_uid": "cc2d7790",
                    "video_start_sec": 100.0,
                    "video_end_sec": 580.0,
                    "clip_start_sec": 0,
                    "clip_end_sec": 480.0,
                    "annotations": [
                        {
                            "language_queries": [
                                {
                                    "clip_start_sec": 28.5,
                                    "clip_end_sec": 29.0,
                                    "video_start_sec": 128.5,
                                    "video_end_sec": 129.0,
                                    "query": "Where is the drill?",
                                },
                                {"clip_start_sec": 1.0, "clip_end_sec": 2.0},
                            ]
                        }
                    ],
                },
                {"clip_uid": "dd", "annotations": [{}]},
            ],
        },
        "broken",
    ],
}


def test_ego4d_nlq_speaks_of_clips_or_of_videos(read: Read) -> None:
    queries, rejected = read("ego4d_nlq", EGO4D)
    assert [(q.video, q.spans, q.clip, q.duration_s) for q in queries] == [
        ("cc2d7790.mp4", (Span(28.5, 29.0),), None, 480.0)
    ]
    assert [one.reason.rpartition(": got")[0] for one in rejected] == [
        "query 1: query",
        "query 2: language_queries",
        "record",
    ]
    queries, _ = read("ego4d_nlq", EGO4D, of="videos")
    assert [(q.video, q.spans, q.clip) for q in queries] == [
        ("72295d26.mp4", (Span(128.5, 129.0),), Span(100.0, 580.0))
    ]


def test_videomind_reads_a_span_or_windows(read: Read, as_lines: Lines) -> None:
    queries, rejected = read(
        "videomind",
        as_lines(
            {"vid": "Qt", "duration": 93.3, "query": "A hanger.", "span": [1.0, 4.0]},
            {"vid": "s27", "duration": 200, "query": "He peels.", "relevant_windows": [[1, 2]]},
            {"vid": "s28", "duration": 200, "query": "He peels."},
        ),
        name="train.jsonl",
        video_suffix="-cam-002",
    )
    assert [q.video for q in queries] == ["Qt-cam-002.mp4", "s27-cam-002.mp4"]
    assert [q.spans for q in queries] == [(Span(1.0, 4.0),), (Span(1.0, 2.0),)]
    assert [one.row for one in rejected] == [2]
