"""The same figures from lm-eval's own evaluator and from lm-eval's own command line."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rarft.harness import METRICS, evaluate
from rarft.harness.errors import NotFoundError, UserError

N_VIDEOS = 6
CHECKED = [f"{key},none" for key in METRICS]


def run_simple_evaluate(model: str, outside: Path, **model_args: object) -> dict[str, Any]:
    import lm_eval

    from rarft.harness.lm_eval import GroundingLM
    from rarft.harness.task_index import task_manager

    evaluated = lm_eval.simple_evaluate(
        model=GroundingLM(model, include_path=str(outside), batch_size=4, **model_args),
        tasks=["outside"],
        task_manager=task_manager([outside]),
        bootstrap_iters=0,
    )
    assert evaluated is not None
    return dict(evaluated["results"]["outside"])


def given_figures(results: dict[str, Any]) -> dict[str, Any]:
    """Return what is not empty; lm-eval's standard errors are always "N/A" for these tasks."""
    return {
        key: value
        for key, value in results.items()
        if key.endswith(",none") and not key.endswith("_stderr,none") and value is not None
    }


def check_same_figures(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Check for one set of keys; intervals, counts, slices and what judges say are ours alone."""
    own, lm_evals = given_figures(ours), given_figures(theirs)
    judged = "rt_iou|sbert|llm_score|correction_sim|auroc|aurc|refusal_rate@"
    alone = re.compile(rf"(n_\w+|.*_ci_(low|high)|.*/.*|({judged}).*),none")
    assert {key for key in own if not alone.fullmatch(key)} == set(lm_evals)
    assert set(lm_evals) <= set(CHECKED)
    assert len(lm_evals) >= 8
    assert lm_evals == pytest.approx({key: own[key] for key in lm_evals})


@pytest.mark.parametrize("model", ["outside_model", "always_ground", "oracle", "random", "blind"])
def test_simple_evaluate_gives_the_figures_of_rarft_eval(outside: Path, model: str) -> None:
    ours = evaluate(model, "outside", include_path=[outside], n_resamples=100)
    check_same_figures(ours["results"]["outside"], run_simple_evaluate(model, outside))


def test_a_bad_video_leaves_the_figures_the_same(outside: Path, tmp_path: Path) -> None:
    (tmp_path / "videos" / "v0.mp4").write_bytes(b"")
    ours = evaluate("outside_model", "outside", include_path=[outside], n_resamples=100)
    results = ours["results"]["outside"]
    assert results["n_failed,none"] == 2
    check_same_figures(results, run_simple_evaluate("outside_model", outside))


def test_the_form_of_replayed_replies_is_the_one_asked_for(outside: Path, tmp_path: Path) -> None:
    path = tmp_path / "replies.json"
    queries = [f"a {colour} ball rolls {k}" for k in range(N_VIDEOS) for colour in ("red", "blue")]
    rows = [
        {"video": f"v{query[-1]}.mp4", "query": query, "model_output": "25.0 to 75.0"}
        for query in queries
    ]
    path.write_text(json.dumps(rows))
    arguments = {"path": str(path), "form": "percent"}
    theirs = run_simple_evaluate("replay", outside, **arguments)
    assert theirs["miou_relevant,none"] == pytest.approx(1.0)
    ours = evaluate(
        "replay", "outside", include_path=[outside], n_resamples=100, model_args=arguments
    )
    check_same_figures(ours["results"]["outside"], theirs)


def test_videos_and_the_prompt_are_read_once(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rarft.harness import lm_eval as adapter

    asked: list[str] = []

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            asked.append(function.__name__)
            return function(*arguments, **named)

        return call

    monkeypatch.setattr(adapter, "open_video", counted(adapter.open_video))
    monkeypatch.setattr(adapter, "run_prompt", counted(adapter.run_prompt))
    run_simple_evaluate("outside_model", outside)
    assert asked.count("open_video") == N_VIDEOS
    assert asked.count("run_prompt") == 1


def test_what_lm_eval_cannot_resolve_is_refused(outside: Path, tmp_path: Path) -> None:
    from rarft.harness.lm_eval import GroundingLM

    with pytest.raises(UserError, match=r"train_task=outside .* use rarft-eval"):
        GroundingLM("blind", train_task="outside")
    with pytest.raises(UserError, match="train_tsk"):
        GroundingLM("blind", train_tsk="outside")
    with pytest.raises(NotFoundError, match="--include_path"):
        GroundingLM("oracle", include_path=str(tmp_path / "none"))


def run_command_line(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rarft.harness.lm_eval", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
    )


def test_lm_evals_own_command_line_runs_our_model(outside: Path, tmp_path: Path) -> None:
    done = run_command_line(
        *("run", "--model", "always_refuse", "--tasks", "outside", "--limit", "4"),
        *("--include_path", str(outside), "--output_path", str(tmp_path / "out")),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "out").rglob("results_*.json")
    results = json.loads(path.read_text())["results"]["outside"]
    assert results["ra_miou,none"] == 0.5
    assert results["f1_irrelevant,none"] == pytest.approx(2 / 3)


def test_the_command_line_runs_a_users_card(outside: Path, tmp_path: Path) -> None:
    card = "name: mine\nfamily: base\nbackend: replay\nlicence: MIT\nsource: the test\n"
    (outside / "mine.yaml").write_text(card)
    (tmp_path / "replies.json").write_text("[]")
    done = run_command_line(
        *("--model", "mine", "--model_args", f"path={tmp_path / 'replies.json'}"),
        *("--tasks", "outside", f"--include_path={outside}", "--limit", "2"),
        *("--output_path", str(tmp_path / "out")),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").rglob("results_*.json"))) == 1


def test_the_command_line_knows_packaged_tasks_beside_a_users(
    outside: Path, tmp_path: Path
) -> None:
    done = run_command_line(
        *("validate", "--tasks", "outside,synth_hi", f"--include_path={outside}"), folder=tmp_path
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("given", ["--include_path=none", "--config=lm_eval.yaml"])
def test_a_wrong_folder_on_the_command_line_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: str,
) -> None:
    from rarft.harness.lm_eval import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", sys.argv)
    (tmp_path / "lm_eval.yaml").write_text("include_path: none\n")
    with pytest.raises(SystemExit) as caught:
        main(["run", "--model", "oracle", "--tasks", "synth_hi", given])
    assert caught.value.code == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "--include_path none" in shown
