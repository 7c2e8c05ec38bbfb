"""Who may come in, who does what, and who ends it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.errors import BusyError, UserError
from rarft.harness.models.base import Request
from rarft.harness.stages.append_log import AppendLog, read_rows
from rarft.harness.stages.chunks import cut_chunks
from rarft.harness.stages.response_store import RESPONSES, ResponseTail, count_workers
from rarft.harness.stages.run_lock import DirectoryLocks, hold
from rarft.harness.stages.session import Session, first_difference, wait_for_finish
from rarft.harness.types import Query

# A worker in another process: says what happens, and obeys a line at a time.
WORKER = """
import json, sys
from pathlib import Path
from rarft.harness.errors import RarftError
from rarft.harness.models.base import Request
from rarft.harness.stages.chunks import cut_chunks
from rarft.harness.stages.run_lock import DirectoryLocks
from rarft.harness.stages.session import Session
from rarft.harness.types import Query

def request(key):
    query = Query(id=key, task="t", video="v", text=key, relevant=True, record="0")
    return Request(key=key, query=query, prompt=key)

directory, settings, launch, fresh = sys.argv[1:]
chunks = cut_chunks([request(key) for key in "abcd"], batch_size=1)
locks = DirectoryLocks(Path(directory), alone=False)
session = Session(locks, settings=json.loads(settings), launch=launch, fresh=bool(fresh))
claims = None
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    try:
        if word == "enter":
            session.enter(lambda fresh: print("begins", end=" "))
            said = str(session.worker)
        elif word == "claim":
            claims = claims or session.claimed(chunks, on_wait=lambda: None)
            said = next(claims).requests[0].key
        elif word == "store":
            key, status = rest.split()
            row = {"task": "t", "query_id": key, "request": key, "status": status}
            session.store([row])
            said = "stored"
        elif word == "finish":
            said = str(session.finishes()[0])
        elif word == "finished":
            session.finish()
            said = "yes"
    except RarftError as error:
        said = f"{type(error).__name__} {error}"
    print(said, flush=True)
