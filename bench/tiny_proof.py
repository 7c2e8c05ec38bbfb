"""Train and evaluate the grid of docs/tiny_proof.md: five arms, three seeds, one base.

Run `python bench/tiny_proof.py --output runs/tiny`. The base is the packaged one, or with
`--base FOLDER` what `python -m rarft.trainer.tiny.base` exported. A run is `<arm>-<seed>` in the
output folder, its evaluation an ordinary output directory of `rarft-eval` under `eval/`, and that
of the base `eval/base`. What is complete is left as it is, what is not goes on: the same command
continues a grid that was stopped. `grid.json` holds the processor seconds of every run, of all its
sessions; `logs/` what the commands said. Arguments after `--` go to every `rarft-train`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from tiny_jobs import Job, run_jobs
from tiny_record import EVALUATED, TRAINED, GridRecord
from tiny_runs import ARMS, BASE, SEEDS, TASK, run_name

from rarft.harness.errors import UserError
from rarft.harness.models import find_card
from rarft.harness.models.revision import resolve_revision
from rarft.harness.stages.run_lock import hold
from rarft.trainer.recipe_files import find_recipe

N_QUERIES: Final = 1000
BATCH_SIZE: Final = 16
BUDGET_H: Final = 6.0
PACKAGED: Final = Path(str(files("rarft.harness.models"))) / "tiny_base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What is run, and where it goes; `train_args` are added to the command of a training."""

    base: Path
    output: Path
    arms: tuple[str, ...] = ARMS
    seeds: tuple[int, ...] = SEEDS
    n_at_once: int = 2
    n_queries: int = N_QUERIES
    train_args: tuple[str, ...] = ()

    @property
    def runs(self) -> list[tuple[str, int]]:
        """Return arm and seed of every run, seed by seed."""
        return [(arm, seed) for seed in self.seeds for arm in self.arms]


def train_job(grid: Grid, arm: str, seed: int) -> Job:
    """Return the training of one arm with one seed, from its checkpoint where it has one."""
    name = run_name(arm, seed)
    command = (
        *(sys.executable, "-m", "rarft.trainer.cli", "--config", f"tiny_{arm}"),
        *("--seed", str(seed), "--model_name_or_path", str(grid.base)),
        *("--output_dir", str(grid.output / name), "--resume_from_checkpoint", "true"),
        *grid.train_args,
    )
    return Job(name=name, command=command, log=grid.output / "logs" / f"train-{name}.log")


def evaluation_job(grid: Grid, name: str) -> Job:
    """Return the evaluation of the base or of a trained model."""
    card = "tiny_base" if name == BASE else "tiny_rarft"
    command = (
        *(sys.executable, "-m", "rarft.harness.cli", "run", "--model", card),
        *("--model_args", f"pretrained={model_folder(grid, name)}"),
        *("--tasks", TASK, "--limit", str(grid.n_queries), "--batch_size", str(BATCH_SIZE)),
        *("--output_path", str(evaluation_folder(grid, name))),
    )
    return Job(name=name, command=command, log=grid.output / "logs" / f"eval-{name}.log")


def model_folder(grid: Grid, name: str) -> Path:
    """Return where the weights are that are evaluated."""
    return grid.base if name == BASE else grid.output / name / "model"


def evaluation_folder(grid: Grid, name: str) -> Path:
    """Return the output directory of an evaluation."""
    return grid.output / "eval" / name


def is_trained(folder: Path) -> bool:
    """Say whether a run has come to its end: train.json is written after the model."""
    has_weights = any((folder / "model").glob("*.safetensors"))
    return has_weights and (folder / "eval" / "train.json").is_file()


def is_evaluated(grid: Grid, name: str) -> bool:
    """Say whether there are results of just these weights on as many queries."""
    try:
        path = evaluation_folder(grid, name) / "results.json"
        results = json.loads(path.read_text(encoding="utf-8"))
        told = (results["model"]["revision"], results["config"]["limit"])
    except (FileNotFoundError, json.JSONDecodeError, KeyError):
        return False
    return told == (revision_of(model_folder(grid, name)), grid.n_queries)


def revision_of(folder: Path) -> str | None:
    """Return the digest of a model's files."""
    return resolve_revision(find_card("tiny")[0], model_args={"pretrained": str(folder)})


def asked_of(grid: Grid, arm: str, seed: int) -> dict[str, Any]:
    """Return what decides the trajectory of a run, to be compared with that of an earlier one."""
    recipe = find_recipe(f"tiny_{arm}").read_bytes()
    return {
        "arm": arm,
        "seed": seed,
        "base": revision_of(grid.base),
        "recipe_sha256": hashlib.sha256(recipe).hexdigest(),
        "train_args": list(grid.train_args),
    }


def run_grid(grid: Grid) -> list[str]:
    """Train what is not trained, evaluate what is not evaluated; return the names that failed.

    Raises:
        UserError: the base cannot be used, the output folder is in use, or holds runs from another
            base, recipe or arguments.
    """
    if not (grid.base / "config.json").is_file():
        raise UserError(
            f"got --base {grid.base}, a folder without config.json, expected an exported base; "
            "make it with python -m rarft.trainer.tiny.base"
        )
    with hold(grid.output):
        record = GridRecord(grid.output / "grid.json")
        for arm, seed in grid.runs:
            name = run_name(arm, seed)
            has_begun = (grid.output / name).is_dir()
            record.expect(name, asked_of(grid, arm, seed), has_begun=has_begun)
        training = [
            train_job(grid, arm, seed)
            for arm, seed in grid.runs
            if not is_trained(grid.output / run_name(arm, seed))
        ]
        failed = run_jobs(training, n_at_once=grid.n_at_once, on_usage=record.teller(TRAINED))
        names = [BASE, *(run_name(arm, seed) for arm, seed in grid.runs)]
        evaluations = [
            evaluation_job(grid, name)
            for name in names
            if (name == BASE or is_trained(grid.output / name)) and not is_evaluated(grid, name)
        ]
        failed += run_jobs(evaluations, n_at_once=grid.n_at_once, on_usage=record.teller(EVALUATED))
    return [f"{job.name} ({job.log})" for job in failed]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the grid and say what it took."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    grid = _grid(arguments)
    try:
        failed = run_grid(grid)
    except UserError as error:
        print(f"tiny_proof: {error}", file=sys.stderr)
        return 2
    record = GridRecord(grid.output / "grid.json")
    hours = {arm: seconds / 3600 for arm, seconds in record.processor_s(TRAINED).items()}
    for arm, spent_h in hours.items():
        print(f"{arm:<12} {spent_h:6.2f} processor hours of training")
    print(f"{'together':<12} {sum(hours.values()):6.2f} of {BUDGET_H:g}")
    for one in failed:
        print(f"failed: {one}", file=sys.stderr)
    return 1 if failed else 0


def _grid(arguments: Sequence[str] | None) -> Grid:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=Path, default=PACKAGED, help="folder of an exported base")
    parser.add_argument("--output", type=Path, default=Path("runs/tiny"))
    parser.add_argument("--arms", nargs="*", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time, one core each")
    parser.add_argument("--limit", type=int, default=N_QUERIES, help="queries of an evaluation")
    parser.add_argument("train_args", nargs="*", help="after --: for rarft-train")
    args = parser.parse_args(arguments)
    return Grid(
        base=args.base.resolve(),
        output=args.output.resolve(),
        arms=tuple(args.arms),
        seeds=tuple(args.seeds),
        n_at_once=max(1, args.jobs),
        n_queries=args.limit,
        train_args=tuple(args.train_args),
    )


if __name__ == "__main__":
    sys.exit(main())
