"""The command as a whole: it answers at once, and a mistake is one line."""

import subprocess
import sys

import pytest
from typer.main import get_command

from rarft.leaderboard import cli

HEAVY = {
    "aiohttp", "av", "datasets", "decord", "huggingface_hub", "lm_eval", "pandas", "pyarrow",
    "scipy", "sklearn", "torch", "transformers",
}  # fmt: skip


def test_asking_for_help_loads_nothing_heavy():
    code = (
        "import sys; from rarft.leaderboard.cli import main; main(['--help']);"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stderr.split())
    assert all(f"  {name} " in done.stdout for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_says_what_it_does(name):
    assert get_command(cli.app).commands[name].help


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["publish"], "got nothing to publish"),
        (["serve", "missing"], "got missing without index.html"),
        (["verify", "missing"], "missing"),
        (["submit", "missing", "--output", "entry"], "missing"),
        (["build", "--no_such_flag"], "--no_such_flag"),
        (["nonsense"], "No such command 'nonsense'; see `rarft-leaderboard --help`"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("rarft-leaderboard: ")
    assert said in lines[0]
