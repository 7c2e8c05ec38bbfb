from pathlib import Path

import pytest

from rarft.harness.cli import main


def test_tasks_lists_counts_and_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks"]) == 0
    shown = capsys.readouterr().out
    assert "hi_charades" in shown
    assert "1,097" in shown
    assert "rarft_hi" in shown


def test_tasks_of_an_outside_folder_are_listed(
    outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tasks", "--include_path", str(outside)]) == 0
    assert "outside" in capsys.readouterr().out


def test_one_task_says_all_about_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "hi_charades"]) == 0
    shown = capsys.readouterr().out
    assert "1a12076817bbd8ab9c51d18c1c4aef80b28b053e" in shown
    assert "prior.allenai.org" in shown
    assert main(["tasks", "hi_charade"]) == 2


def test_models_says_which_are_untrained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert "tiny (untrained)" in capsys.readouterr().out
