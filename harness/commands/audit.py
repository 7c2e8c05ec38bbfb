"""`rarft-eval audit`: how much of a benchmark can be answered without watching."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rarft.harness.audit.guesses import N_RESAMPLES
from rarft.harness.commands.run_options import IncludePath, Limit, Metadata, Seed, TaskNames
from rarft.harness.errors import UserError
from rarft.harness.flags import parse_limit, parse_object
from rarft.harness.run_config import RunConfig


def audit_command(
    tasks: TaskNames = None,
    runs: Annotated[
        list[Path] | None,
        typer.Option("--runs", help="A run's output directory; further ones may follow it."),
    ] = None,
    more_runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN]...", help="Further output directories of runs."),
    ] = None,
    output_path: Annotated[
        Path, typer.Option("--output_path", help="Where to write the audit.")
    ] = Path("audit"),
    limit: Limit = None,
    seed: Seed = 0,
    metadata: Metadata = "{}",
    include_path: IncludePath = None,
    n_resamples: Annotated[
        int, typer.Option("--n_resamples", help="Resamples of the videos, for the intervals.")
    ] = N_RESAMPLES,
) -> None:
    """Say how much of each task can be guessed from its words, and what else gives it away."""
    if not tasks:
        raise UserError("got no --tasks, expected names or patterns; see `rarft-eval tasks`")
    config = RunConfig(
        model="blind",
        tasks=tuple(tasks.split(",")),
        # An audit watches nothing; loaders that make their videos are told not to.
        metadata={"render": False, **parse_object(metadata, flag="--metadata")},
        include_path=tuple(include_path or ()),
        limit=parse_limit(limit),
        seed=seed,
        n_resamples=n_resamples,
    )
    _audit(config, (*(runs or ()), *(more_runs or ())), output_path)


def _audit(config: RunConfig, runs: tuple[Path, ...], directory: Path) -> None:
    from rarft.harness.audit.audit_files import audit_record, write_audit
    from rarft.harness.audit.benchmark import AuditedTask, audit_benchmark
    from rarft.harness.audit.page import write_audit_page
    from rarft.harness.audit.stored_runs import read_stored_runs
    from rarft.harness.audit.terminal_table import audit_table, finding_lines, runs_table
    from rarft.harness.stages.loaded_task import load_tasks

    stored = read_stored_runs(runs)
    tasks = [
        AuditedTask(
            name=task.name, queries=task.asked, digest=task.digest, load_report=task.load_report
        )
        for task in load_tasks(config)
    ]
    audits = audit_benchmark(
        tasks, runs=stored, seed=config.seed, n_resamples=config.n_resamples, show_progress=True
    )
    record = audit_record(
        audits, seed=config.seed, n_resamples=config.n_resamples, limit=config.limit
    )
    write_audit(audits, record, directory)
    write_audit_page(audits, record, directory / "audit.html")
    console = Console()
    console.print(audit_table(record))
    if table := runs_table(record):
        console.print(table)
    for line in finding_lines(record):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    Console(stderr=True).print(
        f"audit.json, guessability and audit.html are in {directory}", style="dim", markup=False
    )
