import json
from pathlib import Path

import pytest

from rarft.dataset_builder.cli import main
from rarft.dataset_builder.row_files import write_rows
from rarft.dataset_builder.types import Origin, Row
from rarft.harness.types import Query

ORIGIN = Origin(source="mine", split="test", licence="MIT", citation="", redistributable=True)


def write(path: Path, *, n: int = 24) -> None:
    write_rows(
        path,
        (
            Row(
                query=Query(
                    id=f"{i}",
                    task="t",
                    video=f"{i // 2}.mp4",
                    record=f"{i // 2}",
                    relevant=i % 2 == 0,
                    text=f"person opens box {i // 2}" + (" quietly" if i % 2 else ""),
                ),
                origin=ORIGIN,
            )
            for i in range(n)
        ),
    )


def test_a_build_is_measured_and_the_figures_are_stored_beside_it(tmp_path, capsys) -> None:
    write(tmp_path / "accepted.jsonl")
    arguments = ["guessability", str(tmp_path), "--encoder", "none", "--n_resamples", "20"]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    found = json.loads((tmp_path / "guessability.json").read_text())
    assert out.strip() == str(tmp_path / "guessability.json")
    assert found["blind"]["auc"] == 1.0
    assert found["target"] == 0.6
    assert "AUC 1.000, leakage 1.000, not under 0.6" in err


def test_a_target_that_is_no_leakage_is_refused_in_one_line(tmp_path, capsys) -> None:
    write(tmp_path / "rows.jsonl")
    assert main(["guessability", str(tmp_path / "rows.jsonl"), "--target", "0.4"]) == 2
    assert "expected a leakage above 0.5" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(tmp_path, capsys) -> None:
    assert main(["guessability", str(tmp_path)]) == 2
    assert "accepted.jsonl" in capsys.readouterr().err


@pytest.mark.parametrize("n", [0, 2])
def test_too_little_to_measure_is_said_in_one_line(tmp_path, capsys, n) -> None:
    write(tmp_path / "rows.jsonl", n=n)
    assert main(["guessability", str(tmp_path / "rows.jsonl"), "--encoder", "none"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
