"""What every command that scores a run ends with: its tables, and its page."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console


def show_results(directory: Path) -> None:
    """Print the results of a run on stdout and write its report page."""
    from rarft.harness.report import read_run, results_table, write_page

    run = read_run(directory)
    write_page([run], directory / "report.html")
    console = Console()
    console.print(results_table(run.results, width=console.width))
    Console(stderr=True).print(
        f"results and report.html are in {directory}", style="dim", markup=False
    )
