"""The workflow for pull requests with entries: what it may do, and which entries it verifies."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOW = Path(__file__).resolve().parents[3] / "packaging" / "leaderboard_pull_request.yml"

pytestmark = pytest.mark.skipif(
    shutil.which("git") is None or shutil.which("bash") is None, reason="needs git and bash"
)


def workflow() -> dict[Any, Any]:
    return yaml.safe_load(WORKFLOW.read_text())


def steps() -> list[dict[str, Any]]:
    return workflow()["jobs"]["verify"]["steps"]


def step(name: str) -> dict[str, Any]:
    (found,) = [one for one in steps() if one.get("name", "").startswith(name)]
    return found


class Repository:
    """A clone with a base commit, to which a pull request's commit is added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "proposed"
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.git("init", "--quiet", str(self.folder), cwd=folder)
        self.write("entries/old/manifest.json", "1")
        self.write("README.md", "1")
        self.base = self.commit()

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        named = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *named, *arguments],
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "m")
        return self.git("rev-parse", "HEAD")

    def find_changed(self) -> tuple[int, str, list[str]]:
        """Run the step that finds the entries; its status, what it said, and what it found."""
        done = subprocess.run(
            ["bash", "-c", step("Find the entries")["run"]],
            cwd=self.scratch,
            env={
                "PATH": "/usr/bin:/bin:/usr/local/bin",
                "BASE": self.base,
                "HEAD": self.commit(),
                "PROPOSED": str(self.folder),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        found = self.scratch / "entries.txt"
        return (
            done.returncode,
            done.stdout + done.stderr,
            found.read_text().split() if found.exists() else [],
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_it_may_only_read_and_runs_on_the_trigger_without_secrets():
    parsed = workflow()
    assert parsed["permissions"] == {"contents": "read"}
    # YAML reads the key `on` as true.
    assert list(parsed[True]) == ["pull_request"]
    assert "${{ secrets" not in WORKFLOW.read_text()
    assert steps()[0]["with"]["persist-credentials"] is False
    assert "permissions" not in parsed["jobs"]["verify"]


def test_its_actions_are_pinned_by_commit():
    used = [one["uses"] for one in steps() if "uses" in one]
    assert len(used) == 2
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action) for action in used)


def test_no_text_of_a_pull_request_becomes_part_of_a_script():
    scripts = [one["run"] for one in steps() if "run" in one]
    assert scripts
    assert not any("${{" in script for script in scripts)


def test_nothing_of_the_pull_request_is_installed():
    script = step("Install")["run"]
    assert "PROPOSED" not in script
    assert all(one["working-directory"] == "${{ runner.temp }}" for one in steps() if "run" in one)
    assert re.fullmatch(r"rarft @ git\+https://\S+@\w+", workflow()["env"]["RARFT"])


def test_entries_that_are_new_or_changed_are_found_and_no_others(repository):
    repository.write("entries/mine-7b/samples/a.parquet", "x")
    repository.write("entries/old/manifest.json", "2")
    repository.write("entries/third.v2/manifest.json", "1")
    status, _, found = repository.find_changed()
    assert (status, found) == (0, ["mine-7b", "old", "third.v2"])


def test_an_entry_that_did_not_change_is_not_verified(repository):
    repository.write("entries/mine/manifest.json", "1")
    assert repository.find_changed()[2] == ["mine"]


def test_a_removed_entry_is_left_to_people(repository):
    shutil.rmtree(repository.folder / "entries" / "old")
    status, said, found = repository.find_changed()
    assert (status, found) == (0, [])
    assert "entries/old is removed" in said


@pytest.mark.parametrize(
    "name",
    [
        ".github/workflows/other.yml", "setup.py", "README.md", "entries/loose.json",
        "entries/UPPER/a.json", "entries/a b/a.json", "entries/$(touch run)/a.json",
        "entries/..a/a.json", "entries/-rf/a.json", "entries/a\nb/a.json",
    ],
)  # fmt: skip
def test_a_pull_request_that_changes_anything_else_fails(repository, name):
    repository.write("entries/mine/manifest.json", "1")
    repository.write(name, "other")
    status, said, found = repository.find_changed()
    assert (status, found) == (1, [])
    assert "expected changes of entries/NAME/ alone" in said
    assert not (repository.scratch / "run").exists()


def test_a_link_instead_of_an_entry_fails(repository):
    (repository.folder / "entries" / "mine").symlink_to("/etc")
    assert repository.find_changed()[0] == 1


def test_a_link_and_a_program_within_an_entry_fail(repository):
    path = repository.write("entries/mine/results.json", "{}")
    path.chmod(0o755)
    status, said, _ = repository.find_changed()
    assert status == 1
    assert "a link, a program or a submodule in entries/mine" in said
    path.unlink()
    path.symlink_to("/etc/passwd")
    assert repository.find_changed()[0] == 1


def test_a_refused_entry_fails_and_the_others_are_still_verified(tmp_path):
    command = tmp_path / "bin" / "rarft-leaderboard"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\necho "$@"\n[ "${2##*/}" != bad ]\n')
    command.chmod(0o755)
    (tmp_path / "entries.txt").write_text("bad\ngood\n")
    python = shutil.which("python3")
    assert python is not None
    (tmp_path / "bin" / "python").symlink_to(python)
    done = subprocess.run(
        ["bash", "-c", step("Verify")["run"]],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "PROPOSED": "/proposed"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[1:3] == ["verify /proposed/entries/bad", "verify /proposed/entries/good"]
    word = lines[0].removeprefix("::stop-commands::")
    assert len(word) == 32
    assert lines[3] == f"::{word}::"
