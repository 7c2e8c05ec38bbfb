"""The rules that keep the packages small, light to import and free of circles."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("dataset_builder", "harness", "leaderboard", "tasks", "trainer")
SOURCES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
HEAVY = {
    "accelerate", "av", "datasets", "decord", "lm_eval", "pandas", "peft", "scipy", "sklearn",
    "torch", "torchvision", "transformers", "trl", "vllm",
}  # fmt: skip
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "misc"}


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def function_lengths() -> dict[str, int]:
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in SOURCES
        for node in functions(path)
        if node.end_lineno is not None
    }


@pytest.mark.parametrize("module", ["rarft", "rarft.harness", "rarft.harness.cli"])
def test_importing_the_harness_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stdout.split())


def test_a_source_file_has_at_most_400_lines() -> None:
    assert {str(path.relative_to(ROOT)) for path in SOURCES if line_count(path) > 400} == set()


def test_the_median_source_file_is_below_150_lines() -> None:
    assert statistics.median(line_count(path) for path in SOURCES) < 150


def test_a_function_has_at_most_80_lines() -> None:
    assert {name for name, length in function_lengths().items() if length > 80} == set()


def test_nine_functions_in_ten_have_at_most_40_lines() -> None:
    assert statistics.quantiles(function_lengths().values(), n=10)[-1] <= 40


def test_no_file_or_folder_has_a_name_without_a_subject() -> None:
    named = {part for path in SOURCES for part in path.relative_to(ROOT).with_suffix("").parts}
    assert not VAGUE_NAMES & named


@pytest.mark.parametrize("package", PACKAGES)
def test_the_import_name_is_a_relative_link_to_the_folder(package: str) -> None:
    link = ROOT / "src" / "rarft" / package
    assert link.is_symlink()
    assert link.readlink() == Path("..", "..", package)
    assert link.resolve() == ROOT / package


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "__init__.py").is_file()
    assert (ROOT / package / "py.typed").is_file()


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("harness", "tasks"),
        ("tasks", "trainer"),
        ("trainer", "leaderboard"),
        ("dataset_builder", "trainer"),
    ],
)
def test_an_import_against_the_direction_is_reported(
    tmp_path: Path, importer: str, imported: str
) -> None:
    package = tmp_path / "rarft"
    for name in ("", *PACKAGES):
        (package / name).mkdir()
        (package / name / "__init__.py").touch()
    (package / importer / "wrong.py").write_text(f"import rarft.{imported}\n", encoding="utf-8")
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint_imports, "--no-cache", "--no-logo", "--config", ROOT / "pyproject.toml"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert f"rarft.{importer}.wrong -> rarft.{imported}" in done.stdout
