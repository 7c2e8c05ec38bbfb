"""The same figures from lm-eval's own evaluator and from lm-eval's own command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rarft.harness import METRICS, evaluate

CHECKED = [f"{key},none" for key in METRICS]


def run_simple_evaluate(model: str, outside: Path) -> dict[str, float]:
    import lm_eval

    from rarft.harness.lm_eval import GroundingLM
    from rarft.harness.task_index import task_manager

    evaluated = lm_eval.simple_evaluate(
        model=GroundingLM(model, include_path=str(outside), batch_size=4),
        tasks=["outside"],
        task_manager=task_manager([outside]),
        bootstrap_iters=0,
    )
    assert evaluated is not None
    return dict(evaluated["results"]["outside"])


@pytest.mark.parametrize("model", ["outside_model", "always_ground", "oracle", "random"])
def test_simple_evaluate_gives_the_figures_of_rarft_eval(outside: Path, model: str) -> None:
    ours = evaluate(model, "outside", include_path=[outside], n_resamples=100)
    theirs = run_simple_evaluate(model, outside)
    results = ours["results"]["outside"]
    shared = {key: results[key] for key in CHECKED if key in theirs and results[key] is not None}
    assert len(shared) >= 8
    assert {key: theirs[key] for key in shared} == pytest.approx(shared)


def test_lm_evals_own_command_line_runs_our_model(outside: Path, tmp_path: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "rarft.harness.lm_eval", "run", "--model", "always_refuse"),
            *("--tasks", "outside", "--include_path", str(outside)),
            *("--output_path", str(tmp_path / "out"), "--limit", "4"),
        ],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    (path,) = (tmp_path / "out").rglob("results_*.json")
    results = json.loads(path.read_text())["results"]["outside"]
    assert results["ra_miou,none"] == 0.5
    assert results["f1_irrelevant,none"] == pytest.approx(2 / 3)
