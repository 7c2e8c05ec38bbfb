import json

import pytest
import typer
from typer.testing import CliRunner

from rarft.harness.commands.audit import audit_command
from rarft.harness.errors import NotFoundError, UserError

TASK = """
task: kitchen
class: !function rarft.tasks.grounding_task.GroundingTask
metadata: {version: 1.0, annotation: kitchen.json, licence: MIT, videos: none}
"""


def record(index):
    relevant = {"q": f"the cook cuts {index} onions", "a": "", "r": True}
    refusal = f"Nothing is peeled. peels {relevant['q']}"
    irrelevant = {"q": f"the cook peels {index} onions", "a": refusal, "r": False}
    irrelevant |= {"c": ["Action/FineGrainedAction"], "difficulty": "hard"}
    return {
        "video": f"v{index}.mp4",
        "timestamp": [1.0, 5.0],
        "duration": 4.0,
        "GRPO": [relevant, irrelevant],
    }


@pytest.fixture
def kitchen(tmp_path):
    folder = tmp_path / "kitchen"
    folder.mkdir()
    (folder / "kitchen.yaml").write_text(TASK)
    (folder / "kitchen.json").write_text(json.dumps([record(index) for index in range(12)]))
    return folder


def invoke(*arguments):
    app = typer.Typer(rich_markup_mode=None)
    app.command()(audit_command)
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_a_task_is_audited_from_the_command_line(kitchen, tmp_path):
    out = tmp_path / "out"
    result = invoke("--tasks", "kitchen", "--include_path", kitchen, "--output_path", out)
    assert result.exit_code == 0, result.exception
    assert sorted(path.name for path in out.iterdir()) == [
        "audit.html", "audit.json", "guessability_kitchen.jsonl"
    ]  # fmt: skip
    task = json.loads((out / "audit.json").read_text())["tasks"]["kitchen"]
    assert task["blind_auc"] == 1.0
    assert len(task["refusals"]["ends_in_edits_and_query"]) == 12
    assert len(task["spans"]["past_end"]) == 12
    assert "kitchen: The words alone tell" in result.stdout
    assert "12 of 12 reference refusals end in the edited words" in result.stdout


def test_the_limit_is_that_of_a_run(kitchen, tmp_path):
    options = ("--tasks", "kitchen", "--include_path", kitchen, "--output_path", tmp_path / "out")
    assert invoke(*options, "--limit", "0.5").exit_code == 0
    task = json.loads((tmp_path / "out" / "audit.json").read_text())["tasks"]["kitchen"]
    assert task["n_queries"] == 12


def test_the_procedural_task_is_audited_without_a_video(isolated_cache, tmp_path):
    metadata = '{"n_queries": 64}'
    result = invoke("--tasks", "synth_hi", "--metadata", metadata, "--output_path", tmp_path / "o")
    assert result.exit_code == 0, result.exception
    assert not list(isolated_cache.rglob("*.mp4"))


def test_run_directories_may_follow_one_flag(kitchen, tmp_path):
    result = invoke(
        "--tasks", "kitchen", "--include_path", kitchen, "--runs", tmp_path / "a", tmp_path / "b"
    )  # fmt: skip
    assert isinstance(result.exception, NotFoundError)
    assert f"{tmp_path / 'a'}: got no results.json" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "got no --tasks"),
        (["--tasks", "no_such_task"], "unknown task 'no_such_task'"),
        (["--tasks", "kitchen", "--limit", "0"], "got --limit 0"),
        (["--tasks", "kitchen", "--metadata", "render"], "got --metadata"),
        (["--tasks", "kitchen", "--n_resamples", "0"], "got --n_resamples 0"),
        (["--tasks", "kitchen", "--seed", "-1"], "got --seed -1"),
    ],
)
def test_a_users_mistake_is_one_line(arguments, expected):
    result = invoke(*arguments)
    assert isinstance(result.exception, UserError)
    assert expected in str(result.exception)
    assert "\n" not in str(result.exception)


def test_a_file_in_the_way_is_one_line(kitchen, tmp_path):
    (tmp_path / "out").write_text("")
    result = invoke(
        "--tasks", "kitchen", "--include_path", kitchen, "--output_path", tmp_path / "out"
    )  # fmt: skip
    assert isinstance(result.exception, UserError)
