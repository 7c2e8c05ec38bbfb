import json
import os
import shlex
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.errors import UserError
from rarft.harness.models import load_model
from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.bridge import BridgeModel
from rarft.harness.models.card import Card
from rarft.harness.types import Query, Reply, Span

RUNNER = Path(__file__).resolve().parents[2] / "servers" / "faulty_runner.py"
Open = Callable[..., BridgeModel]


CARD = Card(name="m", family="base", backend="bridge", licence="MIT", source="t")


@pytest.fixture
def open_runner(tmp_path: Path) -> Iterator[Open]:
    """A function that opens a faulty runner; every one is closed with the test."""
    opened: list[BridgeModel] = []

    def open_(fault: str, **model_args: Any) -> BridgeModel:
        command = shlex.join([sys.executable, str(RUNNER), fault, str(tmp_path)])
        model = load_model(
            CARD,
            model_args={"command": command, "timeout_s": 20, "hello_timeout_s": 20, **model_args},
            generation={},
            batch_size=4,
            seed=3,
            cache=tmp_path / "cache",
        )
        assert isinstance(model, BridgeModel)
        opened.append(model)
        return model

    yield open_
    for model in opened:
        model.counts.clear()
        model.close()


def request(text: str, **fields: Any) -> Request:
    clip = fields.pop("clip", None)
    query = Query(id="0", task="t", video="a.mp4", text=text, relevant=True, record="0", clip=clip)
    return Request(key=f"key of {text}", query=query, prompt=f"Find: {text}", **fields)


def texts(replies: list[Reply]) -> list[str | None]:
    return [reply.text for reply in replies]


def test_requests_are_answered_in_order_and_the_engine_is_the_runners(open_runner: Open) -> None:
    model = open_runner("none")
    engine = dict(model.engine)
    assert len(engine.pop("runner_sha256")) == 64
    assert engine == {"faulty": "1", "bridge": "1", "runner": "faulty"}
    assert model.licence == "MIT"
    assert texts(model.generate([request("a"), request("b")])) == ["to a", "to b"]
    assert not model.counts


def test_a_request_says_everything_a_model_may_need(open_runner: Open, tmp_path: Path) -> None:
    video = VideoFile(path=tmp_path / "a.mp4", sha256="5" * 64)
    asked = request(
        "a café 🐈", video=video, clip=Span(1.0, 2.5), system="Be brief.", generation={"top_p": 0.5}
    )
    (reply,) = open_runner("echo").generate([asked])
    assert reply.text is not None
    assert json.loads(reply.text) == {
        "type": "request",
        "id": "1",
        "n_more": 0,
        "key": "key of a café 🐈",
        "video": str(tmp_path / "a.mp4"),
        "video_name": "a.mp4",
        "video_sha256": "5" * 64,
        "video_input": "shown",
        "clip": [1.0, 2.5],
        "duration_s": None,
        "query": "a café 🐈",
        "prompt": "Find: a café 🐈",
        "system": "Be brief.",
        "generation": {"top_p": 0.5},
    }


def test_spans_and_scores_arrive_with_their_bounds_in_order(open_runner: Open) -> None:
    assert open_runner("spans").generate([request("a")]) == [
        Reply(relevant=False, spans=(Span(2.0, 9.0), Span(3.0, 4.0)), relevance_score=0.25)
    ]


def test_an_error_is_a_recorded_failure_in_one_line(open_runner: Open) -> None:
    assert open_runner("error").generate([request("a")]) == [Reply(failure="two lines")]


def test_answers_out_of_order_find_their_requests(open_runner: Open) -> None:
    model = open_runner("batch_backwards")
    asked = [request(text) for text in "abcdefg"]
    assert texts(model.generate(asked)) == [f"to {text}" for text in "abcdefg"]


def test_answers_given_twice_or_to_nobody_are_counted_and_ignored(open_runner: Open) -> None:
    model = open_runner("twice")
    assert texts(model.generate([request("a"), request("b"), request("c")])) == [
        "to a",
        "to b",
        "to c",
    ]
    assert model.counts == {"unasked": 2}
    model = open_runner("unknown_id")
    assert texts(model.generate([request("a")])) == ["to a"]
    assert model.counts == {"unasked": 1}