"""

Ask = Callable[[str], str]


@contextmanager
def worker(
    directory: Path, *, settings: str = "{}", launch: str = "one", fresh: str = ""
) -> Iterator[Ask]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(directory), settings, launch, fresh],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def ask(line: str) -> str:
        stdin.write(line + "\n")
        stdin.flush()
        return stdout.readline().strip()

    try:
        yield ask
    finally:
        process.kill()
        process.wait()
        stdin.close()
        stdout.close()


def request(key: str) -> Request:
    query = Query(id=key, task="t", video="v", text=key, relevant=True, record="0")
    return Request(key=key, query=query, prompt=key)


def row(key: str, status: str = "ok") -> dict[str, Any]:
    return {"task": "t", "query_id": key, "request": key, "status": status}


def test_workers_take_different_chunks_and_what_a_dead_one_leaves(tmp_path: Path) -> None:
    with worker(tmp_path) as second:
        with worker(tmp_path, launch="two") as first:
            assert (first("enter"), second("enter")) == ("begins 0", "1")
            assert (first("claim"), second("claim")) == ("a", "b")
            second("store b ok")
        second("claim")
        second("store c ok")
        assert second("claim") == "d"
        second("store d ok")
        assert second("claim") == "a"


def test_one_worker_finishes_and_those_that_come_later_know_it(tmp_path: Path) -> None:
    with worker(tmp_path) as first, worker(tmp_path, launch="two") as second:
        first("enter")
        second("enter")
        assert (first("finish"), second("finish")) == ("True", "False")
        assert first("finished") == "yes"
        assert second("finish") == "False"
    assert wait_for_finish(tmp_path)


def test_nobody_waits_for_results_that_nobody_makes(tmp_path: Path) -> None:
    with worker(tmp_path) as first:
        first("enter")
        assert first("finish") == "True"
    assert not wait_for_finish(tmp_path)


def test_a_finisher_that_dies_is_followed_by_another(tmp_path: Path) -> None:
    with worker(tmp_path, launch="two") as second:
        with worker(tmp_path) as first:
            first("enter")
            second("enter")
            assert (first("finish"), second("finish")) == ("True", "False")
        assert second("finish") == "True"


def test_other_settings_are_refused_while_somebody_works_and_begin_anew_after(
    tmp_path: Path,
) -> None:
    with worker(tmp_path, settings='{"seed": 1}', launch="two") as second:
        with worker(tmp_path, settings='{"seed": 0}') as first:
            first("enter")
            assert second("enter").startswith("BusyError")
            assert "seed 0, here 1" in second("enter")
        assert second("enter") == "begins 0"


def test_only_processes_of_one_command_forget_together(tmp_path: Path) -> None:
    with worker(tmp_path, launch="same", fresh="1") as first:
        assert first("enter") == "begins 0"
        with worker(tmp_path, launch="other", fresh="1") as stranger:
            assert stranger("enter").startswith("BusyError")
        with worker(tmp_path, launch="same", fresh="1") as second:
            assert second("enter") == "1"
    with worker(tmp_path, launch="same", fresh="1") as late:
        assert late("enter") == "0"


def test_a_failure_is_not_tried_again_before_the_next_session(tmp_path: Path) -> None:
    with worker(tmp_path) as first:
        first("enter")
        assert first("claim") == "a"
        first("store a failed")
        with worker(tmp_path, launch="two") as second:
            assert second("enter") == "1"
            assert second("claim") == "b"
    with worker(tmp_path, launch="three") as third:
        assert third("enter") == "begins 0"
        assert third("claim") == "a"


def test_whoever_must_be_alone_waits_for_no_worker(tmp_path: Path) -> None:
    with worker(tmp_path) as first:
        first("enter")
        with pytest.raises(BusyError, match="another run"), hold(tmp_path):
            pass
    with hold(tmp_path), worker(tmp_path) as first:
        assert first("enter") == ""


def test_a_process_is_in_a_directory_once(tmp_path: Path) -> None:
    with (
        DirectoryLocks(tmp_path, alone=False),
        pytest.raises(BusyError),
        DirectoryLocks(tmp_path, alone=False),
    ):
        pass
    with hold(tmp_path):
        pass


def test_a_lone_worker_passes_by_what_is_done(tmp_path: Path) -> None:
    with AppendLog(tmp_path / RESPONSES) as log:
        log.append([row("a"), row("b", "failed"), row("z")])
    chunks = cut_chunks([request(key) for key in "abc"], batch_size=1)
    with (
        DirectoryLocks(tmp_path, alone=False) as locks,
        Session(locks, settings={}, launch="one", fresh=False) as session,
    ):
        session.enter(lambda fresh: None)
        assert session.news() == ["a", "z"]
        taken = []
        with closing(session.claimed(chunks, on_wait=lambda: None)) as claims:
            for chunk in claims:
                taken += [one.key for one in chunk.requests]
                session.note("sent", n_requests=1)
                session.store([row(one.key, "failed") for one in chunk.requests])
        assert taken == ["b", "c"]
        assert session.news() == ["b", "c"]
    assert count_workers(tmp_path) == 1
    assert len(list(read_rows(tmp_path / RESPONSES))) == 5


def test_the_tail_reads_on_after_a_torn_row_was_cut(tmp_path: Path) -> None:
    tail = ResponseTail(tmp_path, tried_from=0)
    tail.refresh()
    with AppendLog(tmp_path / RESPONSES) as log:
        log.append([row("a")])
        with (tmp_path / RESPONSES).open("ab") as file:
            file.write(b'{"schema_version": 1, "ta')
        tail.refresh()
        assert tail.done == {"a"}
        log.append([row("b")])
    tail.refresh()
    assert tail.done == {"a", "b"}
    with (tmp_path / RESPONSES).open("ab") as file:
        file.write(b"[]\n")
    with pytest.raises(UserError, match="line 3"):
        tail.refresh()


def test_the_first_difference_is_named_by_its_place() -> None:
    assert first_difference({"a": {"b": [1]}}, {"a": {"b": [1]}}) == ""
    assert first_difference({"a": 1}, {"a": 1, "c": "x" * 99}).startswith("c None, here xxx")
    assert len(first_difference({"c": "y" * 999}, {"c": "x" * 999})) < 150
