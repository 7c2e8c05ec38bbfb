import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rarft.harness.models.bridge_command import RUNNERS
from rarft.harness.models.bridge_conformance import RULES, Check, Trial, check_runner

FAULTY = Path(__file__).resolve().parents[2] / "servers" / "faulty_runner.py"
STAND_INS = ("na_vmr", "ratsg", "timechat", "timesuite", "trace")
NOT_RUNNERS = ("hf", "project", "protocol")


def failed(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.seen for check in checks if not check.passed}


def test_every_runner_is_tried_here_or_end_to_end() -> None:
    assert sorted(path.stem for path in RUNNERS.glob("*.py")) == sorted((*STAND_INS, *NOT_RUNNERS))
    for name in STAND_INS:
        assert (RUNNERS / "requirements" / f"{name}.txt").is_file()


@pytest.mark.parametrize("name", STAND_INS)
def test_a_runner_keeps_the_protocol_with_a_stand_in_for_its_model(
    name: str, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    trial = Trial(
        arguments=(sys.executable, str(RUNNERS / f"{name}.py"), "--stand_in"),
        video=make_clip("a clip.mp4"),
        folder=tmp_path / "logs",
    )
    checks = check_runner(trial)
    assert failed(checks) == {}
    assert [check.name for check in checks] == list(RULES)


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ("silent", "said nothing in time"),
        ("dies_at_once", "ended with exit code 3; Traceback of the model | CUDA error"),
        ("gives_up", "gave up: got no torch, expected it"),
        ("later_protocol", "speaks protocol 2, expected 1"),
        ("wrong_hello", "wrote a wrong message: capabilities.batch"),
    ],
)
def test_a_runner_without_a_right_hello_fails_the_first_rule_and_is_tried_no_further(
    fault: str, broken: str, tmp_path: Path
) -> None:
    (check,) = check_runner(trial_of(fault, tmp_path))
    assert not check.passed
    assert check.seen.startswith(broken)


@pytest.mark.parametrize(
    ("fault", "rule", "seen"),
    [
        ("dies", "answers by id", "ended with exit code 3"),
        ("twice", "answers many requests", "which nobody waits for"),
        ("unknown_id", "answers by id", "answered id no such, which nobody waits for"),
        ("wrong_types", "answers many requests", "text: Input should be a valid string"),
        ("garbage", "writes nothing but messages to stdout", "wrote 9 lines"),
        ("none", "refuses a missing video and goes on", "about a video that is not there"),
        ("none", "passes over messages it does not know", "ended with exit code 1"),
        ("new_name_each_time", "starts again after it was killed", "said another hello"),
        ("ignores_the_end", "ends at bye", "ended with exit code -9"),
        ("closes_output", "answers many requests", "closed its output"),
    ],
)
def test_a_fault_fails_the_rule_it_breaks(
    fault: str, rule: str, seen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rarft.harness.models.bridge_process.TERMINATE_S", 0.2)
    only = {name: check for name, check in RULES.items() if name == rule}
    monkeypatch.setattr("rarft.harness.models.bridge_conformance.RULES", only)
    (check,) = check_runner(trial_of(fault, tmp_path))
    assert seen in check.seen


def trial_of(fault: str, tmp_path: Path) -> Trial:
    video = tmp_path / "bad.mp4"
    video.touch()
    return Trial(
        arguments=(sys.executable, str(FAULTY), fault, str(tmp_path)),
        video=video,
        folder=tmp_path / "logs",
        timeout_s=1.0 if fault in ("silent", "ignores_the_end") else 20.0,
        n_requests=3,
    )


@pytest.mark.parametrize("name", STAND_INS)
def test_a_runner_without_its_project_says_so_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "configs.json").write_text("{}")
    command = [sys.executable, str(RUNNERS / f"{name}.py"), "--checkpoint", str(tmp_path)]
    done = subprocess.run(
        command,
        input='{"type": "prepare"}\n',
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    hello, error = done.stdout.splitlines()
    assert '"type": "hello"' in hello
    assert '"id": null' in error
    assert "expected" in error
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("version", ["3.8", "3.9"])
def test_the_protocol_works_in_older_pythons_where_there_are_any(
    version: str, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-V"], check=False).returncode:
        pytest.skip(f"there is no Python {version} here")
    trial = Trial(
        arguments=(python, str(RUNNERS / "timechat.py"), "--stand_in"),
        video=make_clip("a.mp4"),
        folder=tmp_path,
        n_requests=5,
    )
    assert failed(check_runner(trial)) == {}
