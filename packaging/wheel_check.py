"""Build the sdist and the wheel, and use the wheel as a user would, in a clean environment.

A build that loses a package or a data file succeeds all the same, so what counts is what the wheel
holds, and whether every module of it imports where the repository is not at hand. An argument names
the index that torch comes from.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("dataset_builder", "harness", "leaderboard", "tasks", "trainer")
PIP = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--quiet")


def build_wheel(directory: Path) -> Path:
    """Build the sdist, and from it the wheel; return the wheel's path."""
    run([sys.executable, "-m", "build", "--outdir", directory, ROOT], quiet=True)
    (wheel,) = directory.glob("*.whl")
    return wheel


def check_contents(wheel: Path) -> None:
    """Compare the wheel with the repository's files, one by one.

    Raises:
        SystemExit: a file is missing, or one is there that does not belong.
    """
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}
    expected = repository_files() | {"rarft/__init__.py", "rarft/py.typed"}
    packaged = {name for name in held if ".dist-info/" not in name}
    problems = [f"missing: {name}" for name in sorted(expected - packaged)]
    problems += [f"not expected: {name}" for name in sorted(packaged - expected)]
    if problems:
        sys.exit("\n".join(["the wheel and the repository differ", *problems]))
    print(f"wheel: {wheel.name} holds {len(held)} files")


def repository_files() -> set[str]:
    """Return the packages' files, tracked or new but not ignored, by their name in the wheel."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {f"rarft/{name}" for name in listed.splitlines() if (ROOT / name).exists()}


def install_wheel(wheel: Path, environment: Path, *, torch_index: str) -> Path:
    """Make an environment with the wheel and what it needs; return its folder of commands."""
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    index = ["--index-url", torch_index] if torch_index else []
    run([python, *PIP, "--no-deps", *index, *pinned_torch()])
    run([python, *PIP, "--constraint", ROOT / "constraints.txt", wheel])
    run([python, ROOT / "packaging" / "torchvision_repair.py"])
    return python.parent


def pinned_torch() -> list[str]:
    """Return the pins of torch and torchvision."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(("torch==", "torchvision=="))]


def build_data(rarft_data: Path, scratch: Path) -> None:
    """Take one annotation through the builder's steps that read packaged files and ask no model."""
    annotation = scratch / "charades_sta_test.txt"
    annotation.write_text("A 1.0 4.0##a person opens a door.\nB 2.0 6.0##a person eats.\n")
    labelled = ROOT / "tests" / "golden" / "verify_200.jsonl"
    source = ["--source", "charades_sta", "--path", annotation, "--split", "test"]
    shuffled = ["--setting", "out_of_domain", "--output_path", "ss"]
    for arguments in (
        ["sources"],
        ["normalise", *source, "--output_path", "rows"],
        ["shuffle", "rows/rows.jsonl", *shuffled],
        ["verify", "--labelled", labelled],
        ["card", "ss/accepted.jsonl", "--output_path", "set"],
        ["stats", "ss/accepted.jsonl", "--output_path", "set.html"],
    ):
        run([rarft_data, *arguments], cwd=scratch, quiet=True)


def build_board(rarft_leaderboard: Path, scratch: Path) -> None:
    """Write a site of the paper's rows, which takes every packaged page, and publish it."""
    run([rarft_leaderboard, "build", "--output", "board"], cwd=scratch, quiet=True)
    published = ["publish", "--site", "board", "--pages", "pages"]
    run([rarft_leaderboard, *published], cwd=scratch, quiet=True)


def run(command: list[str | Path], *, cwd: Path | None = None, quiet: bool = False) -> None:
    """Run a command, and stop with its output where it fails."""
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(
        command, cwd=cwd, stdout=output, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout or ''}exit code {done.returncode}: {' '.join(map(str, command))}")


def main(torch_index: str) -> None:
    """Build, check, install and use the wheel; leave it in dist/."""
    with tempfile.TemporaryDirectory(prefix="rarft-wheel-") as name:
        scratch = Path(name)
        wheel = build_wheel(scratch / "dist")
        check_contents(wheel)
        commands = install_wheel(wheel, scratch / "venv", torch_index=torch_index)
        run([commands / "python", "-I", ROOT / "packaging" / "import_check.py"], cwd=scratch)
        for listing in ("tasks", "models"):
            run([commands / "rarft-eval", listing], cwd=scratch, quiet=True)
        build_data(commands / "rarft-data", scratch)
        build_board(commands / "rarft-leaderboard", scratch)
        shutil.copytree(scratch / "dist", ROOT / "dist", dirs_exist_ok=True)
    print("wheel: ok, in dist/")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
