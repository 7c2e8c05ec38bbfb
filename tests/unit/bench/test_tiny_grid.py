"""The grid of the tiny proof: its processes, what they used, and what is left to do."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rarft.harness.errors import UserError

BUSY = "import time\nend = time.process_time() + 0.1\nwhile time.process_time() < end: pass"


@pytest.fixture
def jobs(script):
    return script("tiny_jobs")


@pytest.fixture
def record(script, tmp_path):
    return lambda: script("tiny_record").GridRecord(tmp_path / "grid.json")


def python_job(jobs, folder: Path, name: str, code: str):
    return jobs.Job(
        name=name, command=(sys.executable, "-S", "-c", code), log=folder / f"{name}.log"
    )


def test_a_job_uses_one_thread_and_its_processor_seconds_are_counted(jobs, tmp_path) -> None:
    told = {}
    asked = [
        python_job(jobs, tmp_path, "busy", BUSY),
        python_job(jobs, tmp_path, "env", "import os; print(os.environ['OMP_NUM_THREADS'])"),
    ]
    failed = jobs.run_jobs(
        asked, n_at_once=2, on_usage=lambda job, usage: told.update({job.name: usage})
    )
    assert failed == []
    assert (tmp_path / "env.log").read_text() == "1\n"
    assert 0.1 <= told["busy"].processor_s < 3
    assert told["busy"].wall_s >= 0.1
    assert told["busy"].code == 0


def test_a_failure_stops_no_other_job(jobs, tmp_path) -> None:
    told = []
    asked = [
        python_job(jobs, tmp_path, "bad", "raise SystemExit(3)"),
        python_job(jobs, tmp_path, "good", "print('done')"),
    ]
    failed = jobs.run_jobs(
        asked, n_at_once=1, on_usage=lambda job, usage: told.append((job.name, usage.code))
    )
    assert [job.name for job in failed] == ["bad"]
    assert told == [("bad", 3), ("good", 0)]


def test_seconds_of_every_session_are_summed_over_the_seeds_of_an_arm(jobs, record) -> None:
    def used(name: str, seconds: float, code: int | None) -> None:
        job = jobs.Job(name=name, command=(), log=Path(name))
        tell = record().teller("training")
        # What a running job has used so far is replaced by what it used in all.
        tell(job, jobs.Usage(processor_s=seconds / 2, wall_s=1))
        tell(job, jobs.Usage(processor_s=seconds, wall_s=2, code=code))

    used("refuse_iou-0", 10.0, -9)
    used("refuse_iou-0", 5.0, 0)
    used("refuse_iou-1", 7.0, 0)
    used("sft-0", 1.0, 0)
    assert record().processor_s("training") == {"refuse_iou": 22.0, "sft": 1.0}
    assert record().processor_s("evaluation") == {}


def test_a_run_that_has_begun_is_asked_nothing_else(record) -> None:
    record().expect("sft-0", {"base": "a", "seed": 0}, has_begun=False)
    record().expect("sft-0", {"base": "b", "seed": 0}, has_begun=False)
    record().expect("sft-0", {"base": "b", "seed": 0}, has_begun=True)
    with pytest.raises(UserError, match="run sft-0 with another base"):
        record().expect("sft-0", {"base": "a", "seed": 0}, has_begun=True)


def test_the_processes_of_a_killed_grid_end_with_it(tmp_path) -> None:
    if sys.platform != "linux":
        pytest.skip("the kernel ends them on Linux")
    bench = Path(__file__).resolve().parents[3] / "bench"
    code = (
        f"import sys; sys.path.insert(0, {str(bench)!r})\n"
        "from pathlib import Path\nfrom tiny_jobs import Job, run_jobs\n"
        "sleep = 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'\n"
        "job = Job(name='a', command=(sys.executable, '-S', '-c', sleep), log=Path('a.log'))\n"
        "run_jobs([job], n_at_once=1, on_usage=lambda job, usage: None)\n"
    )
    with subprocess.Popen([sys.executable, "-S", "-c", code], cwd=tmp_path) as grid:
        log = tmp_path / "a.log"
        wait_until(lambda: log.is_file() and log.read_text().strip())
        grid.send_signal(signal.SIGKILL)
    child = int(log.read_text())
    wait_until(lambda: not is_alive(child))


def wait_until(holds) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z" and os.getpgid(pid) > 0


@pytest.fixture
def grid(script, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text("{}")
    return script("tiny_proof").Grid(base=base, output=tmp_path / "out")


def test_an_arm_is_trained_by_its_recipe_from_the_base_and_goes_on(script, grid) -> None:
    command = script("tiny_proof").train_job(grid, "refuse_iou", 2).command
    assert command[1:5] == ("-m", "rarft.trainer.cli", "--config", "tiny_refuse_iou")
    given = dict(zip(command[5::2], command[6::2], strict=True))
    assert given == {
        "--seed": "2",
        "--model_name_or_path": str(grid.base),
        "--output_dir": str(grid.output / "refuse_iou-2"),
        "--resume_from_checkpoint": "true",
    }


def test_every_arm_has_a_recipe_and_every_run_a_folder_of_its_own(script, grid) -> None:
    asked = [script("tiny_proof").asked_of(grid, arm, seed) for arm, seed in grid.runs]
    assert len(asked) == 15
    assert len({one["recipe_sha256"] for one in asked}) == 5
    assert len({script("tiny_proof").train_job(grid, *run).name for run in grid.runs}) == 15


def test_a_run_is_complete_when_its_record_is_written(script, grid, tmp_path) -> None:
    folder = tmp_path / "run"
    for name in ("model/model.safetensors", "eval/train.json"):
        assert not script("tiny_proof").is_trained(folder)
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
    assert script("tiny_proof").is_trained(folder)


def test_other_weights_or_another_limit_are_evaluated_again(script, grid) -> None:
    module = script("tiny_proof")
    assert not module.is_evaluated(grid, "base")
    path = module.evaluation_folder(grid, "base") / "results.json"
    path.parent.mkdir(parents=True)
    told = {"model": {"revision": module.revision_of(grid.base)}, "config": {"limit": 1000.0}}
    path.write_text(json.dumps(told))
    assert module.is_evaluated(grid, "base")
    (grid.base / "config.json").write_text("{ }")
    assert not module.is_evaluated(grid, "base")
    path.write_text(json.dumps(told | {"config": {"limit": 10.0}}))
    assert not module.is_evaluated(grid, "base")


def test_a_folder_that_holds_no_base_is_refused(script, grid) -> None:
    (grid.base / "config.json").unlink()
    with pytest.raises(UserError, match=r"a folder without config\.json"):
        script("tiny_proof").run_grid(grid)
