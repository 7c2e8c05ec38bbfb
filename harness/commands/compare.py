"""`rarft-eval compare`: what two or more runs on the same queries differ in, and how surely."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rarft.harness.errors import UserError
from rarft.harness.run_config import N_RESAMPLES


def compare_command(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN...", help="Output directories of runs.")
    ],
    output_path: Annotated[
        Path, typer.Option("--output_path", help="Where to write every number.")
    ] = Path("compare.json"),
    metrics: Annotated[
        str,
        typer.Option("--metrics", help="Keys or patterns of figures, comma separated [no slices]."),
    ] = "",
    n_resamples: Annotated[int, typer.Option("--n_resamples")] = N_RESAMPLES,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the tables as Markdown instead.")
    ] = False,
) -> None:
    """Compare runs on the same queries: paired differences, McNemar's test, ranks with ties."""
    from rarft.harness.report.compare_file import write_comparison
    from rarft.harness.report.compare_runs import read_compared_runs
    from rarft.harness.report.compare_tables import comparison_blocks, comparison_markdown
    from rarft.harness.report.compare_tasks import compare

    if n_resamples < 1:
        raise UserError(f"got --n_resamples {n_resamples}, expected a number above 0")
    if seed < 0:
        raise UserError(f"got --seed {seed}, expected a number from 0")
    comparison = compare(
        read_compared_runs(runs), metrics=metrics, n_resamples=n_resamples, seed=seed
    )
    write_comparison(comparison, output_path)
    if markdown:
        print(comparison_markdown(comparison))
    else:
        console = Console()
        for block in comparison_blocks(comparison):
            console.print(block)
    Console(stderr=True).print(
        f"every number is in {output_path}", style="dim", markup=False, soft_wrap=True
    )