def test_answers_out_of_order_and_twice_at_once_find_their_requests(open_runner: Open) -> None:
    model = open_runner("batch_backwards_twice")
    asked = [request(text) for text in "abcdefgh"]
    assert texts(model.generate(asked)) == [f"to {text}" for text in "abcdefgh"]
    # The last four wait in the pipe until somebody reads on.
    assert model.counts["unasked"] == 4


def test_lines_that_are_no_messages_are_counted_and_kept(open_runner: Open, tmp_path: Path) -> None:
    model = open_runner("garbage")
    assert texts(model.generate([request("a")])) == ["to a"]
    assert model.counts == {"noise": 9}
    (log,) = (tmp_path / "cache" / "bridge").glob("*.stdout.log")
    assert b"progress 2%\n" in log.read_bytes()
    assert b"\xff\xfe not text\n" in log.read_bytes()


def test_what_was_passed_over_is_told_once_at_the_end(
    open_runner: Open, caplog: pytest.LogCaptureFixture
) -> None:
    model = open_runner("chatty")
    model.generate([request("a")])
    model.close()
    model.close()
    assert [record.message for record in caplog.records if "2 noise" in record.message]
    assert len(caplog.records) == 1


def test_a_runner_that_dies_once_is_asked_again(open_runner: Open) -> None:
    for fault in ("dies_once", "killed"):
        model = open_runner(fault)
        assert texts(model.generate([request(fault), request("b")])) == [f"to {fault}", "to b"]
        assert model.counts["deaths"] == (2 if fault == "dies_once" else 1)


def test_a_query_that_kills_it_twice_is_a_failure_with_its_last_words(open_runner: Open) -> None:
    model = open_runner("dies_at_bad")
    first, bad, last = model.generate([request("a"), request("bad"), request("c")])
    assert (first.text, last.text) == ("to a", "to c")
    assert bad.failure is not None
    assert "ended with exit code 3" in bad.failure
    assert "CUDA error: device-side assert" in bad.failure
    assert "\n" not in bad.failure
    assert model.counts == {"deaths": 2}


def test_of_a_batch_only_the_request_to_blame_fails(open_runner: Open) -> None:
    model = open_runner("batch_dies_at_bad")
    replies = model.generate([request(text) for text in ("a", "b", "bad", "d", "e", "f")])
    assert [reply.failure is None for reply in replies] == [True, True, False, True, True, True]


def test_deaths_without_an_answer_stop_the_run_in_one_line(open_runner: Open) -> None:
    model = open_runner("dies", max_deaths=3)
    with pytest.raises(UserError, match=r"3 deaths in a row .* max_deaths=3") as caught:
        model.generate([request("a"), request("b"), request("c")])
    assert "\n" not in str(caught.value)
    assert model.counts == {"deaths": 3}


def test_a_runner_that_cannot_be_restarted_stops_the_run(open_runner: Open) -> None:
    model = open_runner("dies_at_restart", max_deaths=4)
    with pytest.raises(UserError, match="4 deaths in a row"):
        model.generate([request("a"), request("b")])


def test_another_hello_after_a_restart_stops_the_run(open_runner: Open) -> None:
    with pytest.raises(UserError, match="another hello after a restart"):
        open_runner("new_name_each_time").generate([request("a")])


@pytest.mark.parametrize("fault", ["hangs", "huge_line"])
def test_a_request_that_is_not_answered_in_time_fails_and_the_next_is_asked(
    open_runner: Open, fault: str
) -> None:
    model = open_runner(fault, timeout_s=1)
    bad, after = model.generate([request("bad"), request("b")])
    assert bad.failure is not None
    assert {"hangs": "said nothing in time", "huge_line": "a line of more than"}[
        fault
    ] in bad.failure
    assert after.text == "to b"


def test_garbage_without_end_is_given_up_in_time_and_neither_kept_nor_held(
    open_runner: Open, tmp_path: Path
) -> None:
    model = open_runner("floods_stdout", timeout_s=1)
    tracemalloc.start()
    bad, after = model.generate([request("bad"), request("b")])
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert bad.failure is not None
    assert "said nothing in time" in bad.failure
    assert after.text == "to b"
    assert model.counts["noise"] > 10_000
    assert peak_bytes < 16 * 1024**2
    (log,) = (tmp_path / "cache" / "bridge").glob("*.stdout.log")
    assert log.stat().st_size < 2 * 1024**2


