"""One version, one set of pins, one set of commands, and nothing private in the files."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import rarft

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = re.compile(
    "|".join(
        [
            r"(?<![\w.])/work/", r"/tmp/dev", r"(?<![\w./])/root/", r"/home/(?!user\b|you\b)\w",
            r"/opt/(?:wheels|pypi)", r"\bpypi\.org", r"pythonhosted\.org", r"registry\.npmjs",
            r"deb\.debian\.org", r"\b(?:ghp|github_pat|hf|sk)_[A-Za-z0-9]{20,}",
        ]
    )
)  # fmt: skip


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads(text_of("pyproject.toml"))["project"]
    return table


def pins() -> dict[str, str]:
    lines = [line for line in text_of("constraints.txt").splitlines() if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in (x.split("==") for x in lines)}


def requirements() -> list[Requirement]:
    extras = project()["optional-dependencies"].values()
    lines = [*project()["dependencies"], *(line for extra in extras for line in extra)]
    return [Requirement(line) for line in lines]


def tracked_files() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs the git repository")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", text_of("Makefile"), flags=re.MULTILINE))


def documents() -> list[str]:
    return [name for name in ("README.md", "CONTRIBUTING.md") if (ROOT / name).exists()]


def test_there_is_one_version() -> None:
    cited = yaml.safe_load(text_of("CITATION.cff"))["version"]
    assert project()["version"] == rarft.__version__ == cited


def test_the_changelog_has_an_entry_for_the_version_or_for_what_comes() -> None:
    changelog = text_of("CHANGELOG.md")
    assert "## Unreleased" in changelog or f"## {rarft.__version__}" in changelog


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.name)
def test_a_dependency_allows_its_pin(requirement: Requirement) -> None:
    pinned = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(Version(pinned))


def test_pins_are_exact_public_and_sorted() -> None:
    names = list(pins())
    assert all(re.fullmatch(r"[\w.]+", version) for version in pins().values())
    assert names == sorted(names)


def test_a_document_names_only_targets_that_exist() -> None:
    named = {
        (name, target)
        for name in documents()
        for target in re.findall(r"`?\bmake ([a-z-]+)(?=[`\s])", code_of(name))
    }
    assert {pair for pair in named if pair[1] not in make_targets()} == set()


def code_of(name: str) -> str:
    """Return a document's code blocks and code spans, where commands are."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text_of(name), flags=re.DOTALL))


def test_continuous_integration_runs_the_documented_targets() -> None:
    workflow = yaml.safe_load(text_of(".github/workflows/ci.yml"))
    (job,) = workflow["jobs"].values()
    assert {"check", "test", "wheel"} == set(job["strategy"]["matrix"]["target"])
    assert job["steps"][-1]["run"] == "make ${{ matrix.target }}"
    assert text_of(".ci/run").splitlines()[-1] == "make check test"
    assert {"check", "test", "wheel"} <= make_targets()


def test_actions_are_pinned_by_commit() -> None:
    used = re.findall(r"uses: (\S+)", text_of(".github/workflows/ci.yml"))
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in used)


def test_no_file_names_a_private_path_a_registry_host_or_a_token() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked_files()
        if path != Path(__file__).resolve()
        for match in PRIVATE.finditer(path.read_bytes().decode("utf-8", errors="ignore"))
    }
    assert found == set()
