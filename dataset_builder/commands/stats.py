"""`rarft-data stats`: what a build holds, as tables and as a page of plots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def stats_command(
    build: Annotated[Path, typer.Argument(help="A build's folder, or a file of rows.")],
    output_path: Annotated[
        Path | None, typer.Option("--output_path", help="Where to write a page with plots.")
    ] = None,
) -> None:
    """Say what a build holds, and draw it."""
    from rich.console import Console

    from rarft.dataset_builder.stats import read_stats, stats_tables
    from rarft.dataset_builder.stats_page import write_stats_page
    from rarft.harness.report.text_table import text_table

    stats = read_stats(build)
    console = Console()
    for table in stats_tables(stats):
        console.print(text_table(table.headings, table.rows, title=table.title))
    if output_path is not None:
        write_stats_page(stats, output_path)
        print(output_path)
