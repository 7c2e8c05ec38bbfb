import subprocess
import sys
from pathlib import Path

import pytest

from rarft.harness.errors import BusyError, UserError
from rarft.harness.stages.run_lock import hold

HOLD_FOREVER = """
import sys, time
from pathlib import Path
from rarft.harness.stages.run_lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_on_one_directory_refuses(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD_FOREVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    with other.stdout:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="another run"), hold(tmp_path):
            pass
        other.kill()
        other.wait()
    with hold(tmp_path):
        pass


def test_a_directory_can_be_held_again_after_it_was_let_go(tmp_path: Path) -> None:
    for _ in range(2):
        with hold(tmp_path / "new"):
            pass


def test_a_directory_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="output_path"), hold(tmp_path / "file"):
        pass
