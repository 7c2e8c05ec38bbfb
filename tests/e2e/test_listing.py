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


def test_models_says_how_far_each_has_been_verified(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["models"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split()[-1] == "verified"
    levels = {row.split()[0]: row.split()[-1] for row in rows}
    assert levels["time_r1"] == "architecture"
    assert levels["ratsg"] in ("none", "protocol")


def test_a_group_is_the_rows_of_its_members(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "rarft_hi"]) == 0
    shown = capsys.readouterr().out
    for name in ("hi_activitynet", "hi_charades", "hi_tvgbench"):
        assert name in shown
    assert "1,097" in shown
    assert "synth_hi" not in shown


def test_a_pattern_is_the_rows_of_the_tasks_it_matches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "hi_*"]) == 0
    shown = capsys.readouterr().out
    assert "hi_charades" in shown
    assert "hi_tvgbench" in shown
    assert "synth_hi" not in shown
    assert main(["tasks", "zz_*"]) == 2


def test_what_a_yaml_says_is_shown_as_it_is(
    outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = (outside / "outside.yaml").read_text()
    (outside / "outside.yaml").write_text(task.replace("licence: MIT", "licence: 'm[/x]'"))
    card = (outside / "outside_model.yaml").read_text()
    checkpoint = "someone/" + "long-" * 30 + "end"
    card = card.replace("package:tiny", checkpoint).replace("licence: MIT", "licence: '[/y]'")
    (outside / "outside_model.yaml").write_text(card)
    folder = ["--include_path", str(outside)]
    assert main(["tasks", *folder]) == 0
    assert main(["tasks", "outside", *folder]) == 0
    assert capsys.readouterr().out.count("m[/x]") == 2
    assert main(["models", *folder]) == 0
    shown = capsys.readouterr().out
    assert "[/y]" in shown
    assert "…" not in shown
    assert shown.count("long") >= 20


def test_a_folder_that_does_not_exist_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for listed in ("models", "tasks"):
        assert main([listed, "--include_path", str(tmp_path / "none")]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.count("\n") == 1
        assert "--include_path" in shown.err
