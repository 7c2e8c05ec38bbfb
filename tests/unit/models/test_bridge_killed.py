"""A harness that is killed leaves no runner behind, idle or at work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rarft.harness.models.bridge_command import RUNNERS

RUNNER = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from protocol import serve

def answer(request):
    with open(sys.argv[2], "w") as file:
        file.write(str(os.getpid()))
    time.sleep(60 if request["query"] == "long" else 0)
    return {"text": "done"}

sys.exit(serve(answer, {"name": "slow", "licence": "", "engine": {"slow": "1"}}))
"""
HARNESS = """
import shlex, sys, time
from pathlib import Path
from rarft.harness.models import load_model
from rarft.harness.models.base import Request
from rarft.harness.models.card import Card
from rarft.harness.types import Query

folder, text, command = Path(sys.argv[1]), sys.argv[2], shlex.join(sys.argv[3:])
card = Card(name="m", family="base", backend="bridge", licence="MIT", source="test")
model = load_model(card, model_args={"command": command}, generation={}, batch_size=1, seed=0,
                   cache=folder)
query = Query(id="0", task="t", video="a.mp4", text=text, relevant=True, record="0")
model.generate([Request(key="k", query=query, prompt=text)])
(folder / "answered").touch()
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    """Whether a process is there and is not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(is_so, *, seconds: float) -> bool:
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        if is_so():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc here")
@pytest.mark.parametrize(("text", "sign"), [("short", "answered"), ("long", "pid")])
def test_a_runner_ends_with_a_harness_that_was_killed(text: str, sign: str, tmp_path: Path) -> None:
    for name, script in (("runner.py", RUNNER), ("harness.py", HARNESS)):
        (tmp_path / name).write_text(script)
    pid_file = tmp_path / "pid"
    runner = [sys.executable, str(tmp_path / "runner.py"), str(RUNNERS), str(pid_file)]
    harness = subprocess.Popen(
        [sys.executable, str(tmp_path / "harness.py"), str(tmp_path), text, *runner]
    )
    try:
        assert wait_until(lambda: (tmp_path / sign).exists(), seconds=40)
        assert wait_until(lambda: pid_file.read_text() != "", seconds=5)
        pid = int(pid_file.read_text())
        assert is_running(pid)
        os.kill(harness.pid, signal.SIGKILL)
    finally:
        harness.kill()
        harness.wait()
    assert wait_until(lambda: not is_running(pid), seconds=10)
