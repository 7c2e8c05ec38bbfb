"""A kill at any step, and days between two steps, lose nothing and send nothing twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.errors import UserError
from rarft.harness.llm import LLMRequest
from rarft.harness.llm.batch import collect
from rarft.harness.llm.batch_lines import BatchLimits

SCRIPT = """
import sys
from pathlib import Path
from pydantic import BaseModel, Field
from rarft.harness.llm import LLMRequest, LLMSettings, Message
from rarft.harness.llm.batch import submit

class Score(BaseModel):
    '''What is asked for.'''

    score: float = Field(ge=0, le=5)

requests = [
    LLMRequest(
        name="score", version="1", schema=Score,
        messages=(Message("system", "Echo."), Message("user", f'{{"score": {k}}}')),
    )
    for k in range(3)
]
settings = LLMSettings(model="gpt-4o-mini", base_url=sys.argv[1], timeout_s=60.0)
submit(requests, settings, Path(sys.argv[2]))
"""


def log_rows(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "batches.jsonl").read_text().splitlines()]


def write_rows(directory: Path, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (directory / "batches.jsonl").write_text(text)


def test_a_batch_made_before_a_kill_is_found_again(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(create="hang")
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, f"{server.url}/v1", desk.directory])
    while process.poll() is None and not server.book()["batches"]:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert [row for row in log_rows(desk.directory) if row.get("batch_id")] == []
    server.set()

    state = desk.submit(asked)

    assert (state.n_waiting, state.n_to_submit) == (3, 0)
    assert len(server.sent()) == 1
    desk.collect(asked)
    assert desk.scores == {0: 0, 1: 1, 2: 2}


def test_a_dropped_answer_to_the_making_of_a_batch_makes_no_second_one(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(create="drop")
    with pytest.raises(UserError, match="nothing that was sent is lost"):
        desk.submit(asked)
    assert len(server.sent()) == 1
    server.set()

    assert desk.submit(asked).n_waiting == 3
    assert len(server.sent()) == 1


def test_a_batch_is_found_among_many_others(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(create="drop")
    with pytest.raises(UserError):
        desk.submit(asked[:1])
    server.set()
    desk.directory, wanted = desk.directory / "others", desk.directory
    desk.submit(asked, limits=BatchLimits(n_requests=1))
    desk.directory = wanted

    assert desk.submit(asked[:1]).n_waiting == 1
    assert len(server.sent()) == 4


def test_a_batch_that_never_arrived_is_sent_once_the_server_has_had_time_to_show_it(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    desk.submit(asked)
    rows = log_rows(desk.directory)
    write_rows(desk.directory, rows[:1])
    server.set(reset=True)

    waiting = desk.submit(asked)
    assert (waiting.n_waiting, waiting.batches) == (3, (("", "unknown"),))
    assert server.sent() == []

    again = desk.submit(asked, limits=BatchLimits(settle_s=0.0))
    assert again.n_waiting == 3
    assert [status for _, status in again.batches] == ["lost", "validating"]
    assert len(server.sent()) == 1


def test_a_torn_last_row_is_written_again(server: Any, desk: Any, asked: list[LLMRequest]) -> None:
    desk.submit(asked)
    path = desk.directory / "batches.jsonl"
    path.write_bytes(path.read_bytes()[:-20])

    assert desk.submit(asked).n_waiting == 3
    assert len(server.sent()) == 1


def test_a_collection_killed_before_its_row_is_repeated(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    desk.submit(asked)
    before = log_rows(desk.directory)
    desk.collect(asked)
    write_rows(desk.directory, before)

    assert desk.collect(asked).n_done == 3
    assert desk.scores == {0: 0, 1: 1, 2: 2}
    assert len(server.sent()) == 1


def test_a_batch_of_days_ago_is_collected(server: Any, desk: Any, asked: list[LLMRequest]) -> None:
    desk.submit(asked)
    rows = log_rows(desk.directory)
    for row in rows:
        row |= {"begun_s": row["begun_s"] - 9 * 86_400} if "begun_s" in row else {}
    write_rows(desk.directory, rows)

    assert desk.collect(asked).n_done == 3
    assert len(server.sent()) == 1


def test_answers_reach_who_was_interrupted_while_taking_them(
    desk: Any, asked: list[LLMRequest]
) -> None:
    desk.submit(asked)

    def killed(_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(asked, desk.llm(), desk.directory, on_answers=killed)
    desk.collect(asked)
    assert desk.scores == {0: 0, 1: 1, 2: 2}