def test_stderr_without_end_blocks_nothing_and_fills_no_disk(
    open_runner: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rarft.harness.models.bridge_process.MAX_LOG_BYTES", 100_000)
    monkeypatch.setattr("rarft.harness.models.bridge_process._LOOK_AGAIN_S", 0.05)
    model = open_runner("floods_stderr")
    first, bad = model.generate([request("a"), request("bad")])
    assert first.text == "to a"
    assert bad.failure is not None
    assert "ended with exit code 3" in bad.failure
    assert "the last words" in bad.failure
    (log,) = (tmp_path / "cache" / "bridge").glob("*.stderr.log")
    assert log.stat().st_size < 100_000


def test_a_runner_that_closes_its_output_counts_as_dead(open_runner: Open) -> None:
    model = open_runner("closes_output")
    assert texts(model.generate([request("a")])) == ["to a"]
    assert model.counts == {"deaths": 1}


def test_a_reply_of_two_megabytes_arrives_whole(open_runner: Open) -> None:
    (reply,) = open_runner("huge_reply").generate([request("a")])
    assert reply.text == "y" * 2_000_000


def test_a_large_request_reaches_a_runner_that_answers_while_it_is_sent(open_runner: Open) -> None:
    long = "x" * 500_000
    assert texts(open_runner("none").generate([request(long), request("b")])) == [
        f"to {long}",
        "to b",
    ]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("wrong_types", "text: Input should be a valid string"),
        ("empty_reply", "neither text nor relevant"),
        ("not_a_number", "spans.0.1"),
        ("not_utf8", "invalid unicode"),
        ("without_id", "id: Field required"),
        ("number_as_id", "id: Input should be a valid string"),
    ],
)
def test_a_wrong_answer_is_a_failure_of_its_request(
    open_runner: Open, fault: str, reason: str
) -> None:
    model = open_runner(fault)
    (bad,) = model.generate([request("bad")])
    assert bad.failure is not None
    assert reason in bad.failure
    assert not model.counts["deaths"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("dies_at_once", "exit code 3 before it said hello.*CUDA error"),
        ("gives_up", "got no torch, expected it"),
        ("later_protocol", "protocol 2, expected 1"),
        ("wrong_hello", "capabilities.batch"),
        ("no_engine", "engine: Field required"),
    ],
)
def test_a_runner_that_never_works_stops_before_anything_is_asked(
    open_runner: Open, fault: str, reason: str
) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        _ = open_runner(fault).engine
    assert "\n" not in str(caught.value)


def test_a_runner_without_a_hello_is_given_up(open_runner: Open) -> None:
    started_s = time.monotonic()
    with pytest.raises(UserError, match="said nothing in time before it said hello"):
        _ = open_runner("silent", hello_timeout_s=0.5).engine
    assert time.monotonic() - started_s < 10


def test_a_runner_that_gives_up_later_stops_the_run(open_runner: Open) -> None:
    with pytest.raises(UserError, match="no disk"):
        open_runner("gives_up_later").generate([request("a")])


def test_the_end_of_a_model_ends_all_that_its_runner_started(
    open_runner: Open, tmp_path: Path
) -> None:
    model = open_runner("leaves_a_child")
    model.generate([request("a")])
    child = int((tmp_path / "child").read_text())
    assert is_running(child)
    model.close()
    deadline_s = time.monotonic() + 10
    while is_running(child) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    """Whether a process is there and is not only waiting to be reaped."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_runner_that_does_not_want_to_end_is_ended(
    open_runner: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rarft.harness.models.bridge.CLOSE_PATIENCE_S", 0.3)
    monkeypatch.setattr("rarft.harness.models.bridge_process.TERMINATE_S", 0.3)
    model = open_runner("ignores_the_end")
    model.generate([request("a")])
    assert model._runner is not None
    pid = model._runner.pid
    assert is_running(pid)
    model.close()
    assert not is_running(pid)


def test_a_model_that_was_never_asked_starts_nothing(tmp_path: Path, open_runner: Open) -> None:
    open_runner("silent").close()
    assert not (tmp_path / "cache").exists()


def test_parts_of_videos_and_black_frames_need_a_runner_that_can_show_them(
    open_runner: Open,
) -> None:
    model = open_runner("no_clip")
    part, whole = model.generate([request("a", clip=Span(1, 2)), request("b")])
    assert part.failure == "got a part of a video, expected a whole one: this runner reads no parts"
    assert whole.text == "to b"
    with pytest.raises(UserError, match="cannot show black frames"):
        model.generate([request("a", video_input="black")])
