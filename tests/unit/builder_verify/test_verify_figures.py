"""What verification is worth: the labelled set, worlds whose truth is exact, and the command."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from rarft.dataset_builder.cli import main
from rarft.dataset_builder.row_files import write_rows
from rarft.dataset_builder.store import CANDIDATES, ROWS, VERDICTS, read_verdicts, row_of
from rarft.dataset_builder.verify import Checks
from rarft.dataset_builder.verify.labelled import figures, read_labelled, verdicts_on
from rarft.harness.stages.append_log import AppendLog

ROOT = Path(__file__).resolve().parents[3]
LABELLED = ROOT / "tests" / "golden" / "verify_200.jsonl"


def load(path: Path):
    spec = importlib.util.spec_from_file_location(f"script_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rates():
    items = list(read_labelled(LABELLED))
    found = figures(items, verdicts_on(items, Checks()))
    return {one.fault: one for one in found}


def test_the_labelled_set_is_what_its_script_writes() -> None:
    script = load(ROOT / "tests" / "golden" / "make_verify_200.py")
    written = list(script.written_items())
    made = [*written, *script.drawn_items(len(written))]
    stored = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    assert len(stored) == 200
    assert made == stored


def test_at_most_one_sound_rewrite_in_ten_is_rejected(rates) -> None:
    assert rates[""].n_items == 90
    assert rates[""].rejected <= 0.10


@pytest.mark.parametrize(
    ("fault", "at_least"),
    [("unchanged", 1.0), ("paraphrase", 0.93), ("category", 0.93), ("level", 0.95),
     ("true_elsewhere", 0.9), ("length", 1.0), ("refusal", 1.0), ("leak", 1.0), ("span", 1.0)],
)  # fmt: skip
def test_faults_are_found(rates, fault, at_least) -> None:
    assert rates[fault].rejected >= at_least


def test_of_worlds_that_are_known_almost_all_that_is_accepted_is_false() -> None:
    bench = load(ROOT / "bench" / "verify.py")
    rows, made = bench.stand_in(n_records=80, seed=11)
    found = bench.synth_figures(rows, made, Checks())
    assert found["n_planted"] >= 10
    assert found["really_false"] >= 0.99
    assert found["planted_rejected"] >= 0.95
    assert found["false_rejects"] <= 0.05


@pytest.fixture
def build(tmp_path, row, candidate):
    write_rows(tmp_path / ROWS, [row("A man opens a box.")])
    made = [
        candidate("A man opens a bag.", id="a", refusal="The man opens a box and no bag."),
        candidate("A guy opens a carton.", id="b"),
    ]
    with AppendLog(tmp_path / CANDIDATES) as log:
        log.append([row_of(one) for one in made])
    return tmp_path


def test_the_command_judges_what_has_no_verdict(build, capsys) -> None:
    assert main(["verify", str(build)]) == 0
    assert "2 candidates, 1 accepted, 2 judged now" in capsys.readouterr().out
    verdicts = read_verdicts(build)
    assert [one.accepted for one in verdicts.values()] == [True, False]
    stored = (build / VERDICTS).read_bytes()
    assert main(["verify", str(build)]) == 0
    assert "0 judged now" in capsys.readouterr().out
    assert (build / VERDICTS).read_bytes() == stored


def test_the_command_measures_on_a_labelled_set(tmp_path, capsys) -> None:
    few = tmp_path / "few.jsonl"
    lines = LABELLED.read_text(encoding="utf-8").splitlines()
    few.write_text("\n".join([*lines[:3], lines[70]]), encoding="utf-8")
    assert main(["verify", "--labelled", str(few)]) == 0
    assert "few.jsonl: 4 candidates" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["[]", "{", '{"candidate": {}}'])
def test_a_line_that_is_no_item_is_named(tmp_path, capsys, line) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line)
    assert main(["verify", "--labelled", str(path)]) == 2
    assert "bad.jsonl:1 that is no labelled candidate" in capsys.readouterr().err


@pytest.mark.parametrize("given", [[], ["x", "--labelled", "y"]])
def test_the_command_needs_a_build_or_a_labelled_set(capsys, given) -> None:
    assert main(["verify", *given]) == 2
    assert "expected one of them" in capsys.readouterr().err
