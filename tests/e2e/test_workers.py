"""Several workers in one output directory: each query once, and the results of a single worker."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.stages.append_log import read_rows

RUNNER = Path(__file__).parent.parent / "servers" / "slow_runner.py"
CARD = """
name: slow
family: base
backend: bridge
own_frames: none
prompt: {refusal: 'Query: {query}', native: 'Query: {query}'}
output: {form: answer_correction}
licence: MIT
source: the test
"""
N_RECORDS = 20
N_QUERIES = 2 * N_RECORDS
N_VIDEOS = 6
ENDS_S = 120


class Site:
    """A task of 40 queries on six videos, and a model that takes its time for each."""

    def __init__(self, outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.outside = outside
        self.root = tmp_path
        self.monkeypatch = monkeypatch
        (outside / "slow.yaml").write_text(CARD)
        records = json.loads((outside / "outside.json").read_text())
        many = []
        for index in range(N_RECORDS):
            text = json.dumps(records[index % N_VIDEOS])
            many.append(json.loads(text.replace("ball rolls", f"ball rolls {index}")))
        (outside / "outside.json").write_text(json.dumps(many))
        self.log_in("asked")

    def log_in(self, name: str, *, crew: int = 1, seconds: float = 0.0, fails: str = "") -> None:
        """Say where the model writes what it is asked, and how many wait for each other."""
        self.monkeypatch.setenv("SLOW_RUNNER_LOG", str(self.root / name))
        self.monkeypatch.setenv("SLOW_RUNNER_S", str(seconds))
        self.monkeypatch.setenv("SLOW_RUNNER_FAILS", fails)
        self.monkeypatch.setenv("SLOW_RUNNER_CREW", str(crew))

    def flags(self, name: str, *more: str, model_args: dict[str, Any] | None = None) -> list[str]:
        arguments = {"command": f"{sys.executable} {RUNNER}", **(model_args or {})}
        return [
            *("run", "--model", "slow", "--tasks", "outside", "--include_path", str(self.outside)),
            *("--output_path", str(self.root / name), "--batch_size", "1", "--n_resamples", "50"),
            *("--model_args", json.dumps(arguments), *more),
        ]

    def start(self, flags: Sequence[str], **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "rarft.harness.cli", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, **environ},
        )

    def whole(self, *more: str) -> bytes:
        """The results of one worker that nothing happens to, without the number of workers."""
        assert main(self.flags("whole", *more)) == 0
        return self.results("whole")

    def results(self, name: str) -> bytes:
        content = json.loads((self.root / name / "results.json").read_text())
        del content["provenance"]["n_workers"]
        return json.dumps(content).encode()

    def n_workers(self, name: str) -> int:
        content = json.loads((self.root / name / "results.json").read_text())
        return int(content["provenance"]["n_workers"])

    def is_shared(self, name: str) -> bool:
        """Whether two workers have sent something."""
        return (self.root / name / "journal.jsonl").exists() and self.senders(name) == {0, 1}

    def is_met(self, log: str, *, crew: int) -> bool:
        """Whether so many runners have been asked something: none waits for another any more."""
        return len([*self.root.glob(f"{log}.*.here")]) >= crew

    def samples(self, name: str) -> bytes:
        return (self.root / name / "samples_outside.jsonl").read_bytes()

    def rows(self, name: str) -> list[dict[str, Any]]:
        return list(read_rows(self.root / name / "responses.jsonl"))

    def asked(self, name: str = "asked") -> Counter[str]:
        path = self.root / name
        return Counter(path.read_text().splitlines() if path.exists() else ())

    def senders(self, name: str) -> set[int]:
        rows = read_rows(self.root / name / "journal.jsonl")
        return {row["worker"] for row in rows if row["event"] == "sent"}


@pytest.fixture
def site(outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(outside, tmp_path, monkeypatch)


def wait_until(is_so: Callable[[], bool], *workers: subprocess.Popen[str]) -> None:
    deadline_s = time.monotonic() + ENDS_S
    while not is_so():
        assert time.monotonic() < deadline_s
        ended = [worker for worker in workers if worker.poll() is not None]
        assert not ended, ended[0].communicate()[1]
        time.sleep(0.01)


def end(worker: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = worker.communicate(timeout=ENDS_S)
    return worker.returncode, out, err


def kill(worker: subprocess.Popen[str]) -> None:
    os.killpg(worker.pid, signal.SIGKILL)
    worker.communicate()


def test_two_workers_and_one_killed_give_every_query_once_and_the_results_of_one(
    site: Site,
) -> None:
    whole = site.whole()
    site.log_in("shared_asked", crew=2, seconds=0.1)
    doomed = site.start(site.flags("shared"))
    other = site.start(site.flags("shared"))
    wait_until(lambda: site.is_shared("shared") and len(site.rows("shared")) >= 8, doomed, other)
    kill(doomed)
    code, out, err = end(other)
    assert code == 0, err
    assert "outside" in out
    rows = site.rows("shared")
    assert len({row["request"] for row in rows}) == len(rows) == N_QUERIES
    asked = site.asked("shared_asked")
    assert set(asked) == set(site.asked())
    # Only what the killed worker had asked and could not store is asked again.
    assert sum(asked.values()) <= N_QUERIES + 1
    assert site.results("shared") == whole
    assert site.samples("shared") == site.samples("whole")
    assert site.n_workers("shared") == 2


def test_a_worker_that_comes_late_shares_the_rest_and_one_of_both_scores(site: Site) -> None:
    whole = site.whole()
    site.log_in("late_asked", crew=2, seconds=0.02)
    first = site.start(site.flags("late"))
    wait_until((site.root / "late" / "responses.jsonl").exists, first)
    second = site.start(site.flags("late"))
    ends = [end(first), end(second)]
    assert [code for code, _, _ in ends] == [0, 0]
    assert site.asked("late_asked") == site.asked()
    assert site.senders("late") == {0, 1}
    assert site.results("late") == whole
    scored = [out for _, out, _ in ends if out]
    assert len(scored) == 1
    quiet = next(err for _, out, err in ends if not out)
    assert "every request is answered; worker" in quiet
    assert "judges and scores" in quiet


def test_another_configuration_in_a_directory_at_work_is_one_line_that_says_what_differs(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.log_in("busy_asked", crew=9)
    first = site.start(site.flags("busy"))
    wait_until((site.root / "busy" / "responses.jsonl").exists, first)
    capsys.readouterr()
    for flags, said in (
        (("--seed", "1"), "config.seed 0, here 1"),
        (("--limit", "5"), "config.limit None, here 5"),
        (("--fresh",), "another run is using"),
    ):
        assert main(site.flags("busy", *flags)) == 2
        shown = capsys.readouterr().err
        assert shown.count("\n") == 1
        assert "another run is using" in shown
        assert said in shown
    assert main(["score", str(site.root / "busy")]) == 2
    assert "another run is using" in capsys.readouterr().err
    kill(first)


def test_a_run_begun_by_one_worker_is_ended_by_three(site: Site) -> None:
    whole = site.whole()
    site.log_in("grown_asked", seconds=0.1)
    first = site.start(site.flags("grown"))
    wait_until(
        lambda: (site.root / "grown" / "responses.jsonl").exists() and len(site.rows("grown")) >= 5,
        first,
    )
    kill(first)
    n_before = len(site.rows("grown"))
    assert 5 <= n_before < N_QUERIES
    site.log_in("grown_asked")
    flags = site.flags("grown", model_args={"data_parallel_size": 3})
    code, _, err = end(site.start(flags))
    assert code == 0, err
    assert len(site.rows("grown")) == N_QUERIES
    assert sum(site.asked("grown_asked").values()) <= N_QUERIES + 1
    assert site.results("grown") == whole


def test_data_parallel_size_shares_limits_and_failures_and_is_no_part_of_a_name(
    site: Site,
) -> None:
    more = ("--limit", "24")
    site.log_in("asked", fails="blue ball rolls 3 ")
    whole = site.whole(*more)
    site.log_in("parallel_asked", crew=2, seconds=0.02, fails="blue ball rolls 3 ")
    flags = site.flags("parallel", *more, model_args={"data_parallel_size": 2})
    code, out, err = end(site.start(flags))
    assert code == 0, err
    assert "outside" in out
    assert site.asked("parallel_asked") == site.asked()
    assert set(site.asked().values()) == {1}
    assert sum(row["status"] == "failed" for row in site.rows("parallel")) == 1
    assert site.n_workers("parallel") == 2
    assert site.results("parallel") == whole
    config = json.loads((site.root / "parallel" / "results.json").read_text())["config"]
    assert "data_parallel_size" not in config["model_args"]
    # What failed is tried once more by the next run, whoever runs it.
    site.log_in("again_asked")
    assert main(site.flags("parallel", *more)) == 0
    assert len(site.asked("again_asked")) == 1


def test_what_is_wrong_with_the_command_is_said_once(site: Site) -> None:
    flags = site.flags("wrong", model_args={"data_parallel_size": 3, "hello_timeout_s": -1})
    code, _, err = end(site.start(flags))
    assert code == 2
    assert err.count("hello_timeout_s") == err.count("rarft-eval:") == 1
    assert "Traceback" not in err
    code, _, err = end(site.start(site.flags("wrong", model_args={"data_parallel_size": 0})))
    assert (code, err.count("\n")) == (2, 1)


def test_a_worker_of_the_command_that_dies_is_reported_and_the_others_do_its_work(
    site: Site,
) -> None:
    whole = site.whole()
    site.log_in("dying_asked", crew=2, seconds=0.1)
    command = site.start(site.flags("dying", model_args={"data_parallel_size": 2}))
    wait_until(lambda: site.is_shared("dying") and site.is_met("dying_asked", crew=2), command)
    os.kill(children(command.pid)[1], signal.SIGKILL)
    code, out, err = end(command)
    assert code == 0, err
    assert "outside" in out
    assert "worker 1 stopped: killed by SIGKILL" in err
    assert site.results("dying") == whole
    assert sum(site.asked("dying_asked").values()) <= N_QUERIES + 1


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_a_signal_to_the_command_ends_all_its_workers(site: Site, number: signal.Signals) -> None:
    site.log_in("stopped_asked", crew=9)
    command = site.start(site.flags("stopped", model_args={"data_parallel_size": 2}))
    wait_until(lambda: site.is_shared("stopped"), command)
    workers = children(command.pid)
    os.kill(command.pid, number)
    code, _, err = end(command)
    assert code == {signal.SIGINT: 130, signal.SIGTERM: 143}.get(number, -9), err
    deadline_s = time.monotonic() + 20
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    assert len(site.rows("stopped")) < N_QUERIES


def test_ranks_of_a_launcher_share_a_directory_and_speak_with_one_voice(site: Site) -> None:
    whole = site.whole()
    site.log_in("ranked_asked", crew=2, seconds=0.02)
    ranks = [
        site.start(
            site.flags("ranked", "--fresh"),
            RANK=str(rank),
            LOCAL_RANK=str(rank),
            WORLD_SIZE="2",
            LOCAL_WORLD_SIZE="2",
            MASTER_ADDR="localhost",
            MASTER_PORT="1",
        )
        for rank in range(2)
    ]
    ends = [end(rank) for rank in ranks]
    assert [code for code, _, _ in ends] == [0, 0], ends
    assert site.asked("ranked_asked") == site.asked()
    assert site.results("ranked") == whole
    assert sum("outside" in out for _, out, _ in ends) == 1
    assert "replies" not in ends[1][2]


@pytest.mark.slow
def test_torchrun_starts_workers_that_share_a_directory(site: Site) -> None:
    whole = site.whole()
    site.log_in("launched_asked", crew=2, seconds=0.02)
    launcher = ("-m", "torch.distributed.run", "--nproc_per_node", "2", "--no-python")
    command = (sys.executable, "-m", "rarft.harness.cli", *site.flags("launched"))
    done = subprocess.run(
        [sys.executable, *launcher, *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_S,
    )
    assert done.returncode == 0, done.stderr
    assert site.asked("launched_asked") == site.asked()
    assert site.results("launched") == whole
    assert done.stdout.count("Explanations: Over irrelevant") == 1
    wrong = (*command, "--seed", "-1")
    done = subprocess.run(
        [sys.executable, *launcher, *wrong],
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_S,
    )
    assert done.returncode != 0
    assert done.stderr.count("rarft-eval: got --seed -1") == 1


@pytest.mark.slow
def test_four_workers_killed_at_random_and_replaced_lose_nothing(site: Site) -> None:
    whole = site.whole("--gen_kwargs", "temperature=1.0", "--repeats", "3")
    site.log_in("soaked_asked", seconds=0.2)
    flags = site.flags("soaked", "--gen_kwargs", "temperature=1.0", "--repeats", "3")
    dice = random.Random(4)
    workers = [site.start(flags) for _ in range(4)]
    n_kills = 0
    deadline_s = time.monotonic() + 4 * ENDS_S
    while len([w for w in workers if w.poll() == 0]) < 1:
        assert time.monotonic() < deadline_s
        time.sleep(dice.uniform(0.5, 3))
        live = [worker for worker in workers if worker.poll() is None]
        if n_kills < 10 and live:
            kill(dice.choice(live))
            n_kills += 1
        while sum(worker.poll() is None for worker in workers) < 4 and n_kills < 10:
            workers.append(site.start(flags))
    for worker in workers:
        if worker.returncode != -signal.SIGKILL:
            assert end(worker)[0] == 0
    rows = site.rows("soaked")
    assert len({row["request"] for row in rows}) == len(rows) == 3 * N_QUERIES
    assert sum(site.asked("soaked_asked").values()) <= 3 * N_QUERIES + n_kills
    assert site.results("soaked") == whole


def children(pid: int) -> list[int]:
    """The worker processes that a command has started, in the order of their start."""
    path = Path(f"/proc/{pid}/task")
    found = [int(child) for task in path.iterdir() for child in _read(task / "children").split()]
    return sorted(found)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
