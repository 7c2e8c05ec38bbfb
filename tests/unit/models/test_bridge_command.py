"""What starts a runner: its script or a command, its arguments, its folder, its environment."""

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models import load_model
from rarft.harness.models.bridge import BridgeModel
from rarft.harness.models.card import Card

RUNNER = Path(__file__).resolve().parents[2] / "servers" / "faulty_runner.py"


def card(**fields: Any) -> Card:
    common = {"name": "m", "family": "base", "backend": "bridge", "licence": "MIT", "source": "t"}
    return Card.model_validate({**common, **fields})


def open_card(model_args: dict[str, Any], tmp_path: Path, **fields: Any) -> BridgeModel:
    model = load_model(
        card(**fields),
        model_args=model_args,
        generation={},
        batch_size=1,
        seed=0,
        cache=tmp_path / "cache",
    )
    assert isinstance(model, BridgeModel)
    return model


@pytest.mark.parametrize(
    ("model_args", "reason"),
    [
        ({}, "got no command for model 'm'"),
        ({"command": ""}, "expected a program"),
        ({"command": "python 'x"}, "cannot be split into words"),
        ({"command": "run {checkpoint}"}, "give --model_args pretrained="),
        ({"command": "run {project}"}, "give --model_args project="),
        ({"command": "run", "tiemout_s": 3}, "tiemout_s, which is no {place}"),
        ({"command": "run", "timeout_s": "long"}, "a number of seconds above 0"),
        ({"command": "run", "timeout_s": 0}, "a number of seconds above 0"),
        ({"command": "run", "max_deaths": 1.5}, "a whole number above 0"),
        ({"command": "run", "env": "A=1"}, "a JSON object of variables"),
        ({"command": "run", "cwd": "/no/such/folder"}, "expected a folder that is there"),
    ],
)
def test_wrong_arguments_are_one_line(
    model_args: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        open_card(model_args, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_program_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be started .* check command, python and cwd"):
        _ = open_card({"command": "/no/such/program --now"}, tmp_path).engine
    with pytest.raises(UserError, match="cannot be started"):
        _ = open_card({"command": str(tmp_path)}, tmp_path).engine


def test_a_command_is_words_and_never_goes_through_a_shell(tmp_path: Path) -> None:
    folder = tmp_path / "a folder; touch x"
    model = open_card({"command": "{python} -V $HOME {project}", "project": str(folder)}, tmp_path)
    assert model._settings.arguments == (sys.executable, "-V", "$HOME", str(folder))


def test_a_cards_runner_gets_its_checkpoint_and_the_users_options(tmp_path: Path) -> None:
    (tmp_path / "some.py").touch()
    model_args = {
        "python": "/envs/a b/python",
        "pretrained": "/w/x.pth",
        "runners": str(tmp_path),
        "n_frames": 96,
        "stand_in": True,
        "quiet": False,
        "timeout_s": 5,
        "env.A": 1,
    }
    settings = open_card(model_args, tmp_path, runner="runners/some.py")._settings
    assert settings.arguments == (
        *("/envs/a b/python", str((tmp_path / "some.py").resolve())),
        *("--checkpoint", "/w/x.pth", "--n_frames", "96", "--stand_in"),
    )
    assert settings.environment == {"A": "1"}
    with pytest.raises(NotFoundError, match="give --model_args runners=FOLDER"):
        open_card({"runners": str(tmp_path)}, tmp_path, runner="runners/other.py")


def test_an_edited_runner_is_another_engine(tmp_path: Path) -> None:
    script = tmp_path / "runner.py"
    script.write_text(RUNNER.read_text())
    engines = []
    for ending in ("", "# edited\n"):
        script.write_text(RUNNER.read_text() + ending)
        model = open_card({"command": f"{{python}} {shlex.quote(str(script))} none"}, tmp_path)
        engines.append(model.engine["runner_sha256"])
        model.close()
    assert engines[0] != engines[1]


def test_the_environment_and_folder_reach_the_runner(tmp_path: Path) -> None:
    script = tmp_path / "say.py"
    script.write_text(
        "import json, os\n"
        "engine = {'a': os.environ['A'], 'cwd': os.getcwd()}\n"
        "print(json.dumps({'type': 'hello', 'protocol': 1, 'name': 'n', 'licence': '',\n"
        "                  'engine': engine}), flush=True)\n"
        "input()\n"
    )
    model_args = {"command": f"{{python}} {shlex.quote(str(script))}", "env": {"A": "b"}}
    model = open_card({**model_args, "cwd": str(tmp_path)}, tmp_path)
    assert (model.engine["a"], model.engine["cwd"]) == ("b", str(tmp_path))
    model.close()
