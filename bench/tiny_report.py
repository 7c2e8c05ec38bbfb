"""What came of the tiny proof: its figures, its comparisons, and the four criteria of its plan.

Run `python bench/tiny_report.py runs/tiny` after `bench/tiny_proof.py`. Every evaluation that is
there is read; what is missing is said to be missing. Results: bench/results/tiny_proof.json, and
the tables in docs/tiny_proof.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tiny_figures import (
    Compared,
    Resampling,
    Seeds,
    arm_figures,
    compared_arms,
    criteria,
)
from tiny_runs import BASE, TASK, run_name, run_of
from tiny_tables import results_text, write_between_marks
from tiny_thoughts import read_thoughts

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.report.compare_runs import ComparedRuns, read_compared_runs

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "bench" / "results" / "tiny_proof.json"
PAGE: Final = ROOT / "docs" / "tiny_proof.md"


def read_runs(folder: Path) -> tuple[dict[str, Seeds], ComparedRuns]:
    """Read every evaluation of the grid, by arm and seed.

    Raises:
        UserError: there are fewer than two, or they did not answer the same queries.
    """
    directories = sorted(path.parent for path in (folder / "eval").glob("*/results.json"))
    compared = read_compared_runs(directories)
    arms: dict[str, dict[int, Any]] = {}
    for one in compared.runs:
        named = run_of(one.name)
        if one.name != BASE and named is None:
            raise UserError(
                f"got {folder}/eval/{one.name}, expected {BASE} or <arm>-<seed>; move it away"
            )
        arm, seed = named or (BASE, 0)
        if TASK not in one.outcomes:
            raise NotFoundError(f"got {folder}/eval/{one.name} without {TASK}; evaluate it on that")
        arms.setdefault(arm, {})[seed] = one.outcomes[TASK]
    _check_queries(arms)
    return dict(arms), compared


def _check_queries(arms: dict[str, dict[int, Any]]) -> None:
    asked = {
        (arm, seed): {one.query_id for one in outcomes}
        for arm, runs in arms.items()
        for seed, outcomes in runs.items()
    }
    first = next(iter(asked))
    for name, queries in asked.items():
        if queries != asked[first]:
            raise UserError(
                f"got {len(queries)} queries of {name[0]}, seed {name[1]}, and "
                f"{len(asked[first])} of {first[0]}, expected the same; evaluate both with one "
                "--limit"
            )


def processor_hours(folder: Path) -> dict[str, float]:
    """Return the processor hours of training by arm, empty where nobody counted."""
    path = folder / "grid.json"
    if not path.is_file():
        return {}
    spent = json.loads(path.read_text(encoding="utf-8"))["processor_s"]["training"]
    return {arm: seconds / 3600 for arm, seconds in spent.items()}


def report(folder: Path, *, draw: Resampling, results: Path, page: Path) -> dict[str, Any]:
    """Compute everything, and write the results and the tables; return the results.

    Raises:
        UserError: the evaluations cannot be read or compared, or a file cannot be written.
    """
    runs, read = read_runs(folder)
    arms = {arm: arm_figures(seeds, draw) for arm, seeds in runs.items()}
    compared = compared_arms(runs, draw)
    found = criteria(compared)
    n_videos = len({one.video for one in read.runs[0].outcomes[TASK]})
    hours = processor_hours(folder)
    thoughts = read_thoughts({arm: _evaluations(folder, arm, runs[arm]) for arm in runs}, TASK)
    record = {
        "schema_version": 1,
        "task": TASK,
        "n_videos": n_videos,
        "n_queries": len(read.runs[0].outcomes[TASK]),
        **asdict(draw),
        "criteria": [asdict(one) for one in found],
        "arms": {
            arm: asdict(one) | {"unparsed_share": one.unparsed_share} for arm, one in arms.items()
        },
        "differences": [_row(one) for one in compared],
        "thoughts": {
            arm: {kind: asdict(one) for kind, one in kinds.items()}
            for arm, kinds in thoughts.items()
        },
        "processor_h": hours,
        "revisions": {one.name: one.results.model.revision for one in read.runs},
        "provenance": {
            key: read.runs[0].results.provenance.get(key)
            for key in ("rarft_version", "judges", "prompts", "generation", "frames_policy")
        },
    }
    write_atomic(results, (json.dumps(record, indent=1) + "\n").encode())
    text = results_text(
        arms,
        compared,
        found,
        thoughts=thoughts,
        processor_h=hours,
        n_videos=n_videos,
        n_resamples=draw.n_resamples,
    )
    write_between_marks(text, page)
    return record


def _evaluations(folder: Path, arm: str, seeds: Seeds) -> list[Path]:
    names = [BASE] if arm == BASE else [run_name(arm, seed) for seed in seeds]
    return [folder / "eval" / name for name in names]


def _row(one: Compared) -> dict[str, Any]:
    row = asdict(one)
    p_holm = row.pop("p_holm")
    for key, difference in row["overall"].items():
        difference["p_holm"] = p_holm.get(key)
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report and print the criteria."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/tiny"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--n_resamples", type=int, default=10_000)
    args = parser.parse_args(arguments)
    draw = Resampling(n_resamples=args.n_resamples)
    try:
        record = report(args.folder, draw=draw, results=args.results, page=args.page)
    except UserError as error:
        print(f"tiny_report: {error}", file=sys.stderr)
        return 2
    for number, one in enumerate(record["criteria"], start=1):
        verdict = {True: "holds", False: "missed", None: "not run"}[one["passes"]]
        print(f"{number}. {one['says']}: {verdict}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
