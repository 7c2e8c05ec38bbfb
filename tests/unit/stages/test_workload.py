from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rarft.harness.errors import ReplyError
from rarft.harness.models.base import Request
from rarft.harness.reply_rows import reply_from_row
from rarft.harness.stages.append_log import AppendLog, read_rows
from rarft.harness.stages.infer import infer, make_workload, shared_rows
from rarft.harness.stages.plan import Plan
from rarft.harness.stages.response_store import RESPONSES, read_responses
from rarft.harness.stages.run_lock import DirectoryLocks
from rarft.harness.stages.session import Session
from rarft.harness.types import Query, Reply
from rarft.harness.workers.launcher import new_token


class CountingModel:
    """A backend that counts what it is asked and fails on demand."""

    def __init__(self, *, failing: Sequence[str] = ()) -> None:
        self.asked: list[list[str]] = []
        self.failing = set(failing)
        self.engine: dict[str, str] = {}

    def prepare(self, queries: Sequence[Query]) -> None:
        pass

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        self.asked.append([request.key for request in requests])
        if any(request.key == "explode" for request in requests):
            raise ReplyError("the server hung up")
        return [
            Reply(failure="busy") if request.key in self.failing else Reply(text=request.key)
            for request in requests
        ]

    def close(self) -> None:
        pass


def request(key: str, *, task: str = "t", query_id: str | None = None) -> Request:
    query = Query(id=query_id or key, task=task, video="v.mp4", text=key, relevant=True, record="0")
    return Request(key=key, query=query, prompt=key)


def plan(*requests: Request, failures: dict[str, str] | None = None) -> Plan:
    return Plan(tasks=(), requests=requests, failures=failures or {})


def send(planned: Plan, model: CountingModel, directory: Path, *, batch_size: int = 2) -> None:
    responses = read_responses(directory)
    workload = make_workload(planned, responses, batch_size=batch_size)

    def begin(fresh: bool) -> None:
        with AppendLog(directory / RESPONSES) as log:
            log.append(shared_rows(planned, responses))

    with (
        DirectoryLocks(directory, alone=False) as locks,
        Session(locks, settings={}, launch=new_token(), fresh=False) as session,
    ):
        session.enter(begin)
        infer(planned, model, session, workload)


def statuses(directory: Path) -> list[str]:
    return [row["status"] for row in read_rows(directory / RESPONSES)]


def test_one_request_of_two_tasks_is_sent_once_and_stored_for_both(tmp_path: Path) -> None:
    model = CountingModel()
    send(plan(request("a"), request("a", task="u")), model, tmp_path)
    assert model.asked == [["a"]]
    rows = list(read_rows(tmp_path / RESPONSES))
    assert [(row["task"], row["request"]) for row in rows] == [("t", "a"), ("u", "a")]


def test_a_task_added_later_takes_the_stored_reply(tmp_path: Path) -> None:
    send(plan(request("a")), CountingModel(), tmp_path)
    model = CountingModel()
    send(plan(request("a"), request("a", task="u")), model, tmp_path)
    assert model.asked == []
    assert len(list(read_rows(tmp_path / RESPONSES))) == 2


def test_batches_form_the_same_after_a_restart(tmp_path: Path) -> None:
    keys = "abcdef"
    send(plan(*map(request, "abc")), CountingModel(), tmp_path, batch_size=2)
    model = CountingModel()
    send(plan(*map(request, keys)), model, tmp_path, batch_size=2)
    assert model.asked == [["d"], ["e", "f"]]


def test_a_failed_request_is_a_row_and_is_tried_again_by_the_next_run(tmp_path: Path) -> None:
    send(plan(request("a"), request("b")), CountingModel(failing=["b"]), tmp_path)
    assert statuses(tmp_path) == ["ok", "failed"]
    model = CountingModel()
    send(plan(request("a"), request("b")), model, tmp_path)
    assert model.asked == [["b"]]
    key = ("t", "b", "b")
    assert reply_from_row(read_responses(tmp_path).rows[key]).text == "b"


def test_a_batch_the_model_refuses_fails_as_rows_and_the_run_goes_on(tmp_path: Path) -> None:
    model = CountingModel()
    send(plan(request("a"), request("explode"), request("c")), model, tmp_path)
    assert statuses(tmp_path) == ["failed", "failed", "ok"]


def test_a_request_without_a_video_is_never_sent(tmp_path: Path) -> None:
    model = CountingModel()
    send(plan(request("a"), request("b"), failures={"a": "v.mp4 is empty"}), model, tmp_path)
    assert model.asked == [["b"]]
    assert statuses(tmp_path) == ["failed", "ok"]


def test_repeats_are_rows_of_their_own_and_one_query(tmp_path: Path) -> None:
    first = request("a", query_id="1")
    again = replace(request("b", query_id="1"), repeat=1)
    planned = plan(first, again)
    send(planned, CountingModel(), tmp_path)
    rows = list(read_rows(tmp_path / RESPONSES))
    assert [(row["query_id"], row.get("repeat")) for row in rows] == [("1", None), ("1", 1)]
    work = make_workload(planned, read_responses(tmp_path), batch_size=8)
    assert (work.n_queries, work.n_distinct, work.n_stored) == (1, 2, 2)


def test_the_workload_counts_what_is_stored(tmp_path: Path) -> None:
    send(plan(request("a")), CountingModel(), tmp_path)
    work = make_workload(
        plan(request("a"), request("b"), request("b", task="u")),
        read_responses(tmp_path),
        batch_size=8,
    )
    assert (work.n_queries, work.n_distinct, work.n_stored, work.n_to_send) == (3, 2, 1, 1)
