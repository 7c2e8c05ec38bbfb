"""Why an engine did not start, told from what its processes wrote."""

import os
import subprocess
import sys
import time

import pytest

from rarft.harness.models.vllm_output import StartOutput, first_cause

LOG = [
    "(VllmWorker-0 pid=5) ERROR 11-21 17:20:07 [executor.py:948] WorkerProc failed to start.",
    "(VllmWorker-0 pid=5) ERROR 11-21 17:20:07 [executor.py:948] ValueError: too little memory",
    "(EngineCore pid=4) ERROR 11-21 17:20:12 [core.py:1433] Exception: WorkerProc initialization "
    "failed due to an exception in a background process. See stack trace for root cause.",
    "RuntimeError: Engine core initialization failed. See root cause above.",
]


def in_a_process(text: str) -> None:
    subprocess.run([sys.executable, "-c", f"import os; os.write(2, {text.encode()!r})"], check=True)


def fail_to_start() -> None:
    with StartOutput(shows=False) as output:
        in_a_process("\n".join(LOG) + "\n")
        raise RuntimeError(output.cause())


def test_the_cause_is_the_error_that_others_only_heard_of() -> None:
    assert first_cause(LOG) == "ValueError: too little memory"
    assert first_cause(LOG[2:]) is None
    assert first_cause(["FutureWarning: old", "an Error: without a name before it"]) is None


def test_a_failed_start_shows_nothing_and_gives_the_cause(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(RuntimeError, match="ValueError: too little memory"):
        fail_to_start()
    os.write(1, b"after\n")
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("after\n", "")


def test_all_is_shown_where_the_user_asks_for_it(capfd: pytest.CaptureFixture[str]) -> None:
    with StartOutput(shows=True) as output:
        in_a_process("KeyError: 'a'\n")
        assert output.cause() is None
    assert capfd.readouterr().err == "KeyError: 'a'\n"


def test_what_runs_on_is_heard_after_the_start(capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; sys.stdin.read(); print('runs')"
    with StartOutput(shows=False):
        child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, text=True)
        in_a_process("noise\n")
    child.communicate("")
    shown = ""
    for _ in range(200):
        shown += capfd.readouterr().err
        if "runs\n" in shown:
            break
        time.sleep(0.01)
    assert shown == "runs\n"
