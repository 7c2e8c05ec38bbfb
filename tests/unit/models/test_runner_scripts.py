"""The parts of the runners that need no project: arithmetic, reading, and what they may import."""

import ast
import importlib
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from rarft.harness.models.bridge_command import RUNNERS
from rarft.harness.models.bridge_conformance import Trial, check_runner

FOREIGN = ("na_vmr", "project", "protocol", "ratsg", "timechat", "timesuite", "trace")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "bridge.md"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A function that imports a runner's script, and forgets it with the test."""
    monkeypatch.syspath_prepend(str(RUNNERS))
    before = {name: sys.modules.pop(name, None) for name in FOREIGN}

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield load
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


@pytest.mark.parametrize("name", FOREIGN)
def test_a_script_is_of_an_old_python_and_imports_nothing_but_the_standard_library(
    name: str,
) -> None:
    source = (RUNNERS / f"{name}.py").read_text()
    tree = ast.parse(source, feature_version=(3, 7))
    named = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add(str(node.module).partition(".")[0])
    assert named <= {*sys.stdlib_module_names, "project", "protocol"}
    # Builtins as types are of Python 3.9; annotations are never evaluated here.
    assert "from __future__ import annotations" in source


def test_trace_reads_the_times_of_each_event_between_its_special_tokens(runner) -> None:
    trace = runner("trace")
    digits = {str(digit): trace.FIRST_TIME + 2 + digit for digit in range(10)}
    digits["."] = trace.FIRST_TIME + 12
    letters = {number - trace.FIRST_TIME: letter for letter, number in digits.items()}

    def written(text: str) -> list[int]:
        return [digits[letter] for letter in text]

    end, next_time = trace.FIRST_TIME, trace.FIRST_TIME + 1
    tokens = [*written("0012.5"), next_time, *written("0020.0"), end, 5, trace.FIRST_SCORE, 7]
    tokens += [*written("0003.0"), end, end, *written("1.2.3"), next_time, *written("9"), end]
    events = trace.read_times(tokens, letters.__getitem__)
    assert events[:3] == [[12.5, 20.0], [3.0], []]
    assert math.isnan(events[3][0])
    assert trace.reply_from_events(events) == {"relevant": True, "spans": [[12.5, 20.0]]}
    # One time, none, or what is no number: nothing was grounded.
    assert trace.reply_from_events(events[1:]) == {"relevant": False, "spans": []}


def test_timesuite_takes_the_middle_of_equal_parts(runner) -> None:
    assert runner("timesuite").frame_numbers(9, 4) == [1, 3, 5, 7]
    assert runner("timesuite").frame_numbers(1, 3) == [0, 0, 0]


def test_na_vmr_takes_the_window_of_the_highest_score_and_cuts_it_to_the_video(runner) -> None:
    spans = [[0.1, 0.2], [-0.1, 0.5], [0.5, 1.2]]
    best_window = runner("na_vmr").best_window
    assert best_window(spans, [0.1, 0.9, 0.9], 10.0) == [0.0, 5.0]
    assert best_window(spans, [0.1, 0.2, 0.9], 10.0) == [5.0, 10.0]


def test_ratsg_counts_clips_from_one_and_includes_the_last(runner) -> None:
    assert runner("ratsg").seconds_of(1, 1, n_clips=4, duration_s=20.0) == [0.0, 5.0]
    assert runner("ratsg").seconds_of(2, 4, n_clips=4, duration_s=20.0) == [5.0, 20.0]


def test_a_text_is_read_from_a_projects_script_and_its_absence_is_one_line(
    runner, tmp_path: Path
) -> None:
    script = tmp_path / "evaluate.py"
    script.write_text("state.system = 'Be\\nbrief.'\nchat = {'other': 1, 'greeting': 'Hello'}\n")
    written_text = runner("project").written_text
    assert written_text(str(script), "system") == "Be\nbrief."
    assert written_text(str(script), "greeting") == "Hello"
    with pytest.raises(runner("protocol").CannotStartError, match="sets no absent"):
        written_text(str(script), "absent")


def test_the_runner_of_the_page_keeps_the_protocol_in_thirty_lines(
    make_clip, tmp_path: Path
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (script,) = [
        block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "serve(" in block
    ]
    assert len(script.splitlines()) <= 30
    (tmp_path / "mine.py").write_text(script)
    (tmp_path / "protocol.py").write_text((RUNNERS / "protocol.py").read_text())
    trial = Trial(
        arguments=(sys.executable, str(tmp_path / "mine.py")),
        video=make_clip("a.mp4"),
        folder=tmp_path / "logs",
        n_requests=5,
    )
    assert [(check.name, check.seen) for check in check_runner(trial) if not check.passed] == []
